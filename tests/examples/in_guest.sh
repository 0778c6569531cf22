#!/bin/sh
# in_guest.sh GUEST KERNEL PROGRAM: an example on the kernel's own device. Exit status 77: no such guest here.
set -u
"$1" --kernel "$2" --region pmem --size 64M --timeout 400 -- "$3" /dev/dax0.0
status=$?
[ $status -ne 126 ] || { echo "SKIP: no guest of $2 can be run here"; exit 77; }
exit $status
