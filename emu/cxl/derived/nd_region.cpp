// Persistent CXL regions as regions of the nd bus (drivers/cxl/pmem.c): they come and go. Their namespaces are
// emu/nd's.
#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/cxl/derived/derived.hpp"
#include "emu/dax/memory/cxl_windows.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/dax/nd/passing_region.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::cxl {

using store::RegionRecord;
using store::Store;

Result<void> add_nd_region(const Store& store, CxlRegionRecord& region) {
  if (store.cxl().state.bridge_unbound != 0) {
    return fail(ENODEV);
  }
  for (std::uint32_t at = 0; at < std::min<std::uint32_t>(region.ways, store::kMaxCxlWays); ++at) {
    const CxlDecoderRecord* decoder = decoder_at(store, region.targets[at]);
    if (decoder == nullptr || memdev_of(store, *decoder).dimm == 0) {
      return fail(ENODEV);
    }
  }
  RegionRecord* record = dax::free_region_record(store);
  if (record == nullptr) {
    return fail(ENOMEM);
  }
  const CxlDecoderRecord* window = dax::window_at(store, region.start);
  record->id = region.id;
  record->kind = store::RegionKind::pmem;
  record->numa_node = 0; // memory_add_physaddr_to_nid()
  record->target_node = window == nullptr ? 0 : std::max(window->target_node, 0);
  record->seed = 0;
  record->youngest = 0;
  record->phys_start = region.start;
  record->size = region.size;
  record->align = kPmdSize;
  record->cpus = {};
  record->cxl = reference_of(store, region);
  record->nd = {};
  record->nd.labelled = 1;
  record->nd.unbound = 1;
  record->nd.align = nd::default_align(record->size, region.ways);
  store::Platform& platform = store.platform();
  const std::uint32_t number = dax::nd::reference_of(store, *record);
  platform.regions_used.store(std::max(platform.regions_used.load(), number), std::memory_order_release);
  record->used.store(1, std::memory_order_release);
  region.region = number;
  if (platform.nd_autoprobe_off == 0) {
    (void)nd::bind_region(store, *record); // one that is not probed is there all the same
  }
  return {};
}

void remove_nd_region(const Store& store, CxlRegionRecord& region) {
  const std::span<RegionRecord> records = store.regions();
  if (region.region == 0 || region.region > records.size()) {
    return;
  }
  RegionRecord& record = records[region.region - 1];
  (void)nd::unbind_region(store, record);
  record.used.store(0, std::memory_order_release);
  region.region = 0;
}

} // namespace daxemu::cxl
