// daxX.Y and what is below it (dev_dax_attributes and dax_mapping_attributes in drivers/dax/bus.c; dev, uevent, power,
// subsystem and driver come from drivers/base/core.c).
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/drivers.hpp"
#include "emu/sysfs/families.hpp"
#include "emu/sysfs/places.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

const store::RangeRecord& range(const Scope& scope) {
  return scope.device->ranges[scope.number];
}

Result<void> show_start(const Scope& scope, Text& out) {
  out.hex(range(scope).phys_start).put("\n");
  return {};
}
Result<void> show_end(const Scope& scope, Text& out) {
  out.hex(range(scope).phys_start + range(scope).size - 1).put("\n");
  return {};
}
Result<void> show_page_offset(const Scope& scope, Text& out) {
  out.hex(range(scope).pgoff).put("\n");
  return {};
}

constexpr NodeSpec kMappingNodes[] = {
    attribute("end", 0400, show_end),   attribute("page_offset", 0400, show_page_offset),
    directory("power", kPower),         attribute("start", 0400, show_start),
    attribute("uevent", 0644, nothing),
};
constinit const Directory kMapping = {kMappingNodes};

Result<void> show_align(const Scope& scope, Text& out) {
  out.number(scope.device->align).put("\n");
  return {};
}
Result<void> show_dev(const Scope& scope, Text& out) {
  device_number(scope, out);
  out.put("\n");
  return {};
}
Result<void> show_numa_node(const Scope& scope, Text& out) {
  out.number(scope.device->numa_node).put("\n");
  return {};
}
// A device without ranges shows its region's start (resource_show).
Result<void> show_resource(const Scope& scope, Text& out) {
  const store::DeviceRecord& device = *scope.device;
  out.hex(device.nr_ranges == 0 ? scope.region->phys_start : device.ranges[0].phys_start).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.number(scope.device->size.load(std::memory_order_acquire)).put("\n");
  return {};
}
Result<void> show_target_node(const Scope& scope, Text& out) {
  out.number(scope.device->target_node).put("\n");
  return {};
}
// dev_uevent(): the numbers, the node's name, the driver, then the bus's own (dax_bus_uevent).
Result<void> show_uevent(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(scope.store->platform().dax_major).put("\n");
  out.put("MINOR=").number(scope.device->minor).put("\n");
  out.put("DEVNAME=");
  device_name(scope, out);
  out.put("\n");
  if (const Driver* driver = driver_of(*scope.device)) {
    out.put("DRIVER=").put(driver->name).put("\n");
  }
  out.put("MODALIAS=dax:t0\n");
  return {};
}

void driver_target(const Scope& scope, Text& out) {
  if (const Driver* driver = driver_of(*scope.device)) {
    out.put("/sys/bus/dax/drivers/").put(driver->name);
  }
}

bool is_bound(const Scope& scope) {
  return driver_of(*scope.device) != nullptr;
}
bool has_target_node(const Scope& scope) {
  return scope.device->target_node >= 0;
}

constexpr NodeSpec kNodes[] = {
    attribute("align", 0644, show_align),
    attribute("dev", 0444, show_dev),
    link("driver", driver_target, is_bound),
    attribute("modalias", 0444, constant<"dax:t0">),
    attribute("numa_node", 0444, show_numa_node),
    directory("power", kPower),
    attribute("resource", 0400, show_resource),
    attribute("size", 0644, show_size),
    link("subsystem", fixed_target<"/sys/bus/dax">),
    attribute("target_node", 0444, show_target_node, nullptr, has_target_node),
    attribute("uevent", 0644, show_uevent),
};
constexpr Family kFamilies[] = {{each_mapping, directory("", kMapping)}};

} // namespace

constinit const Directory kDaxDevice = {kNodes, kFamilies};

} // namespace daxemu::sysfs
