#!/bin/sh
# first_calls_test.sh PROGRAM LIBRARY VERSIONED: programs that call before the C library is set up, that have an `environ`
# of their own; a library that the loader is told to run; a library whose functions are named as the C library's.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1
library=$2
versioned=$3

runs "$daxemu" run --size 64M --backing shmem -- "$program"
same "before the C library is set up, and beside an environ of the program's own" "$out" "first of all: found
in main: found
first of all, again: found
in main, again: found"

runs "$daxemu" run --size 64M --backing shmem -- env LD_PRELOAD="$versioned" \
  sh -c 'ls /dev/dax0.0; cat /sys/bus/dax/devices/dax0.0/size'
same "beside functions of the same names, of another version" "$out" "/dev/dax0.0
67108864"

# With so many libraries that the C library's own is behind those that there is room for (NextSymbols::kMost).
many=""
for number in $(seq 70); do
  cp "$library" "many_$number.so"
  many="$many $PWD/many_$number.so"
done
for preloaded in "$versioned$many" "$many $versioned"; do
  runs "$daxemu" run --size 64M --backing shmem -- env LD_PRELOAD="$preloaded" \
    sh -c 'ls /dev/dax0.0; cat /sys/bus/dax/devices/dax0.0/size'
  same "beside functions of the same names, of another version, among many libraries" "$out" "/dev/dax0.0
67108864"
done
# And this library itself is.
# shellcheck disable=SC2016 # the inner shell expands them
runs "$daxemu" run --size 64M --backing shmem -- sh -c 'LD_PRELOAD="$0 $1 $LD_PRELOAD" ls /dev/dax0.0' "$many" "$versioned"
same "behind many libraries" "$out" "/dev/dax0.0"

loader=/lib64/ld-linux-x86-64.so.2
if [ -x "$loader" ]; then
  runs "$daxemu" run --size 64M --backing shmem -- "$program" "$loader" "$library"
  same "a library that is run" "$out" "first of all: found
library: found"
  runs "$daxemu" run --size 64M --backing shmem -- "$program" "$loader" "$program" again
  same "a program that the loader is told to run" "$out" "first of all: found
first of all, again: found
in main, again: found"
fi
nothing_runs
