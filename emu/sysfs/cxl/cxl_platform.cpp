// ACPI0017:00 (cxl_acpi.0 of the mock), the platform device that a topology hangs below, its driver
// (drivers/cxl/acpi.c), and what the firmware says of it and of the host bridges (drivers/acpi/device_sysfs.c).
#include "emu/cxl/enumeration/acpi.hpp"
#include "emu/cxl/written_name.hpp"
#include "emu/sysfs/cxl/pci/pci_parts.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/driver_override.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

store::PowerBits& power_of_platform(const Scope& scope) {
  return scope.store->cxl().acpi_power;
}
store::DriverOverride& override_of(const Scope& scope) {
  return scope.store->cxl().acpi_override;
}
// bind and unbind name the one device; what is written to driver_override keeps the driver from it.
Result<void> store_bind(const Scope& scope, std::string_view text) {
  const store::DriverOverride& only = override_of(scope);
  if (same_text(cxl::acpi_name(scope.store->cxl().state), text) && !only.empty() && only.view() != "cxl_acpi") {
    return fail(ENODEV);
  }
  return changing_cxl(scope, [&] { return cxl::bind_acpi(*scope.store, cxl::without_newline(text)); });
}
Result<void> store_unbind(const Scope& scope, std::string_view text) {
  return changing_cxl(scope, [&] { return cxl::unbind_acpi(*scope.store, cxl::without_newline(text)); });
}
bool is_acpi_bound(const Scope& scope) {
  return scope.store->cxl().state.acpi_unbound == 0;
}
std::string_view modalias_of(const Scope& scope) {
  return has_cxl_mock(scope) ? "platform:cxl_acpi" : "acpi:ACPI0017:";
}
Result<void> show_modalias(const Scope& scope, Text& out) {
  out.put(modalias_of(scope)).put("\n");
  return {};
}
Result<void> show_platform_uevent(const Scope& scope, Text& out) {
  out.put(is_acpi_bound(scope) ? "DRIVER=cxl_acpi\n" : "").put("MODALIAS=").put(modalias_of(scope)).put("\n");
  return {};
}
// cxl_acpi_probe() lets it wake the machine.
bool platform_wakes(const Scope& scope) {
  return devices_wake(scope) && is_acpi_bound(scope) && has_cxl_machine(scope);
}

constexpr NodeSpec kPlatformNodes[] = {
    link("driver", fixed_target<"/sys/bus/platform/drivers/cxl_acpi">, is_acpi_bound),
    attribute("driver_override", 0644, show_driver_override<override_of>, store_driver_override<override_of>),
    link("firmware_node", fixed_target<"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0017:00">, has_cxl_machine),
    attribute("modalias", 0444, show_modalias),
    directory("power", kPower<power_of_platform>),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, show_platform_uevent, store_uevent),
    directory("wakeup", kPlatformWakeups, platform_wakes),
};
constexpr Family kRootFamily[] = {{each_root, directory("", kCxlPort)}};

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr, store_bind),
    link("module", fixed_target<"/sys/module/cxl_acpi">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_unbind),
};
constexpr Family kDriverFamily[] = {{each_cxl_acpi, link("", acpi_path, is_acpi_bound)}};

} // namespace

constinit const Directory kCxlPlatform = {kPlatformNodes, kRootFamily};
constinit const Directory kCxlAcpiDriver = {kDriverNodes, kDriverFamily};

} // namespace daxemu::sysfs
