// The directories that other directories mention, each described in the file of its name.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

extern const Directory kRoot;         // root_directory.cpp: down to where emulated things begin
extern const Directory kDaxBus;       // dax_bus.cpp: /sys/bus/dax
extern const Directory kHmemPlatform; // hmem_platform.cpp: /sys/devices/platform/hmem_platform.0
extern const Directory kHmemPlatformDriver;
extern const Directory kHmemRegion;       // hmem_region.cpp: /sys/devices/platform/hmem.N
extern const Directory kHmemDriver;       // hmem_region.cpp: /sys/bus/platform/drivers/hmem
extern const Directory kDaxRegion;        // dax_region.cpp: the dax_region group
extern const Directory kDaxDevice;        // dax_device.cpp: daxX.Y
extern const Directory kE820Pmem;         // nd_platform.cpp: /sys/devices/platform/e820_pmem
extern const Directory kE820PmemDriver;   // nd_platform.cpp: /sys/bus/platform/drivers/e820_pmem
extern const Directory kNdClass;          // nd_platform.cpp: /sys/class/nd
extern const Directory kNdBus;            // nd_bus.cpp: /sys/bus/nd
extern const Directory kNdRegion;         // nd_region.cpp: regionN
extern const Directory kNdNamespace;      // nd_namespace.cpp: namespaceX.Y
extern const Directory kNdDisks;          // nd_disk.cpp: namespaceX.Y/block
extern const Directory kBlockClass;       // nd_disk.cpp: /sys/class/block, /sys/block
extern const Directory kBlockNumbers;     // nd_disk.cpp: /sys/dev/block
extern const Directory kNdBtt;            // nd_holder.cpp: bttX.Y
extern const Directory kNdPfn;            // nd_holder.cpp: pfnX.Y, daxX.Y of the nd bus
extern const Directory kMemoryBlocks;     // memory_block.cpp: /sys/devices/system/memory
extern const Directory kMemoryBusDevices; // memory_block.cpp: /sys/bus/memory/devices
extern const Directory kMemoryNodes;      // memory_node.cpp: /sys/devices/system/node
extern const Directory kNodeBusDevices;   // memory_node.cpp: /sys/bus/node/devices
extern const Directory kModules;          // modules.cpp: /sys/module

} // namespace daxemu::sysfs
