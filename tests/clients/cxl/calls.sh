#!/bin/sh
# calls.sh PROGRAM: what attribute_calls_program is told of each kind of file that a CXL bus has: text and bytes, what fails when it is read, what is
# waited for, folders, links, debugfs.
export LC_ALL=C
bus=/sys/bus/cxl/devices
quietly() {
  "$@" >/dev/null 2>&1
}
sh "$(dirname "$0")/names.sh"
quietly cxl create-region -d decoder0.0 -t pmem -U 12345678-1234-1234-1234-123456789abc -m mem2
[ -n "${DAXEMU_PLATFORM:-}" ] || sleep 0.5
region=$(readlink -f $bus/nvdimm-bridge0/ndbus0/region0)
set -- "$1" $bus/mem2/serial $bus/mem2/security/state $bus/mem2/security/sanitize $bus/mem2/firmware/mem2/data $bus/mem2/uevent $bus/mem2/pmem \
  $bus/endpoint4/CDAT $bus/region0/size $bus/region0/uuid $bus/decoder0.0/delete_region $bus/decoder0.0 $bus/mem2 "$region" \
  "$region/namespace_seed" "$region/pfn0.0/size" "$region/pfn0.0/resource" /sys/bus/cxl/drivers_probe /sys/bus/cxl/drivers/cxl_mem \
  /sys/bus/cxl/devices /sys/module/cxl_pci/initstate
"$@" /sys/kernel/debug/cxl/mem0/dpamem /sys/kernel/debug/cxl/mem0 /sys/kernel/debug/cxl/mbox/raw_allow_all
program=$1
shift # debugfs is root's, but here also that of whoever runs the platform
"$program" --as-nobody "$@" /sys/bus/cxl/flush /dev/cxl/mem0
