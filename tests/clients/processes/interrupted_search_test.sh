#!/bin/sh
# interrupted_search_test.sh PROGRAM: a signal ends the wait for a FIFO also of a program that has looked for files that are not there.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1

status_of "$program"
[ "$status" -ne 77 ] || skip "no FIFO here"
same "alone" "$out" "interrupted after 1"
runs "$daxemu" run --size 64M --backing shmem -- "$program"
same "under daxemu" "$out" "interrupted after 1"
nothing_runs
