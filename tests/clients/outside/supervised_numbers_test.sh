#!/bin/sh
# supervised_numbers: descriptors of ours on numbers that a program chooses: what is right there, and that nothing is lost silently where it
# cannot be (runtime/docs/intercept.md).
#   supervised_numbers_test.sh PROGRAM PROGRAM_STATIC WAITS_PROGRAM SELECTS_PROGRAM
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
dynamic=$1
static=$2
waits=$3
selects=$4
run() {
  status_of timeout 60 "$daxemu" run --size 64M --align 2M --backing shmem --intercept "$@"
}
run kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac
# What is written goes to an attribute that takes it without an effect.
words="/dev/dax0.0 /sys/bus/dax/devices/dax0.0/size /sys/bus/dax/drivers/device_dax/remove_id dax7.3"
# shellcheck disable=SC2086 # words
run libc -- "$dynamic" $words
same "status with the library: $err" "$status" 0
expected=$(printf '%s\n' "$out" | sed 's/^\(write on a number of the program.s:\) ok$/\1 refused/')
matches "the library takes it" "$out" "^write on a number of the program's: ok$"
for how in kernel auto; do
  # shellcheck disable=SC2086 # words
  run $how -- "$static" $words
  same "--intercept $how" "$out$err" "$expected"
done

# A shell's redirections.
# shellcheck disable=SC2016 # for that shell
script='exec 5</sys/bus/dax/devices/dax0.0/size; read -r x <&5; echo "$x"; exec 5<&-; exec 6>/sys/bus/dax/drivers/device_dax/unbind; echo dax0.0 >&6; echo $?; echo dax0.0 >&6; echo $?;
  exec 6>&-; ls /sys/bus/dax/drivers/device_dax; exec 7>/sys/bus/dax/drivers/device_dax/bind; { echo dax0.0 >&7; } 7>&7; echo $?; ls /sys/bus/dax/drivers/device_dax'
run libc -- sh -c "$script"
expected=$out
for shell in sh 'busybox sh' bash; do
  command -v "${shell%% *}" >/dev/null || continue
  # shellcheck disable=SC2086 # words
  run kernel -- $shell -c "$script"
  same "$shell" "$out" "$expected"
done

# What poll(2) says of an attribute: these are a kernel's answers for one of its own (6.18, /sys/kernel/uevent_seqnum).
expected="not read yet:  1 0xa 0 0
read:  0 0 0 0
at once:  0 0 0 0
to be read:  1 0x5 0 0
another has something:  1 0 0x1 0
changed meanwhile:  0 0 0
what is beside it: 77 0x4 77 0x4
a signal: EINTR -1 0 0 0
not open:  1 0 0x20 0"
for how in libc kernel; do
  run $how -- "$waits" /sys/bus/dax/devices/dax0.0/size
  same "poll of an attribute, --intercept $how" "$out$err" "$expected"
done

# select(2), pselect(2) and ppoll(2), with what is left of the time and signals that only the call holds back or lets come: as above.
expected="not read yet: 1 x. no end
all of it: 3 rwx. time left
read: 0 . nothing left
at once: 0 . nothing left
to be read and written: 2 rw. no end
another has something: 1 p. time left
a signal: -1 EINTR time left
a signal that it holds back: 0 . 1
a signal that it lets come: -1 EINTR 1
ppoll and such a signal: -1 EINTR 0 0 1
ppoll without it: 0 0 0 0
ppoll of a pending one: -1 EINTR 0 0 1
ppoll for reading: 1 0x1 0 1
an end: 0 . nothing left
an end to be read: 1 p. time left
ppoll of an end: 1 0 0x10 1
not open: -1 EBADF no end"
for how in libc kernel; do
  run $how -- "$selects" /sys/bus/dax/devices/dax0.0/size
  same "select of an attribute, --intercept $how" "$out$err" "$expected"
done
nothing_runs
