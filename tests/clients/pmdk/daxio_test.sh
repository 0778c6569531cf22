#!/bin/sh
# PMDK's daxio copies a file into the device and out again, and zeroes it.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs daxio cmp
dd if=/dev/urandom of=in.bin bs=1M count=9 2>/dev/null
head -c 1048576 /dev/zero >zero.bin

# The device lives as long as its run: all steps in one.
cat >steps <<'EOS'
set -e
daxio --input=in.bin --output=/dev/dax0.0
daxio --input=/dev/dax0.0 --output=out.bin --len=9M
daxio --zero --output=/dev/dax0.0 --seek=1M --len=1M
daxio --input=/dev/dax0.0 --output=zeroed.bin --skip=1M --len=1M
daxio --input=/dev/dax0.0 --output=after.bin --skip=2M --len=7M
daxio --input=/dev/dax0.0 --output=all.bin
EOS
runs "$daxemu" run --size 64M -- sh ./steps
cmp in.bin out.bin || fail "what came out is not what went in"
cmp zero.bin zeroed.bin || fail "what was zeroed is not zero"
tail -c $((7 << 20)) in.bin | cmp - after.bin || fail "zeroing changed what lies behind"
same "the whole device is copied" "$(stat -c %s all.bin)" $((64 << 20))

status_of "$daxemu" run --size 8M -- daxio --input=in.bin --output=/dev/dax0.0 --seek=8M
[ "$status" -ne 0 ] || fail "daxio wrote beyond the end: $out$err"
nothing_runs
