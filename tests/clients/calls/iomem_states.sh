#!/bin/sh
# iomem_states.sh hmem|pmem: the lines that /proc/iomem has for a region of 512M while its devices come and go, addresses
# as distances from the region's start. Under daxemu, or on a kernel's own: expected/iomem-*.txt are Linux 6.1's.
start=

# resources TITLE
resources() {
  echo "-- $1"
  inside=
  while IFS= read -r line; do
    case $line in
      *" : hmem."* | *" : Soft Reserved" | *" : dax"* | *" : Persistent Memory (legacy)") inside=yes ;;
      " "*) ;;
      *) inside= ;;
    esac
    [ -n "$inside" ] || continue
    range=${line%% : *}
    indent=${range%%[0-9a-f]*}
    range=${range#"$indent"}
    [ -n "$start" ] || start=$((0x${range%-*}))
    printf '%s%x-%x : %s\n' "$indent" $((0x${range%-*} - start)) $((0x${range#*-} - start)) "${line#* : }"
  done </proc/iomem
}

resources "as it was"
if [ "$1" = hmem ]; then
  device=/sys/bus/dax/devices/dax0.0
  daxctl disable-device dax0.0 >/dev/null 2>&1
  resources "disabled"
  echo 134217728 >$device/size
  resources "smaller, disabled"
  daxctl enable-device dax0.0 >/dev/null 2>&1
  resources "enabled"
  daxctl create-device -r 0 -s 64M >/dev/null 2>&1
  resources "two"
  daxctl create-device -r 0 -s 64M >/dev/null 2>&1
  daxctl disable-device dax0.1 >/dev/null 2>&1
  daxctl destroy-device dax0.1 >/dev/null 2>&1
  resources "a hole"
  daxctl create-device -r 0 -s 160M >/dev/null 2>&1
  resources "in two ranges"
  daxctl disable-device dax0.0 >/dev/null 2>&1
  daxctl reconfigure-device -m system-ram -N dax0.0 >/dev/null 2>&1
  resources "memory, offline"
  daxctl online-memory dax0.0 >/dev/null 2>&1
  resources "memory, online"
  daxctl reconfigure-device -m devdax -f dax0.0 >/dev/null 2>&1
  daxctl disable-device all >/dev/null 2>&1
  for id in 1 2; do
    daxctl destroy-device dax0.$id >/dev/null 2>&1
  done
  echo 201326592 >$device/size
  daxctl reconfigure-device -m system-ram -N dax0.0 >/dev/null 2>&1
  resources "memory, of one block and a half"
else
  ndctl disable-namespace namespace0.0 >/dev/null 2>&1
  resources "namespace disabled"
  ndctl enable-namespace namespace0.0 >/dev/null 2>&1
  resources "enabled"
  daxctl disable-device dax0.0 >/dev/null 2>&1
  resources "device disabled"
  daxctl enable-device dax0.0 >/dev/null 2>&1
  ndctl disable-region region0 >/dev/null 2>&1
  resources "region disabled"
  ndctl enable-region region0 >/dev/null 2>&1
  resources "enabled"
fi
echo "-- modules"
awk '$1 ~ /^(dax_hmem|nd_e820|kmem|dax_pmem|device_dax|nd_pmem|nd_btt|libnvdimm)$/ { sub(/nfit,/, ""); print $1, $2, $4, $5 }' /proc/modules | LC_ALL=C sort
