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

# DIMMs: interleaved, with labels of both versions, names, an empty namespace, one that is a block device elsewhere. Who is not root reads
# no label areas: the version is told by the slots that are free.
cat >dimms.json <<'END'
{ "regions": [
  { "id": 4, "kind": "pmem", "size": "256M", "align": "16M",
    "dimms": [ { "number": 5, "id": "8680-0a-07e4-0badcafe", "handle": 17, "physical_id": 33, "labels": "1.1" },
               { "number": 2, "id": "8680-00000007", "handle": 1, "labels": "1.1", "label_size": "256K" } ],
    "namespaces": [ { "id": 0, "size": "0" },
      { "id": 3, "size": "32M", "start": "64M", "uuid": "0d1f2b3c-1111-4222-8333-444455556666", "name": "ours", "map": "dev", "align": "4K", "device": 6,
        "device_uuid": "0d1f2b3c-1111-4222-8333-444455557777" },
      { "id": 1, "size": "16M", "mode": "fsdax" }, { "id": 2, "size": "16M", "mode": "sector", "sector_size": 4096 },
      { "id": 5, "size": "32M", "mode": "sector", "sector_size": 512, "enabled": true, "device": 3 },
      { "id": 6, "size": "16M", "mode": "fsdax", "map": "mem", "align": "4K", "enabled": true, "device_uuid": "0d1f2b3c-1111-4222-8333-444455558888" } ] },
  { "id": 9, "kind": "pmem", "size": "64M", "bus": "ACPI.NFIT", "dimms": [ { "labels": "none" } ] } ] }
END
runs "$daxemu" run --config dimms.json -- sh -c "cd /sys/bus/nd/devices
  cat nmem5/nfit/id nmem5/nfit/handle nmem5/nfit/phys_id nmem2/nfit/id nmem2/available_slots nmem0/available_slots region4/mapping1 region4/namespace_seed
  cat namespace4.3/alt_name namespace4.3/holder dax4.6/uuid dax4.6/dax_region/size namespace4.1/holder_class namespace4.1/size namespace4.2/holder_class
  cat namespace4.5/holder namespace4.6/holder pfn4.0/uuid pfn4.0/align /sys/block/pmem4.5s/size /sys/block/pmem4.6/size; $daxemu record"
same "what was asked for" "$(printf '%s\n' "$out" | sed '/^{/,$d')" "8680-0a-07e4-0badcafe
0x11
0x21
8680-00000007
2034
509
nmem2,0,134217728,1
namespace4.4
ours
dax4.6
0d1f2b3c-1111-4222-8333-444455557777
31457280
pfn
16777216
btt
btt4.3
pfn4.0
0d1f2b3c-1111-4222-8333-444455558888
4096
64708
28672"
printf '%s\n' "$out" | sed -n '/^{/,$p' >first.json
runs "$daxemu" run --config first.json -- "$daxemu" record
diff first.json out || fail "the record of replayed DIMMs is another"
matches "the empty namespace" "$out" '"size": "0"'
matches "no index" "$out" '"labels": "none"'
runs "$daxemu" run --config dimms.json -- "$daxemu" record --anonymous
has_not "anonymous" "$out" 'uuid|ours|cafe|07e4'
matches "a DIMM's number in place of its serial" "$out" '"id": "8680-00000006"'
runs "$daxemu" run --config dimms.json -- sh -c 'mkdir -p copy2/bus copy2/devices/platform copy2/devices/LNXSYSTM:00/LNXSYBUS:00
  cp -a /sys/bus/dax /sys/bus/nd copy2/bus/ 2>cp.err; cp -a /sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00 copy2/devices/LNXSYSTM:00/LNXSYBUS:00/ 2>cp.err; true'
runs "$daxemu" record --from copy2 --kernel 6.12
matches "labels of version 1.1 in a copy" "$out" '"labels": "1.1"'
matches "note" "$err" '^daxemu: label areas are root.s to read'

# What a platform file says in steps, a machine may have otherwise: the record is one that can be replayed.
printf '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": 1, "devices": [] } ] }\n' >align.json
runs "$daxemu" run --config align.json -- sh -c "cd /sys/bus/nd/devices; echo 4096 >region0/align; space=\$(cat region0/namespace_seed)
  echo 0d1f2b3c-1111-4222-8333-444455559999 >\$space/uuid; echo $((32 * 1024 * 1024 + 8192)) >\$space/size
  echo \$space >/sys/bus/nd/drivers/nd_pmem/bind; echo $((16 * 1024 * 1024)) >region0/align; $daxemu record"
matches "note" "$err" 'daxemu: region0 has an align of 16777216 bytes: replayed, it has 8K'
matches "align" "$out" '"align": "8K"'
cp out first.json
runs "$daxemu" run --config first.json -- sh -c "cat /sys/bus/nd/devices/namespace0.0/size; $daxemu record"
matches "size" "$out" '^33562624$'
matches "align again" "$out" '"align": "8K"'
find copy/devices -path "*dax_region/size" | while read -r file; do
  [ "$(cat "$file")" != $((1 << 30)) ] || { chmod u+w "$file"; echo $(((1 << 30) - 4096)) >"$file"; }
done
runs "$daxemu" record --from copy --kernel 6.12
matches "note" "$err" 'has 1073737728 bytes: replayed, it has 1G'
matches "size" "$out" '"size": "1G"'

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
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": [ { "id": "8680" } ] } ] }' 'id 8680 is no id of a DIMM' 'ndctl list -D'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": [ {}, {}, {} ] } ] }' 'interleaved over 3 DIMMs' 'use 1, 2, 4'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": [ { "number": 1 }, { "number": 1 } ] } ] }' 'number 1 is taken' 'its own'
# Explicit ones, and one that another DIMM has by itself (the second one of all has 1).
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": [ { "handle": 5 }, { "handle": 5 } ] } ] }' 'handle 5 is taken' 'its own'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": [ { "handle": 1 }, { } ] } ] }' 'a number or handle is taken' 'a handle of its own'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": [ { "label_size": "100" } ] } ] }' 'is no size of a label area' 'steps of 1K'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": 2, "align": "3M" } ] }' '3M is no alignment of namespaces' 'power of two'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": 1, "namespaces": [ { "size": "3M" } ] } ] }' 'size 3M is not a multiple of 16M' 'use 16M'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": 1, "namespaces": [ { } ] } ] }' 'size is missing' '64M'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": 1, "namespaces": [ { "size": "96M" } ] } ] }' 'less than its devices take' 'use 96M'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": [ { "labels": "1.1" } ], "namespaces": [ { "size": "16M", "mode": "sector", "enabled": true } ] } ] }' \
  'a namespace of 16M: No such device or address' 'give it a larger "size"'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": 1, "namespaces": [ { "size": "32M", "start": "0" }, { "size": "32M", "start": "16M" } ] } ] }' \
  'a namespace of 32M: No space left' 'smaller'
config '{ "regions": [ { "size": "64M", "namespaces": [ { "size": "16M" } ] } ] }' 'namespaces is for pmem regions only' 'kind'
config '{ "regions": [ { "kind": "pmem", "size": "64M", "dimms": 1, "devices": [ { "size": "16M" } ], "namespaces": [ { "size": "16M" } ] } ] }' \
  'devices beside namespaces' 'leave one'
nothing_runs
