#include "emu/dax/bind.hpp"

#include <algorithm>

#include "emu/dax/memory/memory_blocks.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;
using store::DriverIdRecord;
using store::Store;
using trace::because;
using trace::Reason;

std::uint32_t index_of(const Driver& driver) {
  return static_cast<std::uint32_t>(&driver - kDrivers.data());
}

DriverIdRecord* find_id(const Store& store, const Driver& driver, DriverId id) {
  for (DriverIdRecord& record : store.driver_ids()) {
    if (record.used != 0 && record.driver == index_of(driver) && record.region == id.region && record.id == id.id) {
      return &record;
    }
  }
  return nullptr;
}

// dax_match_type(): the driver that takes the device without being told to. In 6.1 device_dax took all of them.
const Driver& usual_driver(const Store& store, const DeviceRecord& device) {
  const bool soft_reserved = store::is_dynamic(store.region_of(device).kind); // IORESOURCE_DAX_KMEM
  return soft_reserved && store.profile().kmem_by_default ? kKmem : kDeviceDax;
}

// dax_bus_match()
bool matches(const Store& store, const DeviceRecord& device, const Driver& driver) {
  return has_driver(store.profile(), driver) &&
         (&driver == &usual_driver(store, device) || find_id(store, driver, id_of(store, device)) != nullptr);
}

// What device_dax and fsdev_dax begin with: a pgmap, which a dynamic device must not have yet, and its memory, of which
// some may still be RAM. Where that cannot be claimed dev_dax_probe() leaves the pgmap behind (fsdev_dax_probe() sets
// it later), and neither takes the device again.
Result<void> claim_pages(const Store& store, DeviceRecord& device, const Driver& driver) {
  const bool dynamic = store::is_dynamic(store.region_of(device).kind);
  if (device.stale_pages != 0) {
    return because(
        EINVAL, {.reason = Reason::page_map_left, .minor = device.minor}); // "dynamic-dax with pre-populated page map"
  }
  if (has_left_memory(store, device)) {
    device.stale_pages = dynamic && &driver == &kDeviceDax ? 1 : 0;
    return because(EBUSY, {.reason = Reason::memory_left,
                           .a = device.ranges[0].phys_start,
                           .b = device.ranges[0].phys_start + device.ranges[0].size - 1,
                           .minor = device.minor});
    // devm_request_mem_region(): "System RAM (kmem)" still has it
  }
  return {};
}

// dax_bus_probe() and the driver's own.
Result<void> probe_with(const Store& store, DeviceRecord& device, const Driver& driver) {
  if (is_bound(device)) {
    return because(EBUSY, {.reason = Reason::device_is_taken, .minor = device.minor});
  }
  if (device.nr_ranges == 0) {
    return because(ENXIO, {.reason = Reason::device_is_empty, .minor = device.minor});
  }
  if (auto claimed = &driver == &kKmem ? add_memory(store, device) : claim_pages(store, device, driver); !claimed) {
    return claimed;
  }
  device.state.store(driver.state, std::memory_order_release);
  if (&driver == &kKmem) {
    online_memory(store, device, store.platform().auto_online);
  }
  store::RegionRecord& region = store.region_of(device);
  const auto number = static_cast<std::uint32_t>(&device - store.device_table().data()) + 1;
  if (region.seed == number && store::is_dynamic(region.kind)) {
    region.seed = 0;
  }
  return {};
}

} // namespace

DriverId id_of(const Store& store, const DeviceRecord& device) {
  return {static_cast<std::int32_t>(store.region_of(device).id), static_cast<std::int32_t>(device.id)};
}

Result<void> bind(const Store& store, DeviceRecord& device, const Driver& driver) {
  if (!matches(store, device, driver)) {
    return because(ENODEV, {.reason = Reason::driver_does_not_match, .minor = device.minor});
  }
  return probe_with(store, device, driver);
}

Result<void> give(const Store& store, DeviceRecord& device, const Driver& driver) {
  if (!has_driver(store.profile(), driver)) {
    return because(ENODEV, {.reason = Reason::driver_missing, .minor = device.minor});
  }
  if (!matches(store, device, driver)) {
    if (auto known = add_driver_id(store, driver, id_of(store, device)); !known) { // which binds it, too, if it can
      return known;
    }
  }
  return driver_of(device) == &driver ? Result<void>() : bind(store, device, driver);
}

Result<void> unbind(const Store& store, DeviceRecord& device, const Driver& driver) {
  if (driver_of(device) != &driver) {
    return because(ENODEV, {.reason = Reason::not_its_driver, .minor = device.minor});
  }
  if (&driver == &kKmem) {
    remove_memory(store, device);
  }
  device.state.store(DeviceState::disabled, std::memory_order_release);
  device.incarnation.fetch_add(1); // kill_dev_dax(): every mapping of it is dead
  return {};
}

Result<void> add_driver_id(const Store& store, const Driver& driver, DriverId id) {
  if (find_id(store, driver, id) == nullptr) {
    const std::span<DriverIdRecord> table = store.driver_ids();
    const auto place =
        std::find_if(table.begin(), table.end(), [](const DriverIdRecord& record) { return record.used == 0; });
    if (place == table.end()) {
      return because(ENOMEM, Reason::store_table_full);
    }
    place->driver = index_of(driver);
    place->region = id.region;
    place->id = id.id;
    place->used = 1;
  }
  for (DeviceRecord& device : store.devices()) { // driver_attach()
    if (device.state.load() == DeviceState::disabled && matches(store, device, driver)) {
      (void)probe_with(store, device, driver);
    }
  }
  return {};
}

void remove_driver_id(const Store& store, const Driver& driver, DriverId id) {
  if (DriverIdRecord* record = find_id(store, driver, id); record != nullptr) {
    record->used = 0;
  }
}

void probe(const Store& store, DeviceRecord& device) {
  for (const Driver& driver : kDrivers) {
    if (matches(store, device, driver) && probe_with(store, device, driver)) {
      return;
    }
  }
}

} // namespace daxemu::dax
