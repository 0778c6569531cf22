#include "emu/dax/region_space.hpp"

#include <algorithm>

#include "emu/base/function_ref.hpp"

namespace daxemu::dax {
namespace {

using store::DeviceRecord;
using store::DeviceState;
using store::RegionRecord;

void each_allocation(const store::Store& store, const RegionRecord& region, FunctionRef<void(const Allocation&)> each) {
  for (DeviceRecord& device : store.devices()) {
    if (device.state.load(std::memory_order_acquire) == DeviceState::absent || &store.region_of(device) != &region) {
      continue;
    }
    const std::uint32_t count = std::min(device.nr_ranges, store::kMaxRanges);
    for (std::uint32_t at = 0; at < count; ++at) {
      const store::RangeRecord& range = device.ranges[at];
      each({&device, at, range.phys_start, range.phys_start + range.size});
    }
  }
}

} // namespace

std::uint64_t available_size(const store::Store& store, const RegionRecord& region) {
  std::uint64_t used = 0;
  each_allocation(store, region, [&](const Allocation& one) { used += one.end - one.start; });
  return region.size - std::min(used, region.size);
}

std::optional<Allocation> next_allocation(const store::Store& store, const RegionRecord& region, std::uint64_t from) {
  std::optional<Allocation> lowest;
  each_allocation(store, region, [&](const Allocation& one) {
    if (one.start >= from && (!lowest || one.start < lowest->start)) {
      lowest = one;
    }
  });
  return lowest;
}

bool is_free(const store::Store& store, const RegionRecord& region, std::uint64_t start, std::uint64_t size) {
  const std::uint64_t end = start + size;
  if (size == 0 || end < start || start < region.phys_start || end > region.phys_start + region.size) {
    return false;
  }
  bool free = true;
  each_allocation(store, region, [&](const Allocation& one) { free = free && (one.end <= start || end <= one.start); });
  return free;
}

} // namespace daxemu::dax
