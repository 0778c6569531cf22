#!/bin/sh
# Stock ndctl takes a namespace out of use and back, makes it anew with other extents and other struct pages, and does the
# same to the region: every answer as in the guest (expected/ndctl-VERSION/namespace.txt: Linux 6.1, 2 GiB). Where the kernel
# numbers what hangs below a region by the order in which its probes happen to end, the transcript does not ask.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs ndctl daxctl bash
[ ! -e /dev/dax0.0 ] || skip "this machine has a /dev/dax0.0 of its own"
recorded namespace.txt

status_of "$daxemu" run --size 2G --region pmem --numa-node none -- bash "$here/replay.sh" "$transcript"
same "stderr" "$err" ""
same "exit status" "$status" 0

diff "$transcript" out || fail "ndctl does not say what it said on the real device (<: real, >: here)"
same "steps" "$(grep -c '^\$ ' out)" "$(grep -c '^\$ ' "$transcript")"
nothing_runs
