#!/bin/sh
# names.sh: what a machine decides about a CXL bus, one a line, for names.awk: PCI addresses, where the windows are, how large a
# memory block is. Runs under daxemu and in a guest alike.
export LC_ALL=C
bus=/sys/bus/cxl/devices
for link in "$bus"/root0/dport*; do
  echo "%% pci $(basename "$(readlink "$link")") bridge${link##*/dport}"
done
for device in $(for entry in "$bus"/mem*; do echo "${entry##*/}"; done | sort -V); do
  path=$(readlink -f "$bus/$device")
  path=${path%/*}
  echo "%% pci ${path##*/} pci-of-$device"
  level=0
  while path=${path%/*}; do
    case ${path##*/} in
      pci*) break ;;
    esac
    level=$((level + 1))
    echo "%% pci ${path##*/} above$level-$device"
  done
done
for decoder in "$bus"/decoder0.*; do
  echo "%% window ${decoder##*/decoder0.} $(cat "$decoder/start") $(cat "$decoder/size")"
done
echo "%% block $(cat /sys/devices/system/memory/block_size_bytes 2>/dev/null || echo 8000000)"
