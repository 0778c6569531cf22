#!/bin/sh
# watched: a program in valgrind works as outside it, with the engine that is chosen by default and with handler asked for;
# and the tool finds nothing of ours to complain about.
#   valgrind_test.sh TOOL    memcheck, helgrind, drd, massif, callgrind or none
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

needs valgrind
tool=$1
program=$(dirname "$daxemu")/watched_program

set -- --size 512M --backing shmem
runs "$daxemu" run "$@" -- "$program"
expected=$out
matches "the program by itself" "$expected" '^beyond the end: SIGBUS, code 2, at \+77$'

case $tool in
  memcheck) options="--leak-check=full --errors-for-leak-kinds=definite,indirect,possible" ;;
  massif) options="--massif-out-file=massif.out" ;;
  callgrind) options="--callgrind-out-file=callgrind.out" ;;
  *) options="" ;;
esac

for engine in auto handler populate; do
  # shellcheck disable=SC2086 # the options are words
  runs timeout -s KILL 200 "$daxemu" run "$@" --engine $engine -- \
    valgrind --tool="$tool" --error-exitcode=9 --log-file=log $options "$program"
  same "in valgrind --tool=$tool with --engine $engine" "$out" "$expected"
  [ -z "$err" ] || fail "on standard error: $err"
  has_not "valgrind's log" "$(cat log)" 'unhandled|WARNING'
done

# What it counted: the functions of the program, by name.
case $tool in
  massif) matches "massif's file" "$(cat massif.out)" '^mem_heap_B=' ;;
  callgrind) matches "callgrind's file" "$(cat callgrind.out)" 'fn=\([0-9]+\) poke' ;;
esac

# Another process sees which engine it got.
[ "$tool" = none ] || exit 0
mkfifo go
"$daxemu" run "$@" -- valgrind --tool=none -q "$program" wait <go >told 2>err &
running=$!
exec 3>go
for attempt in $(seq 300); do
  grep -q ready told && break
  sleep 0.1
done
grep -q ready told || fail "not ready after $attempt looks: $(cat told err)"
runs "$daxemu" list --verbose
exec 3>&-
wait $running || fail "exit status $? of the program: $(cat err)"
matches "daxemu list --verbose" "$out" '^ +engine auto: none-amd64-linu [0-9]+ has populate$'
