// Where things are: absolute paths of the objects that links point at.
#pragma once

#include "emu/sysfs/schema.hpp"

namespace daxemu::sysfs {

// "hmem.0" and the like: the device that holds a region.
void region_name(const Scope& scope, Text& out);
// "/sys/devices/platform/hmem.0": the directory a region's devices hang below.
void region_path(const Scope& scope, Text& out);
// "dax0.0"
void device_name(const Scope& scope, Text& out);
// "/sys/devices/platform/hmem.0/dax0.0"
void device_path(const Scope& scope, Text& out);
// "254:0"
void device_number(const Scope& scope, Text& out);

} // namespace daxemu::sysfs
