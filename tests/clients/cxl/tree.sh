#!/bin/sh
# tree.sh: every file, link and folder that a CXL bus has in /sys and /dev, with modes and contents; then the same in other states, as
# differences from the first (<: gone, >: new). Runs under daxemu and in a guest alike; names.awk takes out what differs between them.
# SYSFS_TREE is the program that lists.
# Left out: what of the bus is the PCI bus's own or power management's, whose times and counts are a machine's; notes and sections of
# modules, which are of one build.
export LC_ALL=C
bus=/sys/bus/cxl/devices
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quietly() {
  "$@" >/dev/null 2>&1
}
region() {
  quietly cxl create-region -d decoder0.0 -t "$@"
}
put() { # WORD FILE
  printf %s "$1" >"$bus/$2"
}
list() {
  [ -n "${DAXEMU_PLATFORM:-}" ] || sleep 0.5 # nothing is left to do under daxemu
  memdevs=$(for device in "$bus"/mem*; do readlink -f "$device"; done | sort)
  modules=$(for name in cxl_acpi cxl_core cxl_mem cxl_pci cxl_pmem cxl_port dax_cxl; do ls -d /sys/module/$name 2>/dev/null; done)
  # shellcheck disable=SC2086 # paths without blanks
  "${SYSFS_TREE:?}" /sys/bus/cxl /sys/devices/platform/ACPI0017:00 $memdevs /sys/bus/platform/drivers/cxl_acpi \
    /sys/bus/pci/drivers/cxl_pci /sys/bus/nd /sys/bus/dax /sys/class/nd /sys/kernel/debug/cxl $modules /dev/cxl |
    grep -v -e '/power/' -e '/power$' -e '/wakeup' -e '/notes' -e '/sections' -e '/srcversion' -e '/coresize' -e '/refcnt' |
    sed 's|/dev "[0-9]*:\([0-9]*\)\\n"$|/dev "N:\1\\n"|; s|^d \([0-7]*\) nlink=[0-9]* |d \1 |'
}
state() {
  echo "#### $1"
  list >"$work/now"
  awk 'FILENAME == first { before[$0] = 1; order[count++] = $0; next }
    { now[$0] = 1; if (!($0 in before)) fresh[fresh_count++] = $0 }
    END {
      for (i = 0; i < count; i++) if (!(order[i] in now)) print "< " order[i]
      for (i = 0; i < fresh_count; i++) print "> " fresh[i]
    }' count=0 fresh_count=0 first="$work/default" "$work/default" "$work/now"
}

sh "$(dirname "$0")/names.sh"
echo offline >/sys/devices/system/memory/auto_online_blocks
echo "#### default"
list >"$work/default"
cat "$work/default"
region ram -m mem0
state "a volatile region, its memory in system-ram mode and off line"
quietly daxctl reconfigure-device -f -m devdax dax0.0
state "in devdax mode"
quietly cxl disable-region region0
state "disabled"
quietly cxl destroy-region -f region0
state "destroyed"
region ram -w 2 -g 1024 -m mem1 mem0
quietly daxctl reconfigure-device -f -m devdax dax0.0
state "two memdevs in turn"
quietly cxl destroy-region -f region0
region pmem -U 12345678-1234-1234-1234-123456789abc -m mem2
state "a persistent region"
quietly ndctl create-namespace -m devdax
state "its namespace"
quietly ndctl destroy-namespace -f all
quietly cxl destroy-region -f region0
put "$(cat $bus/decoder0.1/create_ram_region)" decoder0.1/create_ram_region
state "a region of which nothing is known yet"
region=$(cd "$bus" && echo region*)
put 2 "$region/interleave_ways"
state "ways"
put 512 "$region/interleave_granularity"
put 0x20000000 "$region/size"
state "size"
for number in 0 1; do
  put ram "decoder$((2 + number)).0/mode"
  put 0x10000000 "decoder$((2 + number)).0/dpa_size"
done
state "memory of the devices"
put decoder2.0 "$region/target0"
state "a target"
put decoder3.0 "$region/target1"
state "all targets"
put 1 "$region/commit"
state "committed"
put "$region" decoder0.1/delete_region
state "deleted"
quietly cxl disable-memdev mem0
state "a memdev disabled"
