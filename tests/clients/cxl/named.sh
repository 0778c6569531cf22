#!/bin/sh
# named.sh COMMAND...: what it prints, behind what names.awk wants to know of this machine.
sh "$(dirname "$0")/names.sh"
exec "$@"
