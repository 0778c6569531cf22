#!/bin/sh
# daxctl_replay_test.sh TRANSCRIPT [run's flags]: stock daxctl goes through a device's life and says what it said on a
# real hmem region (expected/ndctl-VERSION/daxctl-*.txt: Linux 6.1 in the guest, 2 GiB): same JSON, messages and exit status of every
# step. Only addresses and the number of the target node are the machine's own.
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl bash
recorded "$1"
shift

grep '^[$-]' "$transcript" >/dev/null || fail "no steps in $transcript"
status_of "$daxemu" run --size 2G "$@" -- bash "$here/replay.sh" "$transcript"
same "stderr" "$err" ""
same "exit status" "$status" 0
diff "$transcript" out || fail "daxctl does not say what it said on the real device (<: real, >: here)"
same "steps" "$(grep -c '^\$ ' out)" "$(grep -c '^\$ ' "$transcript")"
nothing_runs
