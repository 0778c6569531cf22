// hmem.N: the platform device a dynamic region belongs to (drivers/dax/hmem), and its driver.
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/families.hpp"
#include "emu/sysfs/places.hpp"
#include "emu/sysfs/values.hpp"

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

constexpr NodeSpec kNodes[] = {
    directory("dax_region", kDaxRegion),
    link("driver", fixed_target<"/sys/bus/platform/drivers/hmem">),
    attribute("driver_override", 0644, constant<"(null)">),
    attribute("modalias", 0444, constant<"platform:hmem">),
    attribute("numa_node", 0444, show_numa_node, nullptr, has_numa_node),
    directory("power", kPower),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, show_uevent, store_uevent),
};
constexpr Family kFamilies[] = {{each_device, directory("", kDaxDevice)}};

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr),
    link("module", fixed_target<"/sys/module/dax_hmem">),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr),
};
constexpr Family kDriverFamilies[] = {{each_hmem_region, link("", region_path)}};

} // namespace

constinit const Directory kHmemRegion = {kNodes, kFamilies};
constinit const Directory kHmemDriver = {kDriverNodes, kDriverFamilies};

} // namespace daxemu::sysfs
