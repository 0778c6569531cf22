#!/bin/sh
# disks.sh: what an administrator does with namespaces in fsdax and sector mode, and what sysfs, ndctl and the disks say. As session.sh, in a guest
# and below the emulator; what it leaves out is said in say.sh.
set +e
# shellcheck source=tests/clients/nfit/say.sh
. "$(dirname "$(readlink -f "$0")")/say.sh"
drivers=/sys/bus/nd/drivers
holder() {
  show "$1/devtype" "$1/modalias" "$1/mode" "$1/namespace"
  show "$1/resource" | sed -E "s/0x[0-9a-f]+([0-9a-f]{6})$/0x...\1/" # where memory begins is the machine's
  show "$1/size" "$1/uevent" "$1/uuid"
}
space() {
  show "$1/force_raw" "$1/holder" "$1/holder_class" "$1/mode" "$1/sector_size" "$1/size" "$1/uevent"
}
disk() {
  show "$1/size" "$1/ro" "$1/badblocks" "$1/queue/logical_block_size" "$1/queue/physical_block_size" "$1/queue/hw_sector_size" "$1/queue/minimum_io_size"
  echo "device: $(readlink "$1/device" | sed 's/.*\///')"
}
seeds() {
  show region0/btt_seed region0/pfn_seed region0/dax_seed region0/namespace_seed region0/available_size
}
bound() {
  for driver in nd_pmem dax_pmem; do
    for name in "$drivers/$driver"/*0.*; do
      echo "$driver: ${name##*/}"
    done
  done
  for disk in /sys/block/pmem0*; do
    [ ! -e "$disk" ] || echo "${disk##*/}"
  done
}
# put DISK SECTOR WORD, get DISK SECTOR: of 512 bytes.
put() {
  printf '%s' "$3" | dd of="/dev/$1" bs=512 seek="$2" conv=sync,notrunc,fsync 2>/dev/null
}
get() {
  echo "$1 at $2: $(dd if="/dev/$1" bs=512 skip="$2" count=1 2>/dev/null | tr -d '\0')"
}
# info NAMESPACE [SECTOR]: what of its info block is the same everywhere, and what is written at that sector (raw). Not of a btt: where a block of it
# lies is the business of whoever wrote it.
info() {
  run ndctl disable-namespace "$1"
  echo 1 >"$1/force_raw"
  echo "$1" >"$drivers/nd_pmem/bind"
  disk=$(ls "$1/block")
  dd if="/dev/$disk" bs=4096 skip=1 count=1 2>/dev/null >"$said"
  od -A d -c -N 16 "$said"
  od -A d -t x1 -j 48 -N 80 "$said"
  [ -z "$2" ] || get "$disk" "$2"
  echo "$1" >"$drivers/nd_pmem/unbind"
  echo 0 >"$1/force_raw"
  run ndctl enable-namespace "$1"
}
run ndctl disable-region region0
run ndctl init-labels -f "$dimm"
run ndctl enable-region region0
seeds
run ndctl create-namespace -r region0 -m fsdax -s 64M
run ndctl create-namespace -r region0 -m fsdax -s 32M -a 4K -M mem
run ndctl create-namespace -r region0 -m sector -s 64M
run ndctl create-namespace -r region0 -m sector -s 32M -l 512
run ndctl create-namespace -r region0 -m sector -s 8M
run ndctl create-namespace -r region0 -m devdax -s 32M -M mem
seeds
bound
names region0/pfn0.0 region0/btt0.0 region0/pfn0.0/block region0/btt0.0/block region0/namespace0.0 region0/namespace0.2
for at in pfn0.0 pfn0.1 pfn0.2; do
  show $at/align
  holder $at
done
for at in btt0.0 btt0.1 btt0.2; do
  show $at/sector_size $at/log_zero_flags
  holder $at
done
for at in namespace0.0 namespace0.1 namespace0.2 namespace0.3 namespace0.4; do
  space $at
done
for at in pmem0 pmem0.1 pmem0.2s pmem0.3s; do
  disk /sys/block/$at
  echo "of $(readlink -f /sys/block/$at | sed 's/.*region0/region0/')"
done
run ndctl list -r region0 -Ni
put pmem0 5 'of fsdax'
put pmem0.1 5 'of fsdax, pages in memory'
put pmem0.2s 8 'of a btt of 4096'
put pmem0.3s 9 'of a btt of 512'
get pmem0.1 5
info namespace0.0 $((4 * 1024 + 5))
info namespace0.1 $((4 * 1024 + 5))
info namespace0.2
info namespace0.3
get pmem0 5
get pmem0.1 5
get pmem0.2s 8
get pmem0.3s 9
run blockdev --getsize64 /dev/pmem0
run blockdev --getss /dev/pmem0
run blockdev --getsize64 /dev/pmem0.2s
run blockdev --getss /dev/pmem0.2s
run blockdev --getss /dev/pmem0.3s
bound
write 1G region0/pfn0.0/align
write ram region0/pfn0.0/mode
write "" region0/pfn0.0/namespace
write "" region0/pfn0.0/uuid
write 512 region0/btt0.0/sector_size
write "" region0/btt0.0/namespace
write pfn0.0 $drivers/nd_pmem/bind
write pfn0.0 $drivers/dax_pmem/bind
write pfn0.0 $drivers/dax_pmem/unbind
write btt0.0 $drivers/nd_pmem/bind
write namespace0.0 $drivers/nd_pmem/bind
write namespace0.2 $drivers/nd_pmem/bind
write 32M namespace0.0/size
write none namespace0.0/holder_class
write "$(seq -s '' 1 40)" namespace0.0/alt_name
run ndctl check-namespace namespace0.0
run ndctl check-namespace namespace0.2
run ndctl disable-namespace namespace0.2
run ndctl enable-namespace namespace0.2
get pmem0.2s 8
seeds
run ndctl disable-namespace namespace0.0
show region0/pfn0.0/size region0/pfn0.0/namespace
bound
run ndctl list -r region0 -Ni
run ndctl disable-region region0
run ndctl enable-region region0
bound
seeds
get pmem0 5
get pmem0.3s 9
run ndctl list -r region0 -Ni
run ndctl create-namespace -f -e namespace0.0 -m sector -l 4096
run ndctl create-namespace -f -e namespace0.1 -m devdax
run ndctl create-namespace -f -e namespace0.2 -m fsdax -a 2M
run ndctl create-namespace -f -e namespace0.3 -m raw
run ndctl create-namespace -f -e namespace0.4 -m fsdax
run ndctl list -r region0 -Ni
bound
seeds
run ndctl destroy-namespace -f namespace0.2
run ndctl destroy-namespace namespace0.0
run ndctl destroy-namespace -r region0 -f all
bound
seeds
# Without ndctl: what is missing, step by step.
space=$(cat region0/namespace_seed)
echo 11111111-2222-3333-4444-555555555555 >"$space/uuid" 2>/dev/null
write $((32 << 20)) "$space/size"
pfn=$(cat region0/pfn_seed)
btt=$(cat region0/btt_seed)
write "$pfn" $drivers/nd_pmem/bind
write "$space" "$pfn/namespace"
write "$pfn" $drivers/nd_pmem/bind
write 21111111-2222-3333-4444-555555555555 "$pfn/uuid"
write "$pfn" $drivers/nd_pmem/bind
write pmem "$pfn/mode"
write "$pfn" $drivers/nd_pmem/bind
seeds
write "$pfn" $drivers/nd_pmem/unbind
write 4096 "$pfn/align"
write "$pfn" $drivers/nd_pmem/bind
write 2097152 "$pfn/align"
write "$pfn" $drivers/nd_pmem/bind
write "$pfn" $drivers/nd_pmem/unbind
echo >"$pfn/namespace" # what is no seed is gone with it
seeds
write "$btt" $drivers/nd_pmem/bind
write "$space" "$btt/namespace"
write "$btt" $drivers/nd_pmem/bind
write 31111111-2222-3333-4444-555555555555 "$btt/uuid"
write "$btt" $drivers/nd_pmem/bind
write 4096 "$btt/sector_size"
write "$btt" $drivers/nd_pmem/bind
seeds
space "$space"
write "$btt" $drivers/nd_pmem/unbind
echo >"$btt/namespace"
write "$space" $drivers/nd_pmem/bind
bound
seeds
