// The directories that other directories mention, each described in the file of its name.
#pragma once

#include "emu/sysfs/schema.hpp"

namespace daxemu::sysfs {

extern const Directory kRoot;       // root_directory.cpp: down to where emulated things begin
extern const Directory kDaxBus;     // dax_bus.cpp: /sys/bus/dax
extern const Directory kHmemRegion; // hmem_region.cpp: /sys/devices/platform/hmem.N
extern const Directory kHmemDriver; // hmem_region.cpp: /sys/bus/platform/drivers/hmem
extern const Directory kDaxRegion;  // dax_region.cpp: the dax_region group
extern const Directory kDaxDevice;  // dax_device.cpp: daxX.Y
extern const Directory kPower;      // power.cpp: power/ of every device

} // namespace daxemu::sysfs
