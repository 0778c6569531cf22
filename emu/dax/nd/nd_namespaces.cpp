#include "emu/dax/nd/nd_namespaces.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/dax/nd/passing_region.hpp"

namespace daxemu::dax::nd {

using store::RegionRecord;
using store::Store;

RegionRecord* add_namespace(const Store& store, RegionRecord& region, std::uint64_t start, std::uint64_t size) {
  RegionRecord* space = free_region_record(store);
  if (space == nullptr) {
    return nullptr;
  }
  std::uint32_t id = 0; // ns_ida
  const auto has = [&](const RegionRecord& other) {
    return is_namespace_of(store, region, other) && other.nd.namespace_id == id;
  };
  while (std::any_of(store.regions().begin(), store.regions().end(), has)) {
    ++id;
  }
  space->id = region.id;
  space->kind = region.kind;
  space->numa_node = region.numa_node;
  space->target_node = region.target_node;
  space->seed = 0;
  space->youngest = 0;
  space->align = kPmdSize;
  space->cpus = region.cpus;
  space->cxl = region.cxl;
  space->nd = {};
  space->nd.parent = reference_of(store, region);
  space->nd.namespace_id = id;
  place_namespace(store, *space, start, size);
  store::Platform& platform = store.platform();
  platform.regions_used.store(std::max(platform.regions_used.load(), reference_of(store, *space)),
                              std::memory_order_release);
  space->used.store(1, std::memory_order_release);
  return space;
}

void place_namespace(const Store& store, RegionRecord& space, std::uint64_t start, std::uint64_t size) {
  space.phys_start = region_of_namespace(store, space).phys_start + (size == 0 ? 0 : start);
  space.size = size;
}

} // namespace daxemu::dax::nd
