// hmem.N: the platform device a dynamic region belongs to (drivers/dax/hmem), and its driver.
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/driver_override.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_numa_node(const Scope& scope, Text& out) {
  out.number(scope.region->numa_node).put("\n");
  return {};
}
// platform_uevent() adds MODALIAS=platform:<name without the instance>.
Result<void> show_uevent(const Scope&, Text& out) {
  out.put("DRIVER=hmem\nMODALIAS=platform:hmem\n");
  return {};
}
bool has_numa_node(const Scope& scope) {
  return scope.region->numa_node >= 0;
}

store::PowerBits& power_of_region(const Scope& scope) {
  return scope.region->power;
}
store::DriverOverride& override_of(const Scope& scope) {
  return scope.region->driver_override;
}
// bind and unbind name a region.
template <bool Binding>
Result<void> store_region_name(const Scope& scope, std::string_view text) {
  Result<void> result = fail(ENODEV);
  each_hmem_region(scope, [&](std::string_view name, const Scope& member) {
    const bool meant = same_text(name, text);
    if (meant) {
      result = Binding ? bind_bound<"hmem">(member.region->driver_override) : unbind_bound();
    }
    return !meant;
  });
  return result;
}

constexpr NodeSpec kNodes[] = {
    directory("dax_region", kDaxRegion),
    link("driver", fixed_target<"/sys/bus/platform/drivers/hmem">),
    attribute("driver_override", 0644, show_driver_override<override_of>, store_driver_override<override_of>),
    attribute("modalias", 0444, constant<"platform:hmem">),
    attribute("numa_node", 0444, show_numa_node, nullptr, has_numa_node),
    directory("power", kPower<power_of_region>),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, show_uevent, store_uevent),
};
constexpr Family kFamilies[] = {{each_device, directory("", kDaxDevice)}};

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr, store_region_name<true>),
    link("module", fixed_target<"/sys/module/dax_hmem">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, store_region_name<false>),
};
constexpr Family kDriverFamilies[] = {{each_hmem_region, link("", region_path)}};

} // namespace

constinit const Directory kHmemRegion = {kNodes, kFamilies};
constinit const Directory kHmemDriver = {kDriverNodes, kDriverFamilies};

} // namespace daxemu::sysfs
