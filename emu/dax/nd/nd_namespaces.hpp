// Regions of the nd bus with labels have namespaces that come and go. Each has a RegionRecord of its own, as far as it
// is a stretch of memory that somebody uses: a record whose nd.parent is the region. That of a region without labels is
// the region's own.
#pragma once

#include <cstdint>

#include "emu/store/store.hpp"

namespace daxemu::dax::nd {

[[nodiscard]] inline std::uint32_t reference_of(const store::Store& store, const store::RegionRecord& region) {
  return static_cast<std::uint32_t>(&region - store.region_table().data()) + 1;
}
// The region that a namespace is in.
[[nodiscard]] inline store::RegionRecord& region_of_namespace(const store::Store& store, store::RegionRecord& space) {
  return space.nd.parent == 0 ? space : store.region_table()[(space.nd.parent - 1) % store.region_table().size()];
}
[[nodiscard]] inline const store::RegionRecord& region_of_namespace(const store::Store& store,
                                                                    const store::RegionRecord& space) {
  return space.nd.parent == 0 ? space : store.region_table()[(space.nd.parent - 1) % store.region_table().size()];
}
// The namespace that a holder of the region has.
[[nodiscard]] inline store::RegionRecord& namespace_of(const store::Store& store, store::RegionRecord& region,
                                                       const store::NdHolderRecord& holder) {
  return holder.space == 0 ? region : store.region_table()[(holder.space - 1) % store.region_table().size()];
}
// Is it one of the region, which has labels?
[[nodiscard]] inline bool is_namespace_of(const store::Store& store, const store::RegionRecord& region,
                                          const store::RegionRecord& space) {
  return space.used.load(std::memory_order_acquire) != 0 && space.nd.parent == reference_of(store, region);
}

// namespaceX.Y with the lowest free Y, of bytes [start, start + size) of the region. nullptr: no record is left.
store::RegionRecord* add_namespace(const store::Store& store, store::RegionRecord& region, std::uint64_t start,
                                   std::uint64_t size);
// Its bytes are others; a namespace of no size has no place.
void place_namespace(const store::Store& store, store::RegionRecord& space, std::uint64_t start, std::uint64_t size);

} // namespace daxemu::dax::nd
