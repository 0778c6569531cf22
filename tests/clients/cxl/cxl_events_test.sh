#!/bin/sh
# cxl_events_test.sh VERSION: what stock cxl of that release waits for, on the topology of the kernel's mock: the end of a sanitization, events;
# the keys that lock a DIMM; a region in a window with XOR arithmetic.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
cxl_of "$1"

cat >mock.sh <<'EOS'
# A memdev that no region has: only such a one is sanitized. The region of this topology is over the first two.
for memdev in /sys/bus/cxl/devices/mem*; do
  case $(cat "$memdev/serial") in 0x0 | 0x4) ;; *) break ;; esac
done
name=${memdev##*/}
host=$(dirname "$(readlink -f "$memdev")")
EOS
cat >sanitize <<'EOS'
. ./mock.sh
cxl wait-sanitize "$name" || echo "of none: $?"
echo 1500 >"$host/sanitize_timeout"
echo 1 >"$memdev/security/sanitize"
cat "$memdev/security/state"
cxl wait-sanitize -t 100 "$name" >/dev/null 2>&1 && echo "it did not wait"
cat "$memdev/security/state"
cxl wait-sanitize "$name" || echo "failed: $?"
cat "$memdev/security/state"
EOS
for kernel in 6.12 7.3; do
  status_of "$daxemu" run --kernel $kernel --region cxl --preset cxl_test -- sh ./sanitize
  same "a sanitization, $kernel" "$out" "sanitize
sanitize
disabled"
  same "exit status, $kernel: $err" "$status" 0
done

cat >monitor <<'EOS'
. ./mock.sh
instance=/sys/kernel/tracing/instances/cxl_monitor
cxl monitor -l "$PWD/monitor.log" >/dev/null 2>&1 &
monitor=$!
for attempt in $(seq 300); do
  [ "$(cat $instance/events/cxl/enable 2>/dev/null)" = 1 ] && break
  sleep 0.1
done
sleep 0.3
echo 1 >"$host/event_trigger"
for attempt in $(seq 300); do
  [ "$(grep -c '"event"' monitor.log)" -ge 21 ] && break
  sleep 0.1
done
kill "$monitor"
wait "$monitor" 2>/dev/null
sed -n 's/.*"event":"\([a-z_]*\)".*/\1/p' monitor.log | sort | uniq -c | sed 's/^ *//'
grep -q '"memdev":"'"$name"'"' monitor.log && echo "of $name" | sed "s/$name/the memdev/"
sed -n 's/.*"event":"cxl_dram".*"column":\([0-9]*\).*/column \1/p' monitor.log | sort -u
EOS
for kernel in 6.12 7.3; do
  rm -f monitor.log
  : >monitor.log
  status_of "$daxemu" run --kernel $kernel --region cxl --preset cxl_test -- sh ./monitor
  same "events that cxl monitor has heard of, $kernel" "$out" "3 cxl_dram
2 cxl_general_media
13 cxl_generic_event
2 cxl_memory_module
1 cxl_overflow
of the memdev
column 44510"
done

cat >xor <<'EOS'
set -e
of_serial() { # each host bridge has one of these
  for memdev in /sys/bus/cxl/devices/mem*; do [ "$(cat "$memdev/serial")" != "$1" ] || echo "${memdev##*/}"; done
}
window=$(cxl list -D -d root | awk '/"decoder"/ { split($0, part, "\""); name = part[4] } /"nr_targets":2/ { print name }')
cxl create-region -d "$window" -t pmem -w 2 -m $(of_serial 0x0) $(of_serial 0x1) 2>/dev/null | grep -e ways -e granularity -e '"type"'
cxl destroy-region -f all 2>&1 | tail -n 1
EOS
status_of "$daxemu" run --region cxl --preset cxl_test_xor --no-device -- sh ./xor
same "a region of a window with XOR arithmetic: $err" "$out" '  "type":"pmem",
  "interleave_ways":2,
  "interleave_granularity":256,
cxl region: cmd_destroy_region: destroyed 1 region'

# Keys of the process that writes; their bytes are the kernel's secret. Not every machine has keyrings, or lets a container have them.
if ! keyctl session - keyctl add user daxemu-probe x @s >/dev/null 2>&1; then
  echo "without keys: keyctl (keyutils) is not installed, or this machine has no keyrings for us"
  exit 0
fi
cat >keys <<'EOS'
dimm=/sys/bus/nd/devices/nmem0
host=$(dirname "$(dirname "$(readlink -f "/sys/bus/cxl/devices/$(cat $dimm/cxl/provider)")")")
id=$(cat $dimm/cxl/id)
keyctl add user master 0123456789abcdef0123456789abcdef @s >/dev/null
key=$(keyctl add encrypted "nvdimm:$id" "new enc32 user:master 32" @s) || { echo "no encrypted keys"; exit 77; }
other=$(keyctl add encrypted other "new enc32 user:master 32" @s)
try() {
  if error=$({ env echo "$*" >$dimm/security; } 2>&1); then error=; else error=" ${error##*: }"; fi
  echo "$1$error: $(cat $dimm/security) $(cat $dimm/frozen)"
}
try update 0 "$key"
try update "$other" "$key"
try disable 0
try update 0 1
try nonsense
echo nmem0 >/sys/bus/nd/drivers/nvdimm/unbind
echo 1 >"$host/security_lock"
cat $dimm/security
echo nmem0 >/sys/bus/nd/drivers/nvdimm/bind
cat $dimm/security
try disable "$key"
try update 0 "$other"
try erase "$other"
try freeze
try update 0 "$key"
EOS
status_of keyctl session - "$daxemu" run --region cxl --preset cxl_test -- sh ./keys
[ "$status" -ne 77 ] || { echo "without keys: $out"; exit 0; }
same "passphrases of a DIMM: $err" "$out" "update: unlocked 0
update No such device or address: unlocked 0
disable No such device or address: unlocked 0
update Required key not available: unlocked 0
nonsense Invalid argument: unlocked 0
locked
unlocked
disable: disabled 0
update: unlocked 0
erase: disabled 0
freeze: disabled 0
update No such device or address: disabled 0"
