#!/bin/sh
# outside_test.sh: rows of corners that are of calls which are answered from outside (--intercept kernel), as the kernel answered them.
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=tests/clients/lib.sh
. "$here/../clients/lib.sh"
# row_wanted() takes beginnings, the colon ends none of them: it is for grep.
rows='flags.newfstatat: flags.statx: flags.faccessat2: flags.openat2: flags.openat2-beneath: flags.dupfd: modes.fallocate: modes.fadvise: border.map-files: namespace.process:'
# shellcheck disable=SC2046 # a list
status_of sh "$here/apart.sh" "$scratch/left" "$daxemu" run --mode emulate --backing shmem --size 512M --align 2M --region hmem --numa-node none \
  --intercept kernel -- "$DAXEMU_TESTS/case_corners" $(echo "$rows" | tr -d :)
case $status in
  77) tail -n 1 out; exit 77 ;;
esac
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
[ "$status" -ne 125 ] || fail "daxemu refuses: $err"
for row in $rows; do
  grep "^$row" "$here/answers/corners-6.12.txt"
done >expected
for row in $rows; do
  grep "^$row" out || fail "there is no row $row: $(cat out) $err"
done >got
[ -s expected ] && diff expected got
