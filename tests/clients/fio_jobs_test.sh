#!/bin/sh
# Several fio processes and threads on one device at the same time, each verifying its own part.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
needs fio
for kind in --thread=0 --thread=1; do
  runs "$daxemu" run --size 512M -- fio --name=t --ioengine=dev-dax --filename=/dev/dax0.0 --rw=randwrite --bs=4k \
    --numjobs=4 --size=64m --offset_increment=64m --verify=crc32c --do_verify=1 "$kind"
  same "jobs without error ($kind)" "$(printf '%s\n' "$out" | grep -c 'err= 0:')" 4
done
nothing_runs
