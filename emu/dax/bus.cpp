#include "emu/dax/bus.hpp"

#include <algorithm>

#include "emu/dax/device/device_node.hpp"
#include "emu/dax/device/lowest_free.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/dax/region_space.hpp"
#include "emu/store/records/device_index.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;
using store::RegionRecord;
using store::Store;
using trace::because;
using trace::Reason;

std::uint32_t number_of(const Store& store, const DeviceRecord& device) {
  return static_cast<std::uint32_t>(&device - store.device_table().data()) + 1;
}

// __devm_create_dev_dax(), without ranges; absent until its state says otherwise. Errors: ENOMEM (the table is full).
Result<DeviceRecord*> add_empty(const Store& store, RegionRecord& region) {
  const std::span<DeviceRecord> table = store.device_table();
  const auto place = std::find_if(table.begin(), table.end(), [](const DeviceRecord& device) {
    return device.state.load() == DeviceState::absent && device.kept == 0;
  });
  if (place == table.end()) {
    return because(ENOMEM, Reason::store_table_full);
  }
  DeviceRecord& device = *place;
  device.region = static_cast<std::uint32_t>(&region - store.region_table().data());
  device.id = lowest_free(store, [&](const DeviceRecord& other) {
    return &store.region_of(other) == &region ? std::optional(other.id) : std::nullopt;
  });
  device.minor = lowest_free_minor(store);
  device.numa_node = region.numa_node;
  device.target_node = region.target_node;
  device.align = region.align;
  device.size = 0;
  device.nr_ranges = 0;
  device.slot = 0;
  device.stale_pages = 0;
  device.memmap_on_memory = 0;
  device.has_media = 0;
  device.kept = 0;
  device.node = {};
  device.node_slot = 0;
  device.backing = {};
  device.folios_location = {};
  device.image = {};
  device.behaviours = 0;
  device.snapshot = 0;
  device.cpus = region.cpus;
  for (store::CounterStripe& stripe : device.counters) {
    stripe.clear();
  }
  device.born = device.incarnation.fetch_add(1) + 1;
  const auto index = static_cast<std::uint32_t>(place - table.begin());
  store::Platform& platform = store.platform();
  if (index >= platform.devices_used.load()) {
    platform.devices_used.store(index + 1, std::memory_order_release);
  }
  return &device;
}

// It is there from now on: last, for readers take no lock.
void show(const Store& store, DeviceRecord& device) {
  store::hint_at_name(store.region_table(), store.device_table(), device);
  device.state.store(DeviceState::disabled, std::memory_order_release);
}

} // namespace

Result<DeviceRecord*> create_device(const Store& store, RegionRecord& region) {
  if (available_size(store, region) == 0) {
    return because(ENOSPC, Reason::region_is_full);
  }
  const auto device = add_empty(store, region);
  if (device) {
    show(store, **device);
    region.youngest = number_of(store, **device);
    if (region.seed == 0) {
      region.seed = region.youngest;
    }
  }
  return device;
}

Result<DeviceRecord*> create_whole_device(const Store& store, RegionRecord& region) {
  const auto device = add_empty(store, region);
  if (!device) {
    return device;
  }
  show(store, **device);
  if (auto sized = resize(store, **device, region.size); !sized) {
    release_node(store, **device);
    (*device)->state.store(DeviceState::absent, std::memory_order_release);
    return tl::unexpected(sized.error());
  }
  return device;
}

Result<DeviceRecord*> create_static_device(const Store& store, RegionRecord& region, std::uint32_t id) {
  const auto device = add_empty(store, region);
  if (device) {
    (*device)->id = id;
    (*device)->kept = 1;
  }
  return device;
}

Result<void> delete_device(const Store& store, DeviceRecord& device) {
  if (is_bound(device) || device.nr_ranges != 0 || device.id == 0) {
    const Reason reason = is_bound(device) ? Reason::device_is_bound : Reason::delete_not_empty;
    return because(EBUSY, {.reason = reason, .minor = device.minor});
  }
  RegionRecord& region = store.region_of(device);
  const std::uint32_t number = number_of(store, device);
  for (std::uint32_t* mention : {&region.seed, &region.youngest}) {
    *mention = *mention == number ? 0 : *mention;
  }
  release_node(store, device);
  device.state.store(DeviceState::absent, std::memory_order_release);
  return {};
}

} // namespace daxemu::dax
