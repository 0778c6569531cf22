// What the directories of the nd bus have in common (drivers/nvdimm). The bus is the one of persistent memory that the
// firmware's memory map declares (nd_e820): no DIMMs, no commands, regions of one namespace each, all of it one devdax.
#pragma once

#include "emu/sysfs/schema.hpp"

namespace daxemu::sysfs {

// Is there a pmem region, and with it a bus?
bool has_nd_bus(const Scope& scope);
// "245:0", if there is a bus.
void each_nd_bus_number(const Scope& scope, Members members);
// ".../ndbus0/nd/ndctl0"
void ndctl_path(const Scope& scope, Text& out);
// The namespace of the scope's region, as "namespaceX.Y", with its device in the scope.
void each_namespace(const Scope& scope, Members members);
// The nd_dax that holds it, as "daxX.0".
void each_nd_dax(const Scope& scope, Members members);
// Objects that nothing uses yet, as "bttX.0", "pfnX.0" and "daxX.1".
void each_btt(const Scope& scope, Members members);
void each_pfn(const Scope& scope, Members members);
void each_dax_seed(const Scope& scope, Members members);

// Attributes every device of the bus has (nd_numa_attributes in drivers/nvdimm/bus.c).
Result<void> show_nd_numa_node(const Scope& scope, Text& out);
Result<void> show_nd_target_node(const Scope& scope, Text& out);
bool has_nd_target_node(const Scope& scope);

} // namespace daxemu::sysfs
