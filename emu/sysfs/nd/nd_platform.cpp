// e820_pmem: the platform device the nd bus hangs below, the bus itself, and its character device
// (drivers/nvdimm/e820.c, bus.c, core.c).
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/driver_override.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_dev(const Scope& scope, Text& out) {
  nd_bus_number(scope, out);
  out.put("\n");
  return {};
}
Result<void> show_ndctl_uevent(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(scope.store->platform().nd_major).put("\nMINOR=0\nDEVNAME=ndctl0\n");
  return {};
}
constexpr NodeSpec kNdctlNodes[] = {
    attribute("dev", 0444, show_dev),
    link("device", nd_bus_path),
    link("subsystem", fixed_target<"/sys/class/nd">),
    attribute("uevent", 0644, show_ndctl_uevent, store_uevent),
};
constinit const Directory kNdctl = {kNdctlNodes};
constexpr NodeSpec kNdNodes[] = {directory("ndctl0", kNdctl)};

constinit const Directory kFirmware = {};

constexpr NodeSpec kBusNodes[] = {
    attribute("commands", 0444, constant<"">), // none: nothing to ask a DIMM or the firmware
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_bus">),
    directory("firmware", kFirmware),
    directory("nd", kNdCharacter),
    attribute("provider", 0444, constant<"e820">),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("uevent", 0644, constant<"DRIVER=nd_bus\nMODALIAS=nd:t0">, store_uevent),
    attribute("wait_probe", 0444, constant<"1">),
};
constexpr Family kBusFamilies[] = {{each_e820_region, directory("", kNdRegion)}};
constinit const Directory kBus = {kBusNodes, kBusFamilies};

store::PowerBits& power_of_platform(const Scope& scope) {
  return scope.store->platform().e820_power;
}
store::DriverOverride& override_of(const Scope& scope) {
  return scope.store->platform().e820_override;
}
// bind and unbind name the one device.
template <bool Binding>
Result<void> store_name(const Scope& scope, std::string_view text) {
  if (!has_e820(scope) || !same_text("e820_pmem", text)) {
    return fail(ENODEV);
  }
  return Binding ? bind_bound<"e820_pmem">(override_of(scope)) : unbind_bound();
}

constexpr NodeSpec kPlatformNodes[] = {
    link("driver", fixed_target<"/sys/bus/platform/drivers/e820_pmem">),
    attribute("driver_override", 0644, show_driver_override<override_of>, store_driver_override<override_of>),
    attribute("modalias", 0444, constant<"platform:e820_pmem">),
    directory("ndbus0", kBus),
    directory("power", kPower<power_of_platform>),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, constant<"DRIVER=e820_pmem\nMODALIAS=platform:e820_pmem">, store_uevent),
};

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr, store_name<true>),
    link("e820_pmem", fixed_target<"/sys/devices/platform/e820_pmem">, has_e820),
    link("module", fixed_target<"/sys/module/nd_e820">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_name<false>),
};

constexpr NodeSpec kClassNodes[] = {link("ndctl0", ndctl_path, has_nd_bus)};
constexpr Family kClassFamilies[] = {{each_cxl_ndctl, link("", cxl_ndctl_path)}};

} // namespace

constinit const Directory kNdCharacter = {kNdNodes};
constinit const Directory kE820Pmem = {kPlatformNodes};
constinit const Directory kE820PmemDriver = {kDriverNodes};
constinit const Directory kNdClass = {kClassNodes, kClassFamilies};

} // namespace daxemu::sysfs
