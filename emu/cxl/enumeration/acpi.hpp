// cxl_acpi takes what the firmware tells of (ACPI0017): root0 with the host bridges and the windows, a port for each
// host bridge, nvdimm-bridge0 (drivers/cxl/acpi.c). The caller holds a Change.
#pragma once

#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// The platform device that the topology hangs below: the firmware's, or that of the kernel's mock.
[[nodiscard]] constexpr std::string_view acpi_name(const store::CxlState& state) {
  return state.mock != 0 ? "cxl_acpi.0" : "ACPI0017:00";
}

// cxl_acpi_probe(), of the windows of the state; memdevs that are there find their ports then (cxl_bus_rescan()).
// Errors: ENOMEM (no record left).
Result<void> probe_acpi(const store::Store& store);

// Writes to `bind` and `unbind` of cxl_acpi. Without it there are memdevs, and no port, decoder, region or bridge.
// Errors: ENODEV (another name; not bound), EBUSY (bound), those of probe_acpi.
Result<void> bind_acpi(const store::Store& store, std::string_view name);
Result<void> unbind_acpi(const store::Store& store, std::string_view name);

} // namespace daxemu::cxl
