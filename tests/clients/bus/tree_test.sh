#!/bin/sh
# tree_test.sh LISTING [run's flags]: every file, link and directory of region, device, buses and modules is there, with
# the mode, size, link count and target it has on a real device (expected/tree-*.txt: Linux 6.1 in the guest;
# expected/linux-KERNEL: newer ones), and
# nothing else.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs find
listing=$here/expected/$1
shift

# Deliberate differences, by path (README.md lists them all).
# /sys/module/libnvdimm/holders/nfit: the guest also loads the driver of ACPI's NVDIMMs; no device here comes from it.
known='/sys/module/libnvdimm/holders/nfit'

grep -v " $known " "$listing" >real
runs "$daxemu" run --size 2G "$@" -- sh "$here/tree.sh"
same "stderr" "$err" ""
[ "$(grep -c /sys/ real)" -gt 100 ] || fail "$listing lists hardly anything"
diff real out || fail "/sys is not that of the real device (<: real, >: here)"
nothing_runs
