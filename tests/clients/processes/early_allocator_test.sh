#!/bin/sh
# early_allocator_test.sh LIBRARY: programs whose allocator calls the system while it sets itself up, before our library is.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
allocator=$1

runs env LD_PRELOAD="$allocator" cat /proc/self/comm
same "without daxemu" "$out" cat
for engine in handler inline populate; do
  runs "$daxemu" run --size 64M --backing shmem --engine $engine -- env LD_PRELOAD="$allocator" \
    sh -c 'ls /dev/dax0.0; cat /sys/bus/dax/devices/dax0.0/size'
  same "the device ($engine)" "$out" "/dev/dax0.0
67108864"
  runs "$daxemu" run --size 64M --backing shmem --engine $engine -- env LD_PRELOAD="$allocator" "$DAXEMU_TESTS/one_memory" /dev/dax0.0
  matches "threads, forks and passed descriptors ($engine)" "$out" '5 of 5 views agree'
done
nothing_runs
