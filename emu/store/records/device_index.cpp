#include "emu/store/records/device_index.hpp"

namespace daxemu::store {
namespace {

std::uint64_t name_key(std::span<RegionRecord> regions, const DeviceRecord& device) {
  return device.region < regions.size() ? key_of_name(regions[device.region].id, device.id) : 0;
}

// Does one of the device's keys belong to the group of hints? Whether the device is there does not matter: a hint comes
// before it.
bool is_of(std::span<RegionRecord> regions, std::span<DeviceRecord> table, const DeviceRecord& device,
           const DeviceHints& group) {
  const bool has_node = device.node.st_ino != 0;
  return &hints_of(table, name_key(regions, device)) == &group ||
         (has_node && &hints_of(table, key_of_node(device.node.st_dev, device.node.st_ino)) == &group);
}

void hint(std::span<RegionRecord> regions, std::span<DeviceRecord> table, const DeviceRecord& device,
          std::uint64_t key) {
  DeviceHints& group = hints_of(table, key);
  const auto number = static_cast<std::size_t>(&device - table.data()) + 1;
  std::atomic<std::uint16_t>* free = nullptr;
  for (std::atomic<std::uint16_t>& each : group) {
    const std::uint16_t has = each.load(std::memory_order_relaxed);
    if (has == number) {
      return;
    }
    const bool is_free =
        has != kMoreDevices && (has == 0 || has > table.size() || !is_of(regions, table, table[has - 1], group));
    free = is_free && free == nullptr ? &each : free;
  }
  if (free == nullptr || number >= kMoreDevices) {
    group.back().store(kMoreDevices, std::memory_order_release);
  } else {
    free->store(static_cast<std::uint16_t>(number), std::memory_order_release);
  }
}

} // namespace

void hint_at_name(std::span<RegionRecord> regions, std::span<DeviceRecord> table, const DeviceRecord& device) {
  hint(regions, table, device, name_key(regions, device));
}

void hint_at_node(std::span<RegionRecord> regions, std::span<DeviceRecord> table, const DeviceRecord& device,
                  const NodeRecord& node) {
  if (node.st_ino != 0) {
    hint(regions, table, device, key_of_node(node.st_dev, node.st_ino));
  }
}

} // namespace daxemu::store
