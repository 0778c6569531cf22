#!/bin/sh
# fio writes randomly through /dev/dax0.0, reads back and verifies, on one backing and extent size.
#   fio_test.sh SIZE ALIGN BACKING
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
size=$1 align=$2 backing=$3
needs fio
[ "$backing" != hugetlb ] || needs_huge_pages 1024

# fio maps as much as it works on, and device-dax maps whole extents only (check_vma in drivers/dax/device.c).
work=512
case "$align" in
  4K) unit=4096 ;;
  2M) unit=$((2 << 20)) ;;
  1G) unit=$((1 << 30)) work=1024 ;;
esac

# job MEGABYTES
job() {
  set -- --name=t --ioengine=dev-dax --filename=/dev/dax0.0 --rw=randrw --bs=4k --size="$1m" --verify=crc32c --do_verify=1
  status_of "$daxemu" run --size "$size" --align "$align" --backing "$backing" --stats -- fio "$@"
}

job $work
same "exit status of fio ($err)" "$status" 0
matches "fio reports no error" "$out" 'err= 0:'
matches "fio wrote" "$out" 'WRITE: .*io=[1-9][0-9]*M'
# randrw's own reads, and those of the verification: every block once.
matches "fio read all of it" "$out" "READ: .*io=${work}MiB "

matches "the statistics name the device" "$err" "^dax0.0 \\($size, extents of $align, backing $backing: "
touched=$(printf '%s\n' "$err" | awk '/bytes touched/ { print $1 }')
[ "$touched" -ge $((work << 20)) ] || fail "${work}M were written, yet only $touched bytes count as touched: $err"
extents=$(printf '%s\n' "$err" | awk '/extents touched/ { print $1 }')
same "bytes touched are whole extents" "$touched" $((extents * unit))

if [ "$align" = 1G ]; then
  job 512
  [ "$status" -ne 0 ] || fail "fio mapped half an extent"
  matches "as on the real device, half an extent is EINVAL" "$out$err" 'func=mmap, error=Invalid argument'
fi
nothing_runs
