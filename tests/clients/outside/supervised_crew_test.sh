#!/bin/sh
# supervised_crew: a call that waits (an unbind, for a page that another program holds) keeps no other program of the same supervisor
# waiting; a supervisor that is killed takes its programs with it, and each says why.
#   supervised_crew_test.sh PROGRAM      PROGRAM: outside_touches_program, dynamically linked
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
program=$1
needs busybox
status_of "$daxemu" run --size 64M --backing shmem --intercept kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
device=/sys/bus/dax/devices/dax0.0

# The holder is served by the library, the shell from outside.
# shellcheck disable=SC2016 # the inner shells expand them
status_of timeout 120 "$daxemu" run --size 64M --align 2M --type GENERIC_6_12+wait_for_folios --backing shmem --intercept auto -- sh -c '
  "$0" /dev/dax0.0 hold 1 wait go >held &
  until grep -q ready held 2>/dev/null; do sleep 0.05; done
  busybox sh -c "(echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind; echo unbound) & sleep 0.5; cat $1/size; >go; wait"
  wait' "$program" $device
same "exit status: $err" "$status" 0
same "an unbind that waits, and what another program reads meanwhile" "$out" "67108864
unbound"
same "the holder" "$(head -n 1 held)" "hold: ok"

# asides: the two processes of the supervisor aside. answers: the one that answers, whose parent is the other.
asides() {
  for process in /proc/[0-9]*; do
    if { tr "\0" " " <"$process"/cmdline | grep -q serve-calls && tr "\0" "\n" <"$process"/environ | grep -q "^DAXEMU_TEST_MARK=$scratch\$"; } 2>/dev/null; then
      echo "${process#/proc/}"
    fi
  done
}
answers() {
  both=$(asides)
  for process in $both; do
    parent=$(sed -n "s/^PPid:[[:space:]]*//p" /proc/"$process"/status)
    ! printf "%s\n" "$both" | grep -qx "$parent" || echo "$process"
  done
}
# shellcheck disable=SC2016
"$daxemu" run --size 64M --align 2M --backing shmem --intercept auto -- sh -c 'busybox sh -c "echo started; while :; do cat $0/size >/dev/null; done"; echo "status $?"; cat $0/size' $device >out 2>err &
run=$!
for attempt in $(seq 600); do
  ! grep -q started out 2>/dev/null || break
  sleep 0.05
done
victim=$(answers)
[ -n "$victim" ] || fail "no supervisor aside, look $attempt"
kill -9 "$victim"
wait "$run" || true
[ "$(grep -c 'the supervisor that answered its system calls was killed' err)" -ge 1 ] || fail "no program says why it was ended: $(cat err)"
same "its status, and what the dynamic program does then" "$(tail -n 2 out)" "status 137
67108864"
nothing_runs
