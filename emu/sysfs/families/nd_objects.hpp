// What the directories of the nd bus have in common (drivers/nvdimm). The bus is the one of persistent memory that the
// firmware's memory map declares (nd_e820): no DIMMs, no commands, regions of one namespace each.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// Is there a pmem region, and with it a bus?
bool has_nd_bus(const Scope& scope);
// Is it that of e820_pmem?
bool has_e820(const Scope& scope);
// "245:0", if there is a bus.
void each_nd_bus_number(const Scope& scope, Members members);
// ".../ndbus0/nd/ndctl0"
void ndctl_path(const Scope& scope, Text& out);

// Pmem regions that nd_region has, as "regionN".
void each_bound_region(const Scope& scope, Members members);
// Namespaces of the scope's region, as "namespaceX.Y", while that is bound; the members' region is the record of the
// namespace (emu/dax/nd/nd_namespaces.hpp).
void each_namespace(const Scope& scope, Members members);
// The same of a region without, or with labels; none of the other.
void each_plain_namespace(const Scope& scope, Members members);
void each_labelled_namespace(const Scope& scope, Members members);
// Namespaces that have disks: all of them, or that of the scope's region if it has one; as "pmemX", and as the number.
// The device of the members is the one whose memory it is, their number the disk's (DISKSEQ).
void each_disk(const Scope& scope, Members members);
void each_disk_number(const Scope& scope, Members members);
// Those that are raw, as "namespaceX.Y".
void each_raw_namespace(const Scope& scope, Members members);
// Is there any? / has the namespace of the scope's region one? / that is nobody else's?
bool has_disks(const Scope& scope);
bool has_disk(const Scope& scope);
bool is_raw_disk(const Scope& scope);
// That of the scope's holder, as "pmemX".
void each_disk_of_holder(const Scope& scope, Members members);
// What can hold it: the region's btts, pfns and daxes, as "bttX.Y" and so on; the scope's number is the holder's index.
template <store::NdKind Kind>
void each_nd_holder(const Scope& scope, Members members);
// The dax that dax_pmem has.
void each_bound_dax(const Scope& scope, Members members);
// The pfns and btts that nd_pmem has.
void each_bound_block(const Scope& scope, Members members);

// The holder a scope is narrowed to, and what it is called.
[[nodiscard]] store::NdHolderRecord& holder_in(const Scope& scope);
void holder_name(const Scope& scope, Text& out);
// The scope of the namespace that the scope's holder has.
[[nodiscard]] Scope namespace_scope(const Scope& holder);

// Attributes every device of the bus has (nd_numa_attributes in drivers/nvdimm/bus.c).
Result<void> show_nd_numa_node(const Scope& scope, Text& out);
Result<void> show_nd_target_node(const Scope& scope, Text& out);
bool has_nd_target_node(const Scope& scope);

// The driver that is for a holder.
[[nodiscard]] std::string_view nd_driver(store::NdKind kind);
// nd_type_show() and the uevent's MODALIAS: of a btt or pfn the namespaces it is for, of a dax its own.
[[nodiscard]] std::string_view nd_devtype(store::NdKind kind);
[[nodiscard]] std::string_view nd_modalias(const store::RegionRecord& region, store::NdKind kind);

} // namespace daxemu::sysfs
