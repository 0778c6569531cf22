#!/bin/sh
# record_refusals_test.sh: what `daxemu record` says where there is nothing to record, what it leaves out and tells, and what the platform file
# refuses of the keys that it writes. No guest: platforms are recorded, and a copy of one's /sys.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"

# refused WHAT REMEDY COMMAND...: 125, and one line.
refused() {
  what=$1 remedy=$2
  shift 2
  status_of "$@"
  same "exit status of: $*" "$status" 125
  same "lines on stderr of: $*" "$(grep -c . err)" 1
  matches "message of: $*" "$err" "^daxemu: .*$what.*; .*$remedy"
}

# A machine without such devices is one clear error.
mkdir -p empty/bus
refused 'empty has no dax, nd or CXL device' 'load the drivers' "$daxemu" record --from empty
same "stdout" "$out" ""
refused 'nosuch is no copy of /sys' 'cp -a' "$daxemu" record --from nosuch
refused '--kernel 2.4' '6.1' "$daxemu" record --from empty --kernel 2.4

# What a platform is, is what its record says; and a copy of its /sys says the same.
cat >two.json <<'END'
{ "kernel": "6.12", "regions": [
  { "id": 3, "kind": "hmem", "size": "1G", "target_node": 5, "shown_numa_node": 2,
    "devices": [ { "id": 1, "size": "256M" }, { "id": 0, "size": "128M", "align": "4K", "driver": "none" } ] },
  { "id": 4, "kind": "pmem", "devices": [ { "size": "64M", "uuid": "0d1f2b3c-1111-4222-8333-444455556666" } ] } ] }
END
runs "$daxemu" run --config two.json -- "$daxemu" record
cp out first.json
matches "region" "$out" '"target_node": 5'
matches "node" "$out" '"shown_numa_node": 2'
matches "uuid" "$out" '"uuid": "0d1f2b3c-1111-4222-8333-444455556666"'
matches "driver" "$out" '"driver": "none"'
runs "$daxemu" run --config first.json -- "$daxemu" record
diff first.json out || fail "the record of a replayed record is another"
runs "$daxemu" run --config two.json -- sh -c 'cat /sys/bus/dax/devices/dax3.1/numa_node /sys/bus/dax/devices/dax3.1/target_node'
same "nodes" "$out" "2
5"
# What only can be written is no loss.
runs "$daxemu" run --config two.json -- sh -c 'mkdir -p copy/bus copy/devices/platform; cp -a /sys/bus/dax /sys/bus/nd copy/bus/ 2>cp.err
  cp -a /sys/devices/platform/hmem* /sys/devices/platform/e820_pmem copy/devices/platform/ 2>cp.err; true'
runs "$daxemu" record --from copy --kernel 6.12
diff first.json out || fail "the record of a copy of /sys is another"

# Who is not root is told what is missing, on standard error and in the file.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
  runs "$daxemu" run --config two.json -- setpriv --reuid 65534 --regid 65534 --clear-groups "$daxemu" record
  matches "note" "$err" '^daxemu: physical addresses are root.s to read'
  matches "note" "$out" '"physical addresses are root.s to read'
  has_not "addresses" "$out" '"start"'
fi

# What is one's own is left out.
runs "$daxemu" run --config two.json -- "$daxemu" record --anonymous
has_not "anonymous" "$out" uuid
cat >cxl.json <<'END'
{ "cxl": { "host_bridges": [ { "root_ports": [ { "memdev": { "ram": "256M", "serial": 12345678901234567890, "firmware": "OURS 7" } },
    { "memdev": { "pmem": "256M", "serial": 99 } } ] } ],
  "windows": [ { "size": "1G" } ],
  "regions": [ { "memdevs": [0] }, { "type": "pmem", "memdevs": [1], "uuid": "12345678-1111-4222-8333-444455556666" } ] } }
END
runs "$daxemu" run --config cxl.json -- "$daxemu" record
matches "serial" "$out" '"serial": 12345678901234567890'
matches "firmware" "$out" '"firmware": "OURS 7"'
matches "uuid" "$out" '"uuid": "12345678-1111-4222-8333-444455556666"'
cp out bus.json
runs "$daxemu" run --config bus.json -- "$daxemu" record
diff bus.json out || fail "the record of a replayed CXL bus is another"
runs "$daxemu" run --config cxl.json -- "$daxemu" record --anonymous
has_not "anonymous" "$out" '12345678|OURS|uuid|99'

# What cannot be said is said on standard error and in the notes.
runs "$daxemu" run --config cxl.json -- sh -c "cxl disable-region region0 >/dev/null 2>&1 || echo region0 >/sys/bus/cxl/drivers/cxl_region/unbind; $daxemu record"
matches "note" "$err" 'daxemu: region0 is left out: it has no driver'
matches "note" "$out" '"region0 is left out: it has no driver'

# The keys in a platform file.
config() {
  printf '%s\n' "$1" >bad.json
  shift
  refused "$@" "$daxemu" run --config bad.json -- true
}
config '{ "notes": 7, "regions": [ { "devices": [ { "size": "64M" } ] } ] }' 'bad.json:1: notes is no list of texts' 'write it as'
config '{ "regions": [ { "kind": "pmem", "devices": [ { "size": "64M", "uuid": "x" } ] } ] }' 'uuid x is no uuid' uuidgen
config '{ "regions": [ { "target_node": -3, "devices": [ { "size": "64M" } ] } ] }' 'target_node -3 is no number' 'use 0, 1'
config '{ "cxl": { "host_bridges": [ { "root_ports": [ { "memdev": { "ram": "256M", "serial": "x" } } ] } ] } }' 'serial "x" is no number' 'use 0'
config '{ "cxl": { "host_bridges": [ { "root_ports": [ { "memdev": { "ram": "256M", "firmware": "more than sixteen characters" } } ] } ] } }' \
  'is no name of a firmware' '16 characters'
config '{ "cxl": { "start": "100M", "host_bridges": [ { "root_ports": [ { "memdev": { "ram": "256M" } } ] } ] } }' '100M is not a multiple of 256M' 'use 256M or 512M'
nothing_runs
