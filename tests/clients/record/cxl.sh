#!/bin/sh
# A volatile region over two memdevs, given to device_dax, and a persistent one.
echo offline >/sys/devices/system/memory/auto_online_blocks
cxl create-region -d decoder0.0 -t ram -w 2 -m mem0 mem1
cxl create-region -d decoder0.1 -t pmem -m mem2
daxctl reconfigure-device -m devdax dax0.0
