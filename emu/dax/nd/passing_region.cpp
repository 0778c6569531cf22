#include "emu/dax/nd/passing_region.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/device/device_node.hpp"
#include "emu/dax/memory/left_memory.hpp"
#include "emu/dax/ranges.hpp"

namespace daxemu::dax {

using store::DeviceRecord;
using store::DeviceState;
using store::RegionRecord;
using store::Store;

RegionRecord* free_region_record(const Store& store) {
  const std::span<RegionRecord> known = store.regions();
  for (RegionRecord& region : known) {
    if (region.used.load() == 0 && !overlaps_left_memory(store, region.phys_start, region.size)) {
      return &region;
    }
  }
  return known.size() < store.region_table().size() ? &store.region_table()[known.size()] : nullptr;
}

Result<RegionRecord*> add_passing_region(const Store& store, const PassingRegion& spec) {
  RegionRecord* region = free_region_record(store);
  if (region == nullptr) {
    return fail(ENOMEM);
  }
  region->id = spec.id;
  region->kind = store::RegionKind::cxl;
  region->numa_node = spec.numa_node;
  region->target_node = spec.target_node;
  region->seed = 0;
  region->youngest = 0;
  region->phys_start = spec.phys_start;
  region->size = spec.size;
  region->align = kPmdSize; // cxl_dax_region_probe()
  region->cpus = {};
  region->nd = {};
  region->power = 0;
  region->cxl = spec.cxl;
  region->driver_override = {};
  const auto index = static_cast<std::uint32_t>(region - store.region_table().data());
  store::Platform& platform = store.platform();
  platform.regions_used.store(std::max(platform.regions_used.load(), index + 1), std::memory_order_release);
  region->used.store(1, std::memory_order_release);
  const auto device = create_whole_device(store, *region);
  if (!device) {
    region->used.store(0, std::memory_order_release);
    return tl::unexpected(device.error());
  }
  (*device)->memmap_on_memory = 1;
  return region;
}

void each_device_backwards(const Store& store, const RegionRecord& region, FunctionRef<void(DeviceRecord&)> each) {
  std::uint64_t below = UINT64_MAX; // those born later have had their turn
  for (;;) {
    DeviceRecord* youngest = nullptr;
    std::uint64_t rank = 0;
    for (DeviceRecord& device : store.devices()) {
      const bool is_of_it =
          device.state.load(std::memory_order_acquire) != DeviceState::absent && &store.region_of(device) == &region;
      if (is_of_it && device.id < below && (youngest == nullptr || device.id > rank)) {
        youngest = &device;
        rank = device.id;
      }
    }
    if (youngest == nullptr) {
      return;
    }
    below = rank;
    each(*youngest);
  }
}

void unregister_device(const Store& store, DeviceRecord& device) {
  if (const Driver* driver = driver_of(device); driver != nullptr) {
    (void)unbind(store, device, *driver);
  }
}

void free_device_bytes(const Store& store, DeviceRecord& device) {
  free_ranges(store, device);
  release_node(store, device);
  device.state.store(DeviceState::absent, std::memory_order_release);
}

} // namespace daxemu::dax
