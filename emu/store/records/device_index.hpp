// From a device's name or its node to its record, without a look at all records: a table of hints in the records' own
// padding. A hint is believed only once the record has been looked at, so that an old one misleads nobody. Hints are
// made under the configuration lock, before what they lead to is there; so whoever finds none may say that no device
// has that name or node.
#pragma once

#include <cstdint>
#include <span>

#include "emu/store/records/records.hpp"

namespace daxemu::store {

// Up to so many devices all records are looked at: they are fewer than the hints would be to read.
inline constexpr std::size_t kFewDevices = 8;

[[nodiscard]] constexpr std::uint64_t key_of_name(std::uint32_t region_id, std::uint32_t id) {
  return id + std::uint64_t{region_id} * 97; // the first devices of regions are in groups of their own
}
[[nodiscard]] constexpr std::uint64_t key_of_node(std::uint64_t dev, std::uint64_t ino) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;
  return ((ino ^ (dev << 40U)) * kGolden) >> 24U;
}

// The hints that a key's may be among.
using DeviceHints = decltype(DeviceRecord::hints);
[[nodiscard]] inline DeviceHints& hints_of(std::span<DeviceRecord> table, std::uint64_t key) {
  return table[key % table.size()].hints;
}
inline constexpr std::uint16_t kMoreDevices = UINT16_MAX; // the last of a group that has no room for all

// Of what `find_hinted` was asked: the device, or whether it is certain that there is none.
struct Hinted {
  DeviceRecord* device = nullptr;
  bool certain = true;
};

// The first device that is hinted at for the key and of which `matches` is true. Lock-free, no allocation.
template <class Matches>
[[nodiscard]] Hinted find_hinted(std::span<DeviceRecord> table, std::uint64_t key, Matches&& matches) {
  Hinted found;
  for (const std::atomic<std::uint16_t>& hint : hints_of(table, key)) {
    const std::uint16_t number = hint.load(std::memory_order_acquire);
    if (number == kMoreDevices) {
      found.certain = false;
    } else if (number != 0 && number <= table.size() && matches(table[number - 1])) {
      return {&table[number - 1], true};
    }
  }
  return found;
}

// Hints at `device` for its name (its region's and its own number) as it is now, before it is there; for a node that it
// is about to have. Under the configuration lock, or while nobody else has the store.
void hint_at_name(std::span<RegionRecord> regions, std::span<DeviceRecord> table, const DeviceRecord& device);
void hint_at_node(std::span<RegionRecord> regions, std::span<DeviceRecord> table, const DeviceRecord& device,
                  const NodeRecord& node);

} // namespace daxemu::store
