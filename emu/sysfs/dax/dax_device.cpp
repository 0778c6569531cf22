// daxX.Y and what is below it (dev_dax_attributes and dax_mapping_attributes in drivers/dax/bus.c; dev, uevent, power,
// subsystem and driver come from drivers/base/core.c).
#include "emu/dax/ranges.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/sysfs/dax/kmem_attributes.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/parse.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"

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

store::PowerBits& power_of_mapping(const Scope& scope) {
  return scope.device->mapping_power[scope.number];
}

constexpr NodeSpec kMappingNodes[] = {
    attribute("end", 0400, show_end),
    attribute("page_offset", 0400, show_page_offset),
    directory("power", kPower<power_of_mapping>),
    attribute("start", 0400, show_start),
    attribute("uevent", 0644, nothing, store_uevent),
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

// Does something to the device while nobody else changes anything.
template <class Action>
Result<void> changing(const Scope& scope, Action&& action) {
  const std::uint32_t id = scope.device->id;
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  // Deleted since it was looked up: what it was given now would be nobody's (kernfs_get_active fails).
  if (scope.device->state.load() == store::DeviceState::absent || scope.device->id != id) {
    return fail(ENODEV);
  }
  return nd::with_media_returned(*scope.store, *scope.device, [&] { return action(*scope.store, *scope.device); });
}

Result<void> store_size(const Scope& scope, std::string_view text) {
  const auto size = parse_unsigned(text, 0);
  if (!size) {
    return tl::unexpected(size.error());
  }
  return changing(
      scope, [&](const store::Store& store, store::DeviceRecord& device) { return dax::resize(store, device, *size); });
}
// align_store() answers ENXIO to what is no number at all.
Result<void> store_align(const Scope& scope, std::string_view text) {
  const auto align = parse_unsigned(text, 0);
  if (!align) {
    return fail(ENXIO);
  }
  return changing(scope, [&](const store::Store& store, store::DeviceRecord& device) {
    return dax::set_align(store, device, *align);
  });
}
Result<void> store_mapping(const Scope& scope, std::string_view text) {
  const auto range = parse_range(text);
  if (!range) {
    return tl::unexpected(range.error());
  }
  return changing(scope, [&](const store::Store& store, store::DeviceRecord& device) {
    return dax::add_range(store, device, range->start, range->end - range->start + 1);
  });
}

void driver_target(const Scope& scope, Text& out) {
  if (const dax::Driver* driver = dax::driver_of(*scope.device)) {
    out.put("/sys/bus/dax/drivers/").put(driver->name);
  }
}

store::PowerBits& power_of_device(const Scope& scope) {
  return scope.device->power;
}
bool is_bound(const Scope& scope) {
  return dax::is_bound(*scope.device);
}
bool is_dynamic(const Scope& scope) {
  return store::is_dynamic(scope.region->kind);
}
bool is_static(const Scope& scope) {
  return !is_dynamic(scope);
}
bool has_target_node(const Scope& scope) {
  return scope.device->target_node >= 0;
}

constexpr NodeSpec kNodes[] = {
    attribute("align", 0644, show_align, store_align, is_dynamic),
    attribute("align", 0444, show_align, nullptr, is_static), // dev_dax_visible()
    attribute("dev", 0444, show_dev),
    link("driver", driver_target, is_bound),
    attribute("mapping", 0200, nullptr, store_mapping, is_dynamic),
    attribute("memmap_on_memory", 0644, show_memmap_on_memory, store_memmap_on_memory, has_memmap_on_memory),
    attribute("modalias", 0444, constant<"dax:t0">),
    attribute("numa_node", 0444, show_numa_node),
    directory("power", kPower<power_of_device>),
    attribute("resource", 0400, show_resource),
    attribute("size", 0644, show_size, store_size, is_dynamic),
    attribute("size", 0444, show_size, nullptr, is_static),
    attribute("state", 0644, show_kmem_state, store_kmem_state, has_kmem_state),
    link("subsystem", fixed_target<"/sys/bus/dax">),
    attribute("target_node", 0444, show_target_node, nullptr, has_target_node),
    attribute("uevent", 0644, dax_device_variables, store_uevent),
};
constexpr Family kFamilies[] = {{each_mapping, directory("", kMapping)}};

} // namespace

Result<void> dax_device_variables(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(scope.store->platform().dax_major).put("\n");
  out.put("MINOR=").number(scope.device->minor).put("\n");
  out.put("DEVNAME=");
  device_name(scope, out);
  out.put("\n");
  if (const dax::Driver* driver = dax::driver_of(*scope.device)) {
    out.put("DRIVER=").put(driver->name).put("\n");
  }
  out.put("MODALIAS=dax:t0\n");
  return {};
}

constinit const Directory kDaxDevice = {kNodes, kFamilies};

} // namespace daxemu::sysfs
