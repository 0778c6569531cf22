#!/bin/sh
# A run inside a run: the inner command sees the inner device alone, and the outer one is there again afterwards.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck disable=SC2016 # for that shell
runs "$daxemu" run --size 64M -- sh -c 'cat /sys/bus/dax/devices/dax0.0/size
  "$0" run --size 128M --device dax1.0 -- sh -c "ls /dev/dax*; cat /sys/bus/dax/devices/dax1.0/size"
  ls /dev/dax*; cat /sys/bus/dax/devices/dax0.0/size' "$daxemu"
same "devices by level" "$out" "67108864
/dev/dax1.0
134217728
/dev/dax0.0
67108864"
same "stderr" "$err" ""
# The preload library is named once, however deep.
# shellcheck disable=SC2016 # for that shell
runs "$daxemu" run --size 64M -- "$daxemu" run --size 64M -- sh -c 'echo "$LD_PRELOAD"'
same "LD_PRELOAD names it once" "$(printf '%s\n' "$out" | grep -o 'libdaxemu-preload' | wc -l)" 1
nothing_runs
