#!/bin/bash
# Signals sent to daxemu reach its command; a command that survives them goes on; one that stops, stops daxemu.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"

# until_true COMMAND ...: waits up to 10 s.
until_true() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "waited in vain for: $*"
    sleep 0.1
  done
}
state_is() {
  grep -q "^State:[[:space:]]*$2" "/proc/$1/status"
}

# The command notes what it gets and ends by itself.
cat >notes <<'EOS'
trap 'echo USR1 >>got' USR1
trap 'echo HUP >>got' HUP
trap 'echo TERM >>got; exit 5' TERM
echo $$ >ready
while :; do sleep 0.05; done
EOS
"$daxemu" run --size 64M -- sh ./notes &
keeper=$!
until_true test -s ready
for signal in USR1 HUP TERM; do
  kill -s "$signal" "$keeper"
  until_true grep -qsx "$signal" got
done
status=0
wait "$keeper" || status=$?
same "the command's own status after SIGTERM" "$status" 5
same "each signal arrived once, in order" "$(tr '\n' ' ' <got)" "USR1 HUP TERM "

# Stopping and continuing. In a process group of its own, whose parent is here: in one that nobody could continue
# (an orphaned one, as of a test started by setsid), the kernel discards SIGTSTP.
set -m
rm -f ready
"$daxemu" run --size 64M -- sh -c 'echo $$ >ready; exec sleep 60' &
keeper=$!
until_true test -s ready
child=$(cat ready)
kill -s TSTP "$keeper"
until_true state_is "$child" T
until_true state_is "$keeper" T
kill -s CONT "$keeper"
until_true state_is "$child" S
# Continued before it has noticed that the command stopped: the command goes on all the same.
kill -s STOP "$keeper"
until_true state_is "$keeper" T
kill -s STOP "$child"
until_true state_is "$child" T
kill -s CONT "$keeper"
until_true state_is "$child" S
kill -s TERM "$keeper"
status=0
wait -f "$keeper" || status=$?
same "ended by the forwarded SIGTERM" "$status" 143

set +m

# When daxemu is killed outright nothing of it stays; its orphan, if any, is not ours to kill.
rm -f ready
"$daxemu" run --size 64M -- sh -c 'echo $$ >ready; exec sleep 60' &
keeper=$!
until_true test -s ready
child=$(cat ready)
kill -s KILL "$keeper"
wait "$keeper" || :
kill "$child" 2>/dev/null || :
nothing_runs
