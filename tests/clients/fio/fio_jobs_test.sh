#!/bin/sh
# Several fio processes, then threads, on one device at the same time. All write one pattern to the same extents: fio's
# dev-dax engine maps from the device's start whatever the job's offset, on a real device too.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs fio
for kind in --thread=0 --thread=1; do
  runs "$daxemu" run --size 512M --stats -- fio --name=t --ioengine=dev-dax --filename=/dev/dax0.0 --rw=randwrite \
    --bs=4k --numjobs=4 --size=64m --verify=pattern --verify_pattern=0xdeadbeef --do_verify=1 "$kind"
  same "jobs without error ($kind)" "$(printf '%s\n' "$out" | grep -c 'err= 0:')" 4
  matches "each extent counts once, whoever touched it ($kind)" "$err" '^ *32 extents touched of 256$'
done
nothing_runs
