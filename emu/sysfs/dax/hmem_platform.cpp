// hmem_platform.0: the platform device that finds soft-reserved memory (dax_hmem_platform_probe in
// drivers/dax/hmem/hmem.c, since 6.3), and its driver.
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/driver_override.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::string_view kName = "hmem_platform.0";

Result<void> show_uevent(const Scope&, Text& out) {
  out.put("DRIVER=hmem_platform\nMODALIAS=platform:hmem_platform\n");
  return {};
}
store::PowerBits& power_of(const Scope& scope) {
  return scope.store->platform().hmem_power;
}
store::DriverOverride& override_of(const Scope& scope) {
  return scope.store->platform().hmem_override;
}
template <bool Binding>
Result<void> store_name(const Scope& scope, std::string_view text) {
  if (!same_text(kName, text) || !has_hmem_platform(scope)) {
    return fail(ENODEV);
  }
  return Binding ? bind_bound<"hmem_platform">(override_of(scope)) : unbind_bound();
}

constexpr NodeSpec kNodes[] = {
    link("driver", fixed_target<"/sys/bus/platform/drivers/hmem_platform">),
    attribute("driver_override", 0644, show_driver_override<override_of>, store_driver_override<override_of>),
    attribute("modalias", 0444, constant<"platform:hmem_platform">),
    directory("power", kPower<power_of>),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, show_uevent, store_uevent),
};
constexpr Family kFamilies[] = {{each_hmem_region_below, directory("", kHmemRegion)}};

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr, store_name<true>),
    link("hmem_platform.0", fixed_target<"/sys/devices/platform/hmem_platform.0">, has_hmem_platform),
    link("module", fixed_target<"/sys/module/dax_hmem">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_name<false>),
};

} // namespace

constinit const Directory kHmemPlatform = {kNodes, kFamilies};
constinit const Directory kHmemPlatformDriver = {kDriverNodes};

} // namespace daxemu::sysfs
