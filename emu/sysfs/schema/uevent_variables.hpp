// What objects say of themselves in a uevent, and when their `uevent` attribute is read: lines of KEY=VALUE.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// dev_uevent() of daxX.Y: the numbers, the node's name, the driver, then the bus's own (dax_bus_uevent).
Result<void> dax_device_variables(const Scope& scope, Text& out);
// Of the nd bus: the type, the driver, then the bus's own (nvdimm_bus_uevent).
Result<void> nd_holder_variables(const Scope& scope, Text& out);
Result<void> nd_namespace_variables(const Scope& scope, Text& out);
// Of a disk: the numbers, the node's name, the type, and the scope's number (disk_uevent).
Result<void> nd_disk_variables(const Scope& scope, Text& out);
Result<void> nd_region_variables(const Scope& scope, Text& out);
Result<void> nd_dimm_variables(const Scope& scope, Text& out);

} // namespace daxemu::sysfs
