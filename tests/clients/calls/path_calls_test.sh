#!/bin/sh
# path_calls_test.sh PROGRAM LIBRARY: calls by path that are none of our business, with and without another library that
# is preloaded and wants to see them.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
program=$1
library=$2

# The machine's own answer about a device that is there, from a file.
without_device() {
  printf '%s\n' "$1" | grep -v /dev/dax0.0
}

runs "$program" pipe.1
alone=$out
matches "the program itself" "$alone" 'waiting in open: cancelled'
matches "the program itself" "$alone" 'waiting in openat: cancelled'
matches "the program itself" "$alone" 'opening when cancelled: cancelled'
matches "the program itself" "$alone" 'not to be cancelled: opened, No such file or directory, deferred'
matches "the program itself" "$alone" '^lib of /usr: listed'
matches "the program itself" "$alone" '^stat /seen-by-the-other-library: No such file'
runs "$daxemu" run --size 64M --backing shmem -- "$program" pipe.2
same "as without daxemu" "$(without_device "$out")" "$(without_device "$alone")"
matches "the device" "$out" '^open /dev/dax0.0: ok'
for folder in "dev of /" "usr/../dev of /" "../dev of /usr" "/dev of /usr" "link of ."; do
  matches "a folder opened from another" "$out" "^/dev/dax0.0 in $folder: 1"
done
matches "a folder opened from another" "$out" "^/dev/dax0.0 in lib of /usr: 0"

runs env LD_PRELOAD="$library" "$program" pipe.3
alone=$out
for call in stat access open; do
  matches "the other library alone" "$alone" "^$call /seen-by-the-other-library: ok"
done
runs env LD_PRELOAD="$library" "$daxemu" run --size 64M --backing shmem -- "$program" pipe.4
same "the other library, preloaded as well" "$(without_device "$out")" "$(without_device "$alone")"
runs "$daxemu" run --size 64M --backing shmem -- env LD_PRELOAD="$library" "$program" pipe.5
same "the other library, preloaded inside" "$(without_device "$out")" "$(without_device "$alone")"
matches "the device beside the other library" "$out" '^open /dev/dax0.0: ok'
nothing_runs
