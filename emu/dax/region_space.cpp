#include "emu/dax/region_space.hpp"

#include <algorithm>

namespace daxemu::dax {

std::uint64_t available_size(const store::Store& store, const store::RegionRecord& region) {
  std::uint64_t used = 0;
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load(std::memory_order_acquire) == store::DeviceState::absent ||
        &store.region_of(device) != &region) {
      continue;
    }
    const std::uint32_t count = std::min(device.nr_ranges, store::kMaxRanges);
    for (std::uint32_t at = 0; at < count; ++at) {
      used += device.ranges[at].size;
    }
  }
  return region.size - std::min(used, region.size);
}

} // namespace daxemu::dax
