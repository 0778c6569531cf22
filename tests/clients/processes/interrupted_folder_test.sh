#!/bin/sh
# interrupted_folder_test.sh PROGRAM: a signal that ends the wait for a folder ends the call: who opens it does not wait once more.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1

status_of "$program"
[ "$status" -ne 77 ] || skip "$err"
same "alone, where nobody asks openat2" "$out" "before opened, then opened"
runs "$daxemu" run --size 64M --backing shmem -- "$program"
same "under daxemu" "$out" "before opened, then interrupted"
nothing_runs
