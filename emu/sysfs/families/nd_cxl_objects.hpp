// The nd bus below nvdimm-bridge0 (drivers/cxl/pmem.c): the bus, its DIMMs, which memdevs are, and its regions. It is
// the second one where persistent memory of the firmware's memory map has one too.
#pragma once

#include "emu/cxl/objects.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

[[nodiscard]] bool has_cxl_nd_bus(const Scope& scope);
void each_cxl_nd_bus(const Scope& scope, Members members);       // "ndbus0"
void each_cxl_ndctl(const Scope& scope, Members members);        // "ndctl0", the scope's number its minor
void each_cxl_ndctl_number(const Scope& scope, Members members); // "244:0"
void cxl_nd_bus_name(const Scope& scope, Text& out);
void cxl_nd_bus_path(const Scope& scope, Text& out);
void cxl_ndctl_path(const Scope& scope, Text& out);
void each_cxl_nd_region(const Scope& scope, Members members); // "region0"

// DIMMs of both kinds of bus, as "nmem0"; the scope's `dimm` is nd::reference_of() of one. Which bus a member is of is
// its own to say.
void each_dimm(const Scope& scope, Members members);
// The same of one bus.
void each_cxl_dimm(const Scope& scope, Members members);
void each_nfit_dimm(const Scope& scope, Members members);
void each_bound_dimm(const Scope& scope, Members members);  // that nvdimm has
void each_dimm_number(const Scope& scope, Members members); // "243:0"
[[nodiscard]] nd::Dimm dimm_in(const Scope& scope);
void dimm_name(const Scope& scope, Text& out);
void dimm_path(const Scope& scope, Text& out);
[[nodiscard]] std::uint32_t dimm_major(const store::Store& store);

} // namespace daxemu::sysfs
