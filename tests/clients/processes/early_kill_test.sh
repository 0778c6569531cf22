#!/bin/sh
# Who is told of a memory failure before touching it: the processes and threads that asked (PR_MCE_KILL), as the kernel
# does it for device-dax. The lines below are a real 6.1 kernel's answers: to MADV_HWPOISON in another process, and to
# hwpoison-inject (from outside), where it says the same but for the poisoner's own line.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=${DAXEMU_TESTS:?}/early_kill_program
[ -x "$program" ] || fail "$program is not built"
[ "$(id -u)" -eq 0 ] || skip "MADV_HWPOISON is for CAP_SYS_ADMIN"

told="plain: nothing
early: AO at 2097152 lsb 21 in main
late: nothing
untouched: nothing
inherited: AO at 2097152 lsb 21 in main
second-thread: AO at 2097152 lsb 21 in second
waiting: AO at 2097152 lsb 21 in main
ignoring: nothing
unhandled: killed by signal 7"

for engine in handler inline populate; do
  runs "$daxemu" run --size 64M --align 2M --backing shmem --engine $engine -- "$program" /dev/dax0.0 advice
  same "MADV_HWPOISON, engine $engine" "$out" "poisoner: AR at 2097152 lsb 21 in main
$told"
done

# From outside, as hardware fails: daxemu poison returns when everybody has been told.
poisoned_from_outside --size 64M --align 2M --backing shmem -- "$program" /dev/dax0.0 outside
same "daxemu poison" "$(cat told)" "ready
$told"

# Answered from outside.
status_of "$daxemu" run --size 64M --backing shmem --intercept kernel -- true
case $err in
  *'the kernel does not tell of system calls'*)
    echo "not from outside: $err"
    nothing_runs
    exit 0
    ;;
esac
for engine in auto populate; do
  runs "$daxemu" run --size 64M --align 2M --backing shmem --engine $engine --intercept kernel -- "$program" /dev/dax0.0 advice
  same "MADV_HWPOISON, answered from outside, engine $engine" "$out" "poisoner: AR at 2097152 lsb 21 in main
$told"
done
rm -f go
poisoned_from_outside --size 64M --align 2M --backing shmem --intercept kernel -- "$program" /dev/dax0.0 outside
same "daxemu poison, answered from outside" "$(cat told)" "ready
$told"
nothing_runs
