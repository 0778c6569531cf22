#!/bin/sh
# pointers_to_files_test.sh: pointers to nothing in calls on ordinary files are answered below daxemu as without it.
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=tests/clients/lib.sh
. "$here/../clients/lib.sh"
program=${DAXEMU_TESTS:?is not set}/case_pointers
"$program" files >native || fail "the program itself ends with $?"
[ "$(wc -l <native)" -gt 200 ] || fail "only $(wc -l <native) rows"
status_of "$daxemu" run --mode emulate --backing shmem --size 64M --align 2M -- "$program" files
[ "$status" -eq 0 ] || fail "status $status: $err"
diff native out || fail "the kernel's (<) and ours (>) differ"
