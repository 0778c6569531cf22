#!/bin/sh
# supervised_numbers: descriptors of ours on numbers that a program chooses: what is right there, and that nothing is lost silently where it
# cannot be (runtime/docs/intercept.md).
#   supervised_numbers_test.sh PROGRAM PROGRAM_STATIC
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
dynamic=$1
static=$2
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
nothing_runs
