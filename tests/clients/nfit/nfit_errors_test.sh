#!/bin/sh
# nfit_errors_test.sh: errors on a region of DIMMs with stock ndctl: injected with and without word to the kernel, found by a scrub,
# seen by those who touch them, cleared; and the health of a DIMM. Guests have no such bus: what is expected is what the kernel's mock of
# one does (tools/testing/nvdimm/test/nfit.c) and what its driver makes of that (drivers/acpi/nfit/core.c).
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs ndctl jq daxio
cat >errors.sh <<'S'
badblocks=/sys/bus/nd/devices/region0/badblocks
status() {
  got=$(ndctl inject-error --status namespace0.0 | jq -c "[.badblocks[]? | [.block, .count]]")
  echo "${got:-[]}"
}
listed() { ndctl list -NM | jq -c '.[0].badblock_count // 0'; }
touch_at() { "$TOUCH" /dev/dax0.0 "$1"; }
echo "at first: [$(cat $badblocks)] $(listed) $(touch_at 0)"
ndctl inject-error --block=2 --count=3 --no-notify namespace0.0 >/dev/null || exit 1
echo "not told: [$(cat $badblocks)] $(listed) $(status) $(touch_at 1024) $(touch_at 0) $(touch_at 2097152)"
ndctl start-scrub >/dev/null && ndctl wait-scrub >/dev/null || exit 1
echo "scrubbed: [$(cat $badblocks)] $(listed) $(status)"
ndctl inject-error --block=2 --count=3 --uninject namespace0.0 >/dev/null || exit 1
echo "uninjected: [$(cat $badblocks)] $(listed) $(status) $(touch_at 1024)"
ndctl clear-errors namespace0.0 >/dev/null 2>&1 || exit 1
echo "cleared: [$(cat $badblocks)] $(listed) $(status) $(touch_at 0)"
ndctl inject-error --block=4096 --count=8 namespace0.0 >/dev/null || exit 1
echo "told: [$(cat $badblocks)] $(listed) $(status) $(touch_at 0) $(touch_at 2097152)"
ndctl disable-region region0 >/dev/null 2>&1; ndctl enable-region region0 >/dev/null 2>&1
echo "enabled again: [$(cat $badblocks)] $(listed) $(touch_at 2097152)"
ndctl clear-errors namespace0.0 >/dev/null 2>&1
echo "cleared again: [$(cat $badblocks)] $(listed) $(touch_at 2097152)"
"$DAXEMU_BIN" poison dax0.0 --offset 4M --platform "$PLATFORM"
echo "poisoned: [$(cat $badblocks)] $(listed) $(status) $(touch_at 4194304)"
"$DAXEMU_BIN" poison dax0.0 --offset 4M --clear --platform "$PLATFORM"
echo "healed: [$(cat $badblocks)] $(listed) $(status) $(touch_at 4194304)"
# What is cleared is zero, and nothing else, though ndctl has disabled the namespace while it does that.
yes bad | head -c 4096 >bad
daxio -i bad -o /dev/dax0.0 -l 4096 >/dev/null 2>&1
ndctl inject-error --block=1 --count=1 namespace0.0 >/dev/null
ndctl clear-errors namespace0.0 >/dev/null 2>&1
daxio -i /dev/dax0.0 -o after -l 4096 >/dev/null 2>&1
{ head -c 512 bad; head -c 512 /dev/zero; tail -c 3072 bad; } | cmp - after && echo "cleared bytes are zero"
health() { ndctl list -DH -d nmem0 | jq -c '.[0].health | [.health_state, (.temperature_celsius | floor), .spares_percentage, .shutdown_state, .shutdown_count, .spares_threshold]'; }
health
ndctl inject-smart --fatal -m 55 -s 10 nmem0 >/dev/null; health
ndctl inject-smart -U nmem0 >/dev/null; health
ndctl inject-smart -S 20 --spares-alarm=on nmem0 >/dev/null; health
ndctl inject-smart --fatal-uninject --media-temperature-uninject --spares-uninject --unsafe-shutdown-uninject nmem0 >/dev/null; health
S
name=nfit-$$
"$daxemu" create "$name" --region pmem,dimms=2,labels --size 62M >/dev/null || fail "no platform ($?)"
trap '"$daxemu" destroy "$name" >/dev/null 2>&1; rm -rf "$scratch"' EXIT
TOUCH=$DAXEMU_TESTS/nfit_touch PLATFORM=$name DAXEMU_BIN=$daxemu "$daxemu" run --platform "$name" -- sh errors.sh >got.txt 2>&1 || fail "the session ended with $?: $(cat got.txt)"
same "errors and health" "$(cat got.txt)" 'at first: [] 0 fine
not told: [] 0 [[2,3]] SIGBUS fine fine
scrubbed: [4098 3] 3 [[2,3]]
uninjected: [4098 3] 3 [] fine
cleared: [] 0 [] fine
told: [8192 8] 8 [[4096,8]] fine SIGBUS
enabled again: [8192 8] 8 SIGBUS
cleared again: [] 0 fine
poisoned: [12288 8] 8 [[8192,8]] SIGBUS
healed: [] 0 [] fine
cleared bytes are zero
["non-critical",23,75,"clean",42,5]
["fatal",55,10,"clean",42,5]
["fatal",55,10,"dirty",43,5]
["fatal",55,10,"dirty",43,20]
["non-critical",23,75,"clean",43,20]'

# The disk of an fsdax namespace counts bad sectors from its own first byte; they cannot be read, and are fine once they are written.
cat >disk.sh <<'S'
set -u
ndctl create-namespace -r region0 -m fsdax -s 32M >/dev/null
bad() { echo "$1: $(tr '\n' ' ' </sys/block/pmem0.1/badblocks)"; }
sectors() { dd "$@" bs=512 count=8 >/dev/null 2>&1; echo "-> $?"; }
ndctl inject-error --block=42 --count=8 namespace0.1 >/dev/null; bad injected
sectors iflag=direct if=/dev/pmem0.1 of=/dev/null skip=42
sectors iflag=direct if=/dev/pmem0.1 of=/dev/null skip=34
sectors oflag=direct if=/dev/zero of=/dev/pmem0.1 seek=42; bad written
sectors iflag=direct if=/dev/pmem0.1 of=/dev/null skip=42
[ "$(dd if=/dev/pmem0.1 bs=1M 2>/dev/null | wc -c)" = "$(cat /sys/bus/nd/devices/pfn0.0/size)" ] && echo "as large as it says"
S
"$daxemu" run --region pmem,dimms=2,labels --size 62M --free 64M -- sh disk.sh >got.txt 2>&1 || fail "the session of a disk ended with $?: $(cat got.txt)"
same "errors of an fsdax namespace" "$(cat got.txt)" 'injected: 42 8 
-> 1
-> 0
-> 0
written: 
-> 0
as large as it says'

# Namespaces begin where the region's align allows; one that does not begin at 2M has no struct pages, whatever its info block says.
cat >align.sh <<'S'
region=/sys/bus/nd/devices/region0
echo 4096 >$region/align
ndctl create-namespace -r region0 -m fsdax -a 4K -s $((32 * 1024 * 1024 + 8192)) | sed -n 's/.*"size":/size /p'
ndctl create-namespace -f -r region0 -m fsdax -a 4K -s $((32 * 1024 * 1024)) >/dev/null 2>&1 || echo "not at 8K"
echo 16777216 >$region/align
ndctl create-namespace -r region0 -m fsdax -s 32M | sed -n 's/.*"size":/size /p'
cat $region/available_size $region/max_available_extent
S
printf '{ "regions": [ { "kind": "pmem", "dimms": 1, "size": "256M", "devices": [] } ] }\n' >align.json
"$daxemu" run --config align.json -- sh align.sh >got.txt 2>&1 || fail "the session of alignments ended with $?: $(cat got.txt)"
same "alignments" "$(cat got.txt)" 'size 31457280,
not at 8K
size 31457280,
184549376
184549376'
