#!/bin/sh
# uevents_test.sh TRANSCRIPT KERNEL [run's flags]: a program that listens to NETLINK_KOBJECT_UEVENT hears of the bus what the
# kernel says of its own (expected/ndctl-VERSION/uevents-*.txt: Linux 6.1 in the guest; tests/clients/programs/uevents.c): the same messages in
# the same order, from the same sender.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl ndctl
listener=${DAXEMU_TESTS:?}/uevents
[ -x "$listener" ] || fail "$listener is not built"
recorded "$1" "$2"
kernel=$2
shift 2

[ "$(grep -c "@/" "$transcript")" -gt 10 ] || fail "$transcript tells of hardly anything"
status_of "$daxemu" run --kernel "$kernel" "$@" -- "$listener" "$transcript"
same "stderr" "$err" ""
same "exit status" "$status" 0
diff "$transcript" out || fail "uevents are not the kernel's (<: kernel, >: here)"
nothing_runs
