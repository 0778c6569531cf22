#!/bin/sh
# session.sh: what an administrator does with labels and namespaces of a region of one DIMM, and what sysfs and ndctl say. The same
# words in a guest with QEMU's NVDIMMs (guest --region nvdimm) and below `daxemu run`: what it prints in the guest is the expectation.
# Left out of the comparison: say.sh.
set +e
# shellcheck source=tests/clients/nfit/say.sh
. "$(dirname "$(readlink -f "$0")")/say.sh"
run ndctl disable-region region0
run ndctl init-labels -f "$dimm"
run ndctl enable-region region0
region_state
show region0/align region0/btt_seed region0/deep_flush region0/devtype region0/mappings region0/modalias region0/read_only region0/set_cookie \
  region0/size region0/badblocks "$dimm/modalias" "$dimm/devtype"
run ndctl list -r region0 -RNi
run ndctl create-namespace -m devdax -r region0 -s 64M
run ndctl create-namespace -m devdax -r region0 -s 32M -a 4K
run ndctl create-namespace -m devdax -r region0 -s 33M
run ndctl create-namespace -m devdax -r region0 -s 2G
region_state
names region0 region0/nfit region0/namespace0.0 region0/namespace0.2 region0/dax0.0 region0/dax0.2 region0/btt0.0 "$dimm" ndbus0/nd/ndctl0
for space in namespace0.0 namespace0.1 namespace0.2; do
  show $space/alt_name $space/devtype $space/dpa_extents $space/force_raw $space/holder $space/holder_class $space/modalias $space/mode \
    $space/nstype $space/sector_size $space/size $space/uevent
done
run ndctl list -r region0 -RNi
run ndctl read-labels -j "$dimm"
run ndctl check-labels "$dimm"
run ndctl check-namespace namespace0.0
run ndctl disable-namespace namespace0.1
run ndctl enable-namespace namespace0.1
run ndctl create-namespace -f -e namespace0.0 -m devdax -a 2M -M mem
run ndctl create-namespace -f -e namespace0.1 -m devdax -a 2M -s 48M
run ndctl list -r region0 -RNi
run ndctl disable-region region0
run ndctl enable-region region0
run ndctl list -r region0 -RNi
run ndctl init-labels "$dimm"
run ndctl zero-labels "$dimm"
run ndctl destroy-namespace -f namespace0.1
run ndctl destroy-namespace -r region0 -f all
region_state
run ndctl disable-region region0
run ndctl init-labels "$dimm"
run ndctl zero-labels "$dimm"
run ndctl check-labels "$dimm"
run ndctl enable-region region0
region_state
run ndctl create-namespace -m devdax -r region0
run ndctl read-labels -j "$dimm"
run ndctl disable-region region0
run ndctl init-labels "$dimm"
run ndctl init-labels -f -V 1.2 "$dimm"
run ndctl enable-region region0
region_state
run ndctl list -r region0 -RNi
