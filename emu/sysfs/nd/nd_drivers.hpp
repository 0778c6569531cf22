// The drivers of the nd bus, and what writes to their `bind`, `unbind` and to the bus's `drivers_probe` do
// (drivers/base/bus.c, nvdimm_bus_match and nvdimm_bus_probe in drivers/nvdimm/bus.c).
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

enum class NdDriver : std::uint8_t { dax_pmem, nd_pmem, nd_region, nvdimm };

// Errors: ENODEV (no such device, or the driver is not for it), those of the driver's probe (emu/dax/nd/nd.hpp).
Result<void> bind_nd(const Scope& scope, NdDriver driver, std::string_view name);
// Errors: ENODEV (no such device, or it is not bound to this driver).
Result<void> unbind_nd(const Scope& scope, NdDriver driver, std::string_view name);
// Errors: ENODEV (no such device). A probe that fails is none.
Result<void> probe_nd(const Scope& scope, std::string_view name);

} // namespace daxemu::sysfs
