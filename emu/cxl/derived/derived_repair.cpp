// What a changer that died has left between a region and what it becomes: either is put in order after the other.
#include "emu/cxl/derived/derived.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/dax/nd/passing_region.hpp"
#include "emu/nd/media/media.hpp"

namespace daxemu::cxl {
namespace {

using store::RegionRecord;

void add_again(const store::Store& store, CxlRegionRecord& region) {
  region.region = 0;
  const auto added = region.mode == CxlMode::ram ? add_dax_region(store, region) : add_nd_region(store, region);
  region.derived_bound = added ? 1 : 0;
}

// A region of the dax or nd bus of which its CXL region does not know.
void remove_orphan(const store::Store& store, RegionRecord& record, CxlRegionRecord* region) {
  const std::uint32_t number = dax::nd::reference_of(store, record);
  if (region != nullptr && region->region == 0) { // the memdevs get their bytes back
    region->region = number;
    if (record.kind == store::RegionKind::cxl) {
      remove_dax_region(store, *region);
    } else {
      remove_nd_region(store, *region);
    }
    return;
  }
  for (RegionRecord& part : store.regions()) {
    if (&part == &record || (part.used.load() != 0 && part.nd.parent == number)) {
      dax::each_device_backwards(store, part, [&](store::DeviceRecord& device) {
        dax::unregister_device(store, device);
        dax::free_device_bytes(store, device);
      });
      part.used.store(0, std::memory_order_release);
    }
  }
}

} // namespace

void settle_derived(const store::Store& store) {
  for (RegionRecord& record : store.regions()) {
    if (record.used.load() == 0 || record.cxl == 0 || record.nd.parent != 0) {
      continue;
    }
    CxlRegionRecord* region = region_behind(store, record);
    if (region == nullptr || region->region != dax::nd::reference_of(store, record)) {
      remove_orphan(store, record, region);
    }
  }
  const std::span<RegionRecord> records = store.regions();
  for (CxlRegionRecord& region : regions(store)) {
    const bool is_known = region.region != 0 && region.region <= records.size() &&
                          records[region.region - 1].used.load() != 0 &&
                          region_behind(store, records[region.region - 1]) == &region;
    if (region.used != 0 && region.region != 0 && !is_known) {
      add_again(store, region);
    }
  }
  for (store::DeviceRecord& device : store.devices()) {
    const bool is_there = device.state.load(std::memory_order_acquire) != store::DeviceState::absent;
    if (is_there && device.nr_ranges != 0 && device.has_media == 0 &&
        region_behind(store, store.region_of(device)) != nullptr && dax::renew_bytes(store, device)) {
      (void)nd::bring_media(store, device);
    }
  }
}

} // namespace daxemu::cxl
