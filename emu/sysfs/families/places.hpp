// Where things are: names and absolute paths of the objects that links point at.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// "hmem.0", "region0" or "dax_region0": what the region itself is called on its bus.
void region_name(const Scope& scope, Text& out);
// "/sys/devices/platform/hmem.0", "/sys/devices/platform/e820_pmem/ndbus0/region0" or
// "/sys/devices/platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0".
void region_path(const Scope& scope, Text& out);
// The device that the region's dax devices hang below: an hmem region's own, or in a pmem region the dax of the nd bus
// that is bound, or was last.
void holder_path(const Scope& scope, Text& out);
// "dax0.0"
void device_name(const Scope& scope, Text& out);
// holder_path() + "/dax0.0"
void device_path(const Scope& scope, Text& out);
// "254:0"
void device_number(const Scope& scope, Text& out);

// Objects of the nd bus: "namespace0.0", the scope's region being the namespace's record, and the bus of the scope's
// region: "/sys/devices/platform/e820_pmem/ndbus0", or that of nvdimm-bridge0.
void namespace_name(const Scope& scope, Text& out);
void nd_bus_path(const Scope& scope, Text& out);
// The firmware's table of DIMMs: what its bus hangs below, an ACPI device or the platform device of the kernel's mock,
// and the bus. A platform with one has no e820_pmem.
[[nodiscard]] bool has_nfit(const Scope& scope);
[[nodiscard]] bool nfit_is_in_firmware_tree(const Scope& scope); // else it is a platform device
[[nodiscard]] bool has_nfit_machine(const Scope& scope);
[[nodiscard]] bool has_nfit_mock(const Scope& scope);
[[nodiscard]] bool is_nfit_mock(const Scope& scope);
void nfit_path(const Scope& scope, Text& out);
void nfit_bus_path(const Scope& scope, Text& out);
// What nd_pmem makes of a namespace: "pmem0", below its namespace, with its number, "259:1048575".
void disk_name(const Scope& scope, Text& out);
// ... and the namespace, pfn or btt that it is of.
void disk_owner_path(const Scope& scope, Text& out);
void disk_path(const Scope& scope, Text& out);
void disk_number(const Scope& scope, Text& out);
// BLOCK_EXT_MAJOR. Minors are the last ones, so that no disk of the machine has the same: it counts from 0.
inline constexpr std::uint32_t kDiskMajor = 259;
[[nodiscard]] constexpr std::uint32_t disk_minor(const store::RegionRecord& region) {
  constexpr std::uint32_t kRegions = 1024; // further namespaces of a region behind all of them
  return (1U << 20U) - 1 - region.id - kRegions * region.nd.namespace_id;
}
// "245:0", the number of ndctl0.
void nd_bus_number(const Scope& scope, Text& out);

} // namespace daxemu::sysfs
