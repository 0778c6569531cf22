#!/bin/sh
# locks_test.sh PROGRAM: a mapping keeps the device's open file, and the locks on it. The program knows the kernel's answers.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
program=$1
DAXEMU_HOME=/dev/shm/daxemu-locks-$$
export DAXEMU_HOME
trap 'rm -rf "$scratch" "$DAXEMU_HOME"' EXIT

for engine in handler inline populate; do
  runs "$daxemu" run --size 64M --backing shmem --engine $engine -- "$program" /dev/dax0.0
done
same "one device, every engine" "$(printf '%s\n' "$out" | grep -c .)" 25
runs "$daxemu" create lab --size 64M --backing shmem
runs "$daxemu" run --platform lab -- "$program" /dev/dax0.0
runs "$daxemu" destroy lab

# A lock is seen from outside too, for as long as a process that maps the device lives, whatever it has closed.
runs "$daxemu" run --size 64M --backing shmem -- sh -c '
  flock -n /dev/dax0.0 echo free && flock -n /dev/dax0.0 -c "flock -n /dev/dax0.0 echo taken twice || echo taken"'
same "flock(1)" "$out" "free
taken"
nothing_runs
