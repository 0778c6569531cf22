#!/bin/sh
# umem_in_guest.sh GUEST PROGRAM ALIGN EXTENT-SIZE: the example on the kernel's own device. Exit status 77: no guest here.
set -u
size=64M
[ "$3" != 1G ] || size=2G
"$1" --align "$3" --size $size --timeout 400 -- "$2" kernel "$4" /scratch
status=$?
[ $status -ne 126 ] || { echo "SKIP: no guest can be run here"; exit 77; }
exit $status
