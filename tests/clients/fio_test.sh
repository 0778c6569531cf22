#!/bin/sh
# fio writes randomly through /dev/dax0.0, reads back and verifies, on one backing and extent size.
#   fio_test.sh SIZE ALIGN BACKING
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
size=$1 align=$2 backing=$3
needs fio
[ "$backing" != hugetlb ] || needs_huge_pages 1024

runs "$daxemu" run --size "$size" --align "$align" --backing "$backing" --stats -- fio --name=t --ioengine=dev-dax \
  --filename=/dev/dax0.0 --rw=randrw --bs=4k --size=512m --verify=crc32c --do_verify=1
matches "fio reports no error" "$out" 'err= 0:'
matches "fio wrote" "$out" 'WRITE: .*io=[1-9][0-9]*M'
# randrw's own reads, and those of the verification: all 512m.
matches "fio read all of it" "$out" 'READ: .*io=512MiB '

matches "the statistics name the device" "$err" "^dax0.0 \\($size, extents of $align, backing $backing: "
touched=$(printf '%s\n' "$err" | awk '/bytes touched/ { print $1 }')
[ "$touched" -ge $((512 << 20)) ] || fail "512m were written, yet only $touched bytes count as touched: $err"
extents=$(printf '%s\n' "$err" | awk '/extents touched/ { print $1 }')
case "$align" in
  4K) unit=4096 ;;
  2M) unit=$((2 << 20)) ;;
  1G) unit=$((1 << 30)) ;;
esac
same "bytes touched are whole extents" "$touched" $((extents * unit))
nothing_runs
