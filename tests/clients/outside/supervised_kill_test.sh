#!/bin/sh
# supervised_kill: targets, the supervisor and `daxemu run` itself are killed at random (SIGKILL), while a shell and its children ask,
# map and touch: nothing hangs, nothing is left behind.
#   supervised_kill_test.sh OWN_CALLS_PROGRAM TOUCHES_PROGRAM [ROUNDS]
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
own_calls=$1 touches=$2 rounds=${3:-60}
status_of "$daxemu" run --size 64M --backing shmem --intercept kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
# Where /dev/shm, /tmp and the lists of mounts and processes come back to.
files() {
  find /dev/shm /run -maxdepth 1 -name 'daxemu-[0-9]*' | sort # others of this name are other tests'
  grep -c daxemu /proc/mounts || true
}
before=$(files)

# shellcheck disable=SC2016 # the inner shell expands them
work='while :; do "$0" /dev/dax0.0 /sys/bus/dax/devices/dax0.0/align >/dev/null & ls /sys/bus/dax/devices >/dev/null; "$0" /dev/dax0.0 /sys/bus/dax/devices/dax0.0/size >/dev/null; "$1" /dev/dax0.0 threads 0 16 unmap map fork first 0 16 read 17 >/dev/null; wait; done'

# descendants PID: itself and what it has started, the deepest last.
descendants() {
  echo "$1"
  cat /proc/"$1"/task/*/children 2>/dev/null | tr " " "\n" | while read -r child; do
    [ -z "$child" ] || descendants "$child"
  done
}

for round in $(seq "$rounds"); do
  setsid "$daxemu" run --size 64M --backing shmem --intercept kernel -- sh -c "$work" "$own_calls" "$touches" >out 2>err &
  run=$!
  sleep "0.$(printf %02d $((round * 7919 % 45 + 1)))"
  all=$(descendants "$run")
  count=$(echo "$all" | wc -l)
  case $((round % 3)) in
    0) victim=$run ;;                                        # daxemu run
    1) victim=$(echo "$all" | sed -n 2p) ;;                  # the supervisor
    2) victim=$(echo "$all" | sed -n "$((round % count + 1))p") ;; # any
  esac
  kill -9 "${victim:-$run}" 2>/dev/null || true
  [ $((round % 3)) -ne 2 ] || kill -9 "$(echo "$all" | sed -n 3p)" 2>/dev/null || true # and so the command ends
  for attempt in $(seq 100); do
    left=""
    for process in $all; do
      [ ! -d /proc/"$process" ] || grep -q '^State:.*Z' /proc/"$process"/status 2>/dev/null || left="$left $process"
    done
    [ -n "$left" ] || break
    [ "$victim" = "$run" ] || [ "$attempt" -lt 50 ] || kill -TERM "$run" 2>/dev/null || true
    sleep 0.05
  done
  wait "$run" 2>/dev/null || true
  [ -z "$left" ] || fail "round $round: of $all, $left are left after $victim was killed
$(for process in $left; do tr '\0' ' ' </proc/"$process"/cmdline; grep State /proc/"$process"/status; cat /proc/"$process"/wchan; done 2>&1)"
done
nothing_runs
same "what is left" "$(files)" "$before"
printf '%s rounds\n' "$rounds"
