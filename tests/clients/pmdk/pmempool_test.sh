#!/bin/sh
# pmempool makes, examines, checks and removes a pool on a pmem region's device. On a hmem region it dies of SIGSEGV, as
# on the real one: libndctl finds no region there and PMDK does not expect that.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs pmempool

# On one platform that lives through several commands.
DAXEMU_HOME=$scratch/home
export DAXEMU_HOME
runs "$daxemu" create lab --region pmem --size 64M
trap '"$daxemu" destroy --force lab >/dev/null 2>&1 || :; rm -rf "$scratch"' EXIT

runs "$daxemu" run --platform lab -- pmempool create obj --layout=test /dev/dax0.0
runs "$daxemu" run --platform lab -- pmempool info /dev/dax0.0
matches "type" "$out" '^Signature +: PMEMOBJ'
matches "layout" "$out" '^Layout +: test$'
matches "path" "$out" '^path +: /dev/dax0\.0$'
matches "size" "$out" '^size +: 67108864$'
matches "kind of part" "$out" '^type +: device dax$'
runs "$daxemu" run --platform lab -- pmempool check -v /dev/dax0.0
matches "check" "$out" 'consistent'
status_of "$daxemu" run --platform lab -- pmempool create obj /dev/dax0.0
[ "$status" -ne 0 ] || fail "a pool was made over a pool"

# A flipped byte in the header is found. dd cannot write a device-dax; daxio can.
printf 'X' >broken
runs "$daxemu" run --platform lab -- daxio -i broken -o /dev/dax0.0 -l 1 -s 16
status_of "$daxemu" run --platform lab -- pmempool check /dev/dax0.0
[ "$status" -ne 0 ] || fail "pmempool check finds nothing wrong in a broken header: $out"

runs "$daxemu" run --platform lab -- pmempool rm -f /dev/dax0.0
status_of "$daxemu" run --platform lab -- pmempool info /dev/dax0.0
[ "$status" -ne 0 ] || fail "the removed pool is still there: $out"

status_of "$daxemu" run --size 64M -- pmempool info /dev/dax0.0
same "exit status on a hmem region (SIGSEGV)" "$status" 139
nothing_runs
