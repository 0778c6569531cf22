#!/bin/sh
# The counter-proof of the fio tests: verification of a device on which nothing was written fails.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs fio
status_of "$daxemu" run --size 64M -- fio --name=t --ioengine=dev-dax --filename=/dev/dax0.0 --rw=read --bs=4k \
  --size=16m --verify=crc32c --do_verify=1
[ "$status" -ne 0 ] || fail "fio verified what nobody wrote: $out"
matches "fio says what is wrong" "$out$err" 'verify: bad (magic )?header'
nothing_runs
