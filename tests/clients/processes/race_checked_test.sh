#!/bin/sh
# race_checked_test.sh SOURCE: a program under ThreadSanitizer hears of no race in the library.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs cc
cc -D_GNU_SOURCE -O1 -g -fsanitize=thread -o program "$1" -lpthread 2>errors || skip "the compiler has no ThreadSanitizer: $(head -n 1 errors)"
status_of ./program
[ "$status" -eq 2 ] || skip "ThreadSanitizer does not work here: $err" # there is no device outside of a run
for round in 1 2 3; do
  runs "$daxemu" run --size 4G --align 2M --backing shmem -- ./program
  same "what it says, run $round" "$out$err" "looked"
done
nothing_runs
