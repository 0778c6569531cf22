// The things of a CXL topology by kind and reference: is it there, is it bound, where it is, what it says of itself. Of
// a topology as it is, or as it was before a change.
#pragma once

#include "emu/sysfs/families/cxl_paths.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// Of pmemN the reference is its memdev's, of dax_regionN and pmem_regionN their region's, of nvdimm-bridge0 it is 1.
enum class CxlKind : std::uint8_t { function, memdev, nvdimm, bridge, port, decoder, region, derived };
inline constexpr std::size_t kCxlKinds = 8;

// As many of a kind as were ever used.
[[nodiscard]] std::uint32_t cxl_count(const store::CxlState& state, CxlKind kind);
[[nodiscard]] bool is_cxl_there(const store::CxlState& state, CxlKind kind, std::uint32_t reference);
// Is there a driver that has it?
[[nodiscard]] bool is_cxl_bound(const store::CxlState& state, CxlKind kind, std::uint32_t reference);
// That driver, or the one that would; empty: none.
[[nodiscard]] std::string_view cxl_driver(const store::CxlState& state, CxlKind kind, std::uint32_t reference);
void cxl_thing_path(const store::CxlState& state, CxlKind kind, std::uint32_t reference, Text& out);
// Lines of KEY=VALUE: of a memdev the numbers and the node's name, then the type, the driver, and what cxl_bus_uevent()
// or pci_uevent() adds.
void cxl_variables(const store::CxlState& state, std::uint32_t major, CxlKind kind, std::uint32_t reference, Text& out);
// cxl_device_id() of drivers/cxl/core/port.c; devices of drivers that are modules find them by it.
[[nodiscard]] std::uint32_t cxl_device_id(const store::CxlState& state, CxlKind kind, std::uint32_t reference);

// "pci:v00008086d00000D93..." of functions of a kind.
void put_pci_alias(store::CxlPciKind kind, Text& out);

// Of a scope's thing: is it bound, and its `uevent` attribute.
template <CxlKind Kind>
bool is_bound(const Scope& scope) {
  return is_cxl_bound(scope.store->cxl().state, Kind, scope.cxl);
}
template <CxlKind Kind>
Result<void> show_cxl_uevent(const Scope& scope, Text& out) {
  cxl_variables(scope.store->cxl().state, scope.store->cxl().major, Kind, scope.cxl, out);
  return {};
}

} // namespace daxemu::sysfs
