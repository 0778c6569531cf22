// Calls for each thing of a kind, with its name and the scope narrowed to it.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// Regions of the hmem kind, as "hmem.N".
void each_hmem_region(const Scope& scope, Members members);
// The same where hmem_platform.0 is not their parent, and where it is (Profile::hmem_place).
void each_hmem_region_alone(const Scope& scope, Members members);
void each_hmem_region_below(const Scope& scope, Members members);
// Is there hmem_platform.0? It comes with the first soft-reserved memory.
[[nodiscard]] bool has_hmem_platform(const Scope& scope);
// Has that kernel a driver for it?
[[nodiscard]] bool has_hmem_platform_driver(const Scope& scope);
// Regions of the pmem kind, as "regionN".
void each_pmem_region(const Scope& scope, Members members);
// Those of them that the firmware's memory map declares, and no CXL region has become.
void each_e820_region(const Scope& scope, Members members);
// Devices on the dax bus: all of them, or those of the scope's region if it has one; as "daxX.Y".
void each_device(const Scope& scope, Members members);
// The same as "major:minor".
void each_device_number(const Scope& scope, Members members);
// Devices bound to the scope's driver.
void each_bound_device(const Scope& scope, Members members);
// Ranges of the scope's device, as "mappingN".
void each_mapping(const Scope& scope, Members members);

// The device a written name means (sysfs_streq), of the scope's region if it has one; nullptr: none.
[[nodiscard]] store::DeviceRecord* device_called(const Scope& scope, std::string_view text);

} // namespace daxemu::sysfs
