#!/bin/sh
# sectors.sh: sector mode where labels are of version 1.2: its layout is of version 2.0, and begins with the namespace. As session.sh, in a guest and
# below the emulator; what it leaves out is said in say.sh.
set +e
# shellcheck source=tests/clients/nfit/say.sh
. "$(dirname "$(readlink -f "$0")")/say.sh"
drivers=/sys/bus/nd/drivers
put() {
  printf '%s' "$3" | dd of="/dev/$1" bs=512 seek="$2" conv=sync,notrunc,fsync 2>/dev/null
}
get() {
  echo "$1 at $2: $(dd if="/dev/$1" bs=512 skip="$2" count=1 2>/dev/null | tr -d '\0')"
}
# block NAMESPACE PAGE: its signature and all of it that is no uuid, of what is there while nobody has the namespace.
block() {
  run ndctl disable-namespace "$1"
  echo 1 >"$1/force_raw"
  echo "$1" >"$drivers/nd_pmem/bind"
  dd if="/dev/$(ls "$1/block")" bs=4096 skip="$2" count=1 2>/dev/null >"$said"
  od -A d -c -N 16 "$said"
  od -A d -t x1 -j 48 -N 72 "$said"
  echo "$1" >"$drivers/nd_pmem/unbind"
  echo 0 >"$1/force_raw"
  run ndctl enable-namespace "$1"
}
run ndctl disable-region region0
run ndctl init-labels -f -V 1.2 "$dimm"
run ndctl enable-region region0
run ndctl create-namespace -r region0 -m sector -s 64M
run ndctl create-namespace -r region0 -m sector -s 32M -l 512
run ndctl create-namespace -r region0 -m sector -s 16M
show namespace0.0/holder_class namespace0.0/mode namespace0.0/size btt0.0/size btt0.1/size namespace0.1/holder_class
show /sys/block/pmem0s/size /sys/block/pmem0.1s/size
run blockdev --getsize64 /dev/pmem0s
put pmem0s 0 'the first sector'
put pmem0s 128832 'one that version 1.1 has not'
put pmem0.1s 9 'of 512'
block namespace0.0 0
block namespace0.1 0
get pmem0s 0
get pmem0s 128832
get pmem0.1s 9
run ndctl disable-region region0
run ndctl enable-region region0
show namespace0.0/holder_class namespace0.1/holder_class
get pmem0s 0
get pmem0s 128832
get pmem0.1s 9
run ndctl list -r region0 -N
run ndctl destroy-namespace -r region0 -f all
# Without a class it is one of version 1.1, whatever the labels are.
space=$(cat region0/namespace_seed)
btt=$(cat region0/btt_seed)
echo 11111111-2222-3333-4444-555555555555 >"$space/uuid"
write $((64 << 20)) "$space/size"
write '<unknown>' "$space/holder_class"
write btt "$space/holder_class"
show "$space/holder_class"
write "" "$space/holder_class"
show "$space/holder_class"
echo "$space" >"$btt/namespace"
echo 31111111-2222-3333-4444-555555555555 >"$btt/uuid"
echo 4096 >"$btt/sector_size"
write "$btt" $drivers/nd_pmem/bind
show "$btt/size"
write "$btt" $drivers/nd_pmem/unbind
echo >"$btt/namespace"
# And one that is asked to be a btt again looks for another layout.
write btt "$space/holder_class"
btt=$(cat region0/btt_seed)
echo "$space" >"$btt/namespace"
echo 41111111-2222-3333-4444-555555555555 >"$btt/uuid"
echo 4096 >"$btt/sector_size"
write "$btt" $drivers/nd_pmem/bind
show "$btt/size"
