#!/bin/sh
# strict_filter_test.sh PROGRAM: who is killed for a system call that he does not make is not killed for one of ours.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1

for how in prctl seccomp; do
  runs "$program" "$how"
  matches "alone, by $how" "$out" '^read 0, folder opened'
  runs "$daxemu" run --size 64M --backing shmem -- "$program" "$how"
  matches "under daxemu, by $how" "$out" '^read 0, folder opened'
done
nothing_runs
