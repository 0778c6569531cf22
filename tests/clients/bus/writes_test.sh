#!/bin/sh
# writes_test.sh TRANSCRIPT [run's flags]: good and bad values written to every writable attribute answer as on the
# kernel's own device, and read back as there (expected/writes-*.txt: Linux 6.1 in the guest; tests/clients/programs/poke.c).
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
poke=${DAXEMU_TESTS:?}/poke
[ -x "$poke" ] || fail "$poke is not built"
transcript=$here/expected/$1
shift

status_of "$daxemu" run --size 2G "$@" -- "$poke" "$transcript"
same "stderr" "$err" ""
same "exit status" "$status" 0
diff "$transcript" out || fail "attributes do not answer as the kernel's (<: kernel, >: here)"
nothing_runs
