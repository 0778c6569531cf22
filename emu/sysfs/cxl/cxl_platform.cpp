// ACPI0017:00, the platform device that a topology hangs below, its driver (drivers/cxl/acpi.c), and what the firmware
// says of it and of the host bridges (drivers/acpi/device_sysfs.c).
#include "emu/sysfs/cxl/pci_parts.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/driver_override.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

store::PowerBits& power_of_platform(const Scope& scope) {
  return scope.store->cxl().acpi_power;
}
store::DriverOverride& override_of(const Scope& scope) {
  return scope.store->cxl().acpi_override;
}
// bind and unbind name the one device.
template <bool Binding>
Result<void> store_name(const Scope& scope, std::string_view text) {
  if (!same_text("ACPI0017:00", text)) {
    return fail(ENODEV);
  }
  return Binding ? bind_bound<"cxl_acpi">(override_of(scope)) : unbind_bound();
}

constexpr NodeSpec kPlatformNodes[] = {
    link("driver", fixed_target<"/sys/bus/platform/drivers/cxl_acpi">),
    attribute("driver_override", 0644, show_driver_override<override_of>, store_driver_override<override_of>),
    link("firmware_node", fixed_target<"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0017:00">),
    attribute("modalias", 0444, constant<"acpi:ACPI0017:">),
    directory("power", kPower<power_of_platform>),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, constant<"DRIVER=cxl_acpi\nMODALIAS=acpi:ACPI0017:">, store_uevent),
    directory("wakeup", kPlatformWakeups, devices_wake),
};
constexpr Family kRootFamily[] = {{each_root, directory("", kCxlPort)}};

constexpr NodeSpec kDriverNodes[] = {
    link("ACPI0017:00", fixed_target<"/sys/devices/platform/ACPI0017:00">),
    attribute("bind", 0200, nullptr, store_name<true>),
    link("module", fixed_target<"/sys/module/cxl_acpi">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_name<false>),
};

} // namespace

constinit const Directory kCxlPlatform = {kPlatformNodes, kRootFamily};
constinit const Directory kCxlAcpiDriver = {kDriverNodes};

} // namespace daxemu::sysfs
