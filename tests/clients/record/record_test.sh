#!/bin/sh
# record_test.sh KERNEL hmem|pmem|cxl [live]: the record of a guest, replayed, gives what daxctl, ndctl and cxl said in the guest, and is recorded as
# the same machine. live: the guest is asked now; without it what it said when record/capture asked.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
kernel=$1 region=$2
tools=$("$here/../../python-free-scripts/daxctl-release" 81 2>refused) || skip "$(tail -n 1 refused)"
recorded=$here/expected/record/linux-$kernel-$region
if [ "${3:-}" = live ]; then
  recorded=$scratch/guest
  status_of env DAXEMU_BIN="$daxemu" "$here/record/capture" "$kernel" "$region" "$recorded"
  [ "$status" -ne 126 ] || skip "$err"
  [ "$status" -eq 0 ] || fail "the guest ends with $status: $err"
fi
[ -s "$recorded/machine.json" ] || skip "no machine of Linux $kernel with $region is recorded (tests/clients/record/capture)"
PATH=$tools/bin:$PATH
export PATH

runs "$daxemu" run --config "$recorded/machine.json" -- sh "$here/record/ask.sh" "$daxemu"
same "stderr" "$err" ""
mkdir -p here
awk -v folder=here -f "$here/record/parts.awk" out
for answer in machine daxctl ndctl cxl; do
  [ -s "$recorded/$answer.json" ] || continue
  for side in "$recorded" here; do
    "$DAXEMU_TESTS/json_shape" <"$side/$answer.json" >"${side##*/}-$answer" || fail "$answer of $side is no JSON: $(cat "$side/$answer.json")"
  done
  diff "${recorded##*/}-$answer" "here-$answer" >difference || fail "$answer differs (<: the guest, >: replayed)
$(cat difference)"
done
[ "$(grep -c . here-daxctl)" -gt 5 ] || fail "daxctl says hardly anything: $(cat here-daxctl)"
nothing_runs
