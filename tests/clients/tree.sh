#!/bin/sh
# Lists every file and link that a device-dax brings into /sys: type, mode, links, size, path, target. Runs under daxemu
# and on a kernel's own device alike. Left out: sections and notes of modules, which are addresses and build ids of one
# build.
export LC_ALL=C
for root in /sys/bus/dax /sys/bus/nd /sys/class/nd /sys/devices/platform/hmem.0 /sys/devices/platform/e820_pmem \
  /sys/devices/platform/hmem_platform.0 /sys/bus/platform/drivers/hmem /sys/bus/platform/drivers/hmem_platform /sys/bus/platform/drivers/e820_pmem \
  /sys/module/device_dax /sys/module/fsdev_dax /sys/module/kmem /sys/module/dax_hmem /sys/module/dax_pmem /sys/module/nd_pmem \
  /sys/module/libnvdimm; do
  if [ -e "$root" ]; then
    find "$root" -path '*/sections/*' -o -path '*/notes/*' -o -type l -printf '%y %m nlink=%n size=%s %p -> %l\n' \
      -o -printf '%y %m nlink=%n size=%s %p\n'
  fi
done | sort -k5
