// The space of a region: which of its addresses are in use. The kernel keeps a tree of resources; here the devices'
// ranges are the only truth, and their order is found when asked.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/store/store.hpp"

namespace daxemu::dax {

// Bytes of `region` in no device's range (dax_region_avail_size in drivers/dax/bus.c).
[[nodiscard]] std::uint64_t available_size(const store::Store& store, const store::RegionRecord& region);

// A range in use, with whom it belongs to.
struct Allocation {
  store::DeviceRecord* device = nullptr;
  std::uint32_t range = 0; // index into its ranges
  std::uint64_t start = 0;
  std::uint64_t end = 0; // first address behind it
};

// The lowest allocation that starts at or behind `from`.
[[nodiscard]] std::optional<Allocation> next_allocation(const store::Store& store, const store::RegionRecord& region,
                                                        std::uint64_t from);

// Is all of [start, start + size) within the region and in nobody's range? What __request_region() asks.
[[nodiscard]] bool is_free(const store::Store& store, const store::RegionRecord& region, std::uint64_t start,
                           std::uint64_t size);

} // namespace daxemu::dax
