#!/bin/sh
# A libpmemobj pool on the device lives through SIGKILL: in the middle of a transaction, and at any moment of many.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=${DAXEMU_TESTS:?}/pmemobj_program
[ -x "$program" ] || skip "libpmemobj-dev was not installed when this was built (python-free-scripts/deps test)"

DAXEMU_HOME=$scratch/home
export DAXEMU_HOME
runs "$daxemu" create lab --region pmem --size 64M
trap '"$daxemu" destroy --force lab >/dev/null 2>&1 || :; rm -rf "$scratch"' EXIT
pool() {
  "$daxemu" run --platform lab -- "$program" "$@" /dev/dax0.0
}
holds() { # WHAT: the accounts' sum and the journal are what they must be
  matches "$1: the sum" "$out" '^sum 64000$'
  transfers=$(printf '%s\n' "$out" | sed -n 's/^transfers //p')
  same "$1: entries of the journal" "$(printf '%s\n' "$out" | sed -n 's/^journal //p')" "$transfers"
}

runs pool create
holds "a new pool"
same "transfers at first" "$transfers" 0

status_of pool crash
same "exit status of a program that kills itself" "$status" 137
runs pool check
holds "after SIGKILL within a transaction"
same "transfers: the whole one, not the half one" "$transfers" 1

# shellcheck disable=SC2034 # counts
for round in 1 2 3; do
  before=$transfers
  mkfifo ready
  # exec: the pid is that of the command, which ends with the program's status
  # shellcheck disable=SC2016 # the inner shell expands them
  "$daxemu" run --platform lab -- sh -c 'echo $$ >pid; exec "$0" work /dev/dax0.0' "$program" >ready 2>work.err &
  working=$!
  read -r word <ready
  same "first word of the worker" "$word" working
  kill -KILL "$(cat pid)"
  wait "$working" && fail "the worker was not killed"
  rm ready
  runs pool check
  holds "after SIGKILL at work"
  [ "$transfers" -gt $((before + 200)) ] || fail "only $transfers transfers after $before: those reported are lost"
done
nothing_runs
