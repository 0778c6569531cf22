// Which memdevs a region of the nd bus is made of, and what of them is free.
#include <algorithm>

#include "emu/cxl/derived/nd_region.hpp"
#include "emu/dax/nd_namespaces.hpp"

namespace daxemu::cxl {

std::uint32_t mappings_of(const store::Store& store, const store::RegionRecord& region) {
  const CxlRegionRecord* behind = region_behind(store, region);
  return behind == nullptr ? 0 : std::min<std::uint32_t>(behind->ways, store::kMaxCxlWays);
}

NdMapping mapping_of(const store::Store& store, const store::RegionRecord& region, std::uint32_t position) {
  const CxlRegionRecord* behind = region_behind(store, region);
  const CxlDecoderRecord* decoder =
      behind == nullptr || position >= behind->targets.size() ? nullptr : decoder_at(store, behind->targets[position]);
  if (decoder == nullptr) {
    return {};
  }
  return {&memdev_of(store, *decoder), decoder->dpa_start, decoder->dpa_size};
}

std::uint64_t cookie_of(const store::Store& store, const store::RegionRecord& region) {
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  const auto add = [&](std::uint64_t value) {
    for (const std::uint64_t word : {value & UINT32_MAX, value >> 32U}) {
      low += static_cast<std::uint32_t>(word);
      high += low;
    }
  };
  for (std::uint32_t position = 0; position < mappings_of(store, region); ++position) {
    const NdMapping mapping = mapping_of(store, region, position);
    add(mapping.start);
    add(mapping.memdev == nullptr ? 0 : mapping.memdev->serial);
  }
  return high << 32U | low;
}

namespace {

// The first free bytes of the region at or behind `from`: [first, last); empty behind its last one.
struct Hole {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
Hole next_hole(const store::Store& store, const store::RegionRecord& region, std::uint64_t from) {
  std::uint64_t first = from;
  std::uint64_t last = region.size;
  for (bool moved = true; moved;) { // past all that begin before or at it
    moved = false;
    for (const store::RegionRecord& space : store.regions()) {
      const std::uint64_t start = space.phys_start - region.phys_start;
      if (dax::nd::is_namespace_of(store, region, space) && space.size > 0 && start <= first &&
          start + space.size > first) {
        first = start + space.size;
        moved = true;
      }
    }
  }
  for (const store::RegionRecord& space : store.regions()) {
    const std::uint64_t start = space.phys_start - region.phys_start;
    if (dax::nd::is_namespace_of(store, region, space) && space.size > 0 && start > first) {
      last = std::min(last, start);
    }
  }
  return {first, std::max(first, last)};
}

} // namespace

std::uint64_t available_dpa(const store::Store& store, const store::RegionRecord& region) {
  std::uint64_t free = 0;
  for (Hole hole = next_hole(store, region, 0); hole.first < region.size; hole = next_hole(store, region, hole.last)) {
    free += hole.last - hole.first;
  }
  return free;
}

std::uint64_t allocatable_dpa(const store::Store& store, const store::RegionRecord& region) {
  std::uint64_t largest = 0;
  for (Hole hole = next_hole(store, region, 0); hole.first < region.size; hole = next_hole(store, region, hole.last)) {
    largest = std::max(largest, hole.last - hole.first);
  }
  return largest;
}

} // namespace daxemu::cxl
