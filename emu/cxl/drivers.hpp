// Drivers of the cxl bus and their things: what writes to `bind`, `unbind`, `drivers_probe` do (drivers/base/bus.c and
// the probe and remove functions of drivers/cxl), and what of cxl_pci. The caller holds a Change.
#pragma once

#include <array>
#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

enum class CxlDriver : std::uint32_t {
  port,          // cxl_port: ports and endpoints
  mem,           // cxl_mem: memN
  region,        // cxl_region: regionN
  dax_region,    // cxl_dax_region: dax_regionN
  nvdimm_bridge, // cxl_nvdimm_bridge: nvdimm-bridge0
  nvdimm,        // cxl_nvdimm: pmemN
  pmem_region,   // cxl_pmem_region: pmem_regionN
};
inline constexpr std::array<std::string_view, 7> kCxlDriverNames = {
    "cxl_port", "cxl_mem", "cxl_region", "cxl_dax_region", "cxl_nvdimm_bridge", "cxl_nvdimm", "cxl_pmem_region"};
// The last three have no `bind` and `unbind` (suppress_bind_attrs in drivers/cxl/pmem.c).
[[nodiscard]] constexpr bool has_bind(CxlDriver driver) {
  return driver < CxlDriver::nvdimm_bridge;
}

// bind_store(), unbind_store() of the driver, by the device's name. Errors: ENODEV (no such device, or not this
// driver's), EBUSY, and those of its probe (ENXIO of a region that is not committed, ...).
Result<void> bind(const store::Store& store, CxlDriver driver, std::string_view name);
Result<void> unbind(const store::Store& store, CxlDriver driver, std::string_view name);
// drivers_probe_store(): a probe that fails is no error. Errors: ENODEV.
Result<void> probe(const store::Store& store, std::string_view name);

// cxl_pci lets go of a memory device, or takes it again: memN is gone, and comes back (with the lowest free number, and
// partitioned as it was told: what a reset does on a machine). pcieport and its ports too, of which the cxl bus sees
// nothing. `name` is the function's ("0000:0d:00.0"). Errors: ENODEV, EBUSY (bound already).
Result<void> unbind_pci(const store::Store& store, std::string_view name);
Result<void> bind_pci(const store::Store& store, std::string_view name);
// `remove` of a PCI function: it and all below it are gone, mappings of it included.
Result<void> remove_pci(const store::Store& store, CxlPciRecord& pci);
// `rescan`: what was removed is found again.
void rescan_pci(const store::Store& store);

} // namespace daxemu::cxl
