#!/bin/bash
# run --kernel all: the command on each kernel with a platform of its own, and the table of what it did there.
#   every_kernel_test.sh URING_BUFFER
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
unset DAXEMU_KERNEL
all() { status_of "$daxemu" run --kernel all --size 64M "$@"; }
kernels="6.1 6.12 7.3"

# What it prints on the first is passed on, each on its stream; the table follows on standard error.
# shellcheck disable=SC2016 # for that shell
all -- sh -c 'echo out; echo error >&2; echo "$DAXEMU_KERNEL" >>asked; ls /sys/bus/dax/devices'
same "exit status" "$status" 0
same "stdout" "$out" "out
dax0.0"
same "first line of stderr" "$(printf '%s\n' "$err" | head -n 1)" error
same "asked" "$(tr '\n' ' ' <asked)" "$kernels "
for kernel in 6.12 7.3; do
  matches "table" "$err" "^ $kernel +0 +0 +0  the same$"
done
matches "table" "$err" '^ 6\.1 +0 +0 +0$'

# A program that only newer kernels let do what it wants; and the counts of a new device each time.
all --exact -- "$1"
same "exit status: the first kernel's" "$status" 1
same "stdout" "$out" ""
matches "6.1" "$err" '^io_uring_register_buffers of device memory: Operation not supported$'
matches "6.1" "$err" '^ 6\.1 +1 +[1-9][0-9]* +0$'
for kernel in 6.12 7.3; do
  matches "$kernel" "$err" "^ $kernel +0 +[1-9][0-9]* +0  differs in line 1 of stdout, line 1 of stderr$"
  matches "both lines" "$err" "^  $kernel +1: /dev/dax0\\.0: 2097152 bytes registered$"
done
same "the same faults on each" "$(printf '%s\n' "$err" | awk '$1 ~ /^[67]\./ && NF > 3 && $3 ~ /^[0-9]+$/ { print $3 }' | sort -u | wc -l)" 1

# The signal is the end; the table in a file, for programs.
# shellcheck disable=SC2016 # for that shell
all --json --output table -- sh -c 'kill -s SEGV $$'
same "exit status" "$status" 139
same "stderr" "$err" ""
same "signals in JSON" "$(grep -c '"signal": "SIGSEGV"' table)" 3
matches "exit code in JSON" "$(cat table)" '^  "exit_code": 139,$'

# The first that is no success.
# shellcheck disable=SC2016 # for that shell
all -- sh -c 'case $DAXEMU_KERNEL in 6.12) exit 7;; 7.3) exit 8;; esac'
same "exit status: the first that is not 0" "$status" 7

# Lines that differ in any case are left out.
# shellcheck disable=SC2016 # for that shell
all --ignore '^[0-9]+ ms' --ignore '^pid' -- sh -c 'echo "pid $$"; echo same; [ "$DAXEMU_KERNEL" = 6.1 ] || echo "17 ms"'
matches "ignored" "$err" '^ 7\.3 .*  the same$'

# The same input each time if it is a file, from where it stands; else none, and that is said.
printf 'one\ntwo\nthree\n' >input
# shellcheck disable=SC2016 # for that shell
{ IFS= read -r line && all -- sh -c 'cat; cat >>left'; } <input
same "read before" "$line" one
same "stdout" "$out" "two
three"
matches "input" "$err" '^ 7\.3 .*  the same$'
printf 'lost\n' >lost
# shellcheck disable=SC2002 # a pipe is meant
cat lost | { all -- cat; printf '%s\n' "$out$err" >told; }
matches "said" "$(cat told)" '^daxemu: standard input is no file that each could read.*redirect it'

# Processes that outlive the command hold nobody up; a reader that goes ends it as it would without us.
# shellcheck disable=SC2016 # for that shell
all -- sh -c 'sleep 30 & echo $! >>sleeping; echo done'
same "stdout" "$out" "done"
matches "not waited for" "$err" '^ 7\.3 .*  the same$'
xargs kill <sleeping
{ "$daxemu" run --kernel all --size 64M -- yes 2>told || echo "$?" >ended; } | head -n 1 >first
same "its reader went" "$(cat first) $(cat ended)" "y 141"
matches "the rest was not run" "$(cat told)" '^ 6\.12 +not run$'

# An image: as it is for each, or not at all.
runs "$daxemu" run --size 64M --image disk.img -- true
cp disk.img before.img
all --snapshot disk.img -- sh -c 'printf x | dd of=/dev/null 2>/dev/null'
same "exit status with --snapshot" "$status" 0
cmp disk.img before.img || fail "the image has changed"

# refused NAMED REMEDY ARGUMENTS...
refused() {
  named=$1 remedy=$2
  shift 2
  status_of "$daxemu" run "$@"
  same "exit status of: $*" "$status" 125
  same "lines on stderr of: $*: $err" "$(printf '%s\n' "$err" | wc -l)" 1
  matches "message of: $*" "$err" "^daxemu: .*$named.*; .*$remedy"
}
refused '--kernel all would write to the image .*new\.img' '--snapshot' --kernel all --image new.img -- true
[ ! -e new.img ] || fail "an image was made all the same"
refused '--platform' 'run --help' --kernel all --platform lab -- true
refused 'mode kernel.*--kernel all' '--mode emulate' --kernel all --mode kernel -- true
refused '--json is of the table that --kernel all prints' 'add --kernel all' --json -- true
refused '--ignore' 'add --kernel all' --ignore x -- true
refused '--ignore a\[ is no regular expression' 'grep -E' --kernel all --ignore 'a[' -- true
refused '--output /no/such/file cannot be written' 'another' --kernel all --output /no/such/file -- true
refused 'no command' 'daxemu run -- ' --kernel all

# Verbs that take one kernel say who takes all.
for verb in stat trace report; do
  status_of "$daxemu" $verb --kernel all -- true
  same "exit status of $verb" "$status" 125
  matches "message of $verb" "$err" "^daxemu: --kernel all is for .run. only.*; daxemu run --kernel all, or use one of: 6"
done
status_of "$daxemu" run --kernel all -- no-such-command
same "exit status without a command" "$status" 127
same "said once" "$(printf '%s\n' "$err" | wc -l)" 1

# A platform of a file, on every kernel.
echo '{ "kernel": "7.3", "regions": [ { "devices": [ { "size": "64M" }, { "size": "64M" } ] } ] }' >platform.json
# shellcheck disable=SC2016 # for that shell
status_of "$daxemu" run --kernel all --config platform.json -- sh -c 'echo "$DAXEMU_KERNEL" >>configured; ls /dev/dax*'
same "exit status with --config" "$status" 0
same "devices of the file" "$out" "/dev/dax0.0
/dev/dax0.1"
same "kernels" "$(tr '\n' ' ' <configured)" "$kernels "

# Somebody asks for an end: the command gets the signal, the other kernels are not asked, nothing is left.
cat >waits <<'EOS'
echo "$DAXEMU_KERNEL" >>began
[ "$DAXEMU_KERNEL" = 6.1 ] || exec sleep 60
EOS
"$daxemu" run --kernel all --size 64M -- sh ./waits >out 2>err &
running=$!
for attempt in $(seq 100); do
  ! grep -qsx 6.12 began || break
  sleep 0.1
done
kill -s TERM $running
status=0
wait $running || status=$?
same "ended by SIGTERM (looked $attempt times)" "$status" 143
same "began" "$(tr '\n' ' ' <began)" "6.1 6.12 "
matches "table" "$(cat err)" '^ 6\.12 +SIGTERM .*  ended before its time$'
matches "table" "$(cat err)" '^ 7\.3 +not run$'
nothing_runs
