#!/bin/sh
# in-guest.sh NAME: the case on the kernel's own device, with a /tmp of its own kind as apart.sh has it.
grep -q '^none /tmp ' /proc/mounts || mount -t tmpfs -o mode=1777 none /tmp
CASES_KERNEL=yes exec sh "$(dirname -- "$(readlink -f -- "$0")")/case.sh" "$1"
