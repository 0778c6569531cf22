#include "emu/dax/nd/nd_device.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/device/device_bytes.hpp"
#include "emu/dax/device/lowest_free.hpp"
#include "emu/dax/memory/node_news.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/dax/undo.hpp"
#include "emu/store/records/device_index.hpp"

namespace daxemu::dax::nd {
namespace {

using store::DeviceRecord;
using store::DeviceState;
using store::RegionRecord;
using store::Store;

// Extents of another size in the same place: the bytes stay.
Result<void> change_extents(const Store& store, DeviceRecord& device, std::uint64_t align) {
  const Undo undo(store, device);
  const std::uint64_t old = device.align;
  device.align = align;
  auto adapted = adapt_bytes(store, device);
  if (!adapted) {
    device.align = old;
    return adapted;
  }
  device.image = {}; // it is of one kind of extent
  return {};
}

// Data that begins elsewhere: other bytes.
Result<void> change_place(const Store& store, DeviceRecord& device, store::RangeRecord range, std::uint64_t align) {
  free_ranges(store, device);
  device.align = align;
  if (auto reserved = reserve_bytes(store, device, range.size); !reserved) {
    return reserved;
  }
  device.ranges[0] = range;
  device.nr_ranges = 1;
  device.size.store(range.size, std::memory_order_release);
  return {};
}

} // namespace

DeviceRecord* device_of(const Store& store, const RegionRecord& region) {
  const std::uint32_t number = region.nd.device;
  return number == 0 || number > store.devices().size() ? nullptr : &store.devices()[number - 1];
}

store::Uuid new_uuid(const Store& store, const RegionRecord& region) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;
  std::uint64_t state = store.platform().created_ns + (region.id + 1 + 1024ULL * region.nd.namespace_id) * kGolden;
  const auto next = [&] { // splitmix64
    std::uint64_t mixed = state += kGolden;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31U);
  };
  store::Uuid uuid;
  for (std::size_t at = 0; at < uuid.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t bits = next();
    for (std::size_t byte = 0; byte < sizeof bits; ++byte) {
      uuid[at + byte] = static_cast<std::uint8_t>(bits >> (8 * byte));
    }
  }
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0fU) | 0x40U);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3fU) | 0x80U);
  return uuid;
}

Result<void> add_dax_device(const Store& store, RegionRecord& region, Bring bring) {
  if (region.nd.parent != 0 && region.nd.device == 0) {
    const auto made = create_static_device(store, region, region.nd.namespace_id);
    if (!made) {
      return tl::unexpected(made.error());
    }
    region.nd.device = static_cast<std::uint32_t>(*made - store.device_table().data()) + 1;
  }
  DeviceRecord* device = device_of(store, region);
  if (device == nullptr) {
    return fail(EINVAL);
  }
  const store::NdInfoBlock& info = region.nd.info;
  const store::RangeRecord range = {
      .pgoff = 0, .phys_start = region.phys_start + data_begin(region, info), .size = data_size(region, info)};
  Result<void> placed;
  if (device->nr_ranges != 1 || device->ranges[0].phys_start != range.phys_start ||
      device->ranges[0].size != range.size) {
    placed = change_place(store, *device, range, info.align);
  } else if (device->align != info.align) {
    placed = change_extents(store, *device, info.align);
  }
  if (auto brought = placed ? bring(*device) : placed; !brought) {
    return brought;
  }
  region.align = info.align;
  device->minor = lowest_free_minor(store);
  device->born = device->incarnation.fetch_add(1) + 1;
  store::hint_at_name(store.region_table(), store.device_table(), *device);
  device->state.store(DeviceState::enabled, std::memory_order_release);
  tell_watchers(device->node, NodeNews::came);
  return {};
}

void remove_dax_device(const Store& store, RegionRecord& region) {
  DeviceRecord* device = device_of(store, region);
  if (device == nullptr) {
    return;
  }
  if (const Driver* driver = driver_of(*device); driver != nullptr) {
    (void)unbind(store, *device, *driver);
  }
  device->kept = 1;
  device->incarnation.fetch_add(1);
  device->state.store(DeviceState::absent, std::memory_order_release);
  tell_watchers(device->node, NodeNews::went);
}

} // namespace daxemu::dax::nd
