#include "emu/cxl/region/region_driver.hpp"

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/enumeration/mem_probe.hpp"
#include "emu/dax/memory/left_memory.hpp"

namespace daxemu::cxl {

Result<void> probe_derived(const store::Store& store, CxlRegionRecord& region) {
  auto added = region.mode == CxlMode::ram ? add_dax_region(store, region) : add_nd_region(store, region);
  region.derived_bound = added ? 1 : 0;
  return added;
}

void release_derived(const store::Store& store, CxlRegionRecord& region) {
  if (region.derived_bound == 0) {
    return;
  }
  if (region.mode == CxlMode::ram) {
    remove_dax_region(store, region);
  } else {
    remove_nd_region(store, region);
  }
  region.derived_bound = 0;
}

Result<void> probe_region(const store::Store& store, CxlRegionRecord& region) {
  if (region.state < CxlRegionState::commit || region.needs_reset != 0) {
    return fail(ENXIO);
  }
  if (region.mode == CxlMode::pmem) {
    if (!has_nvdimm_bridge(store)) {
      return fail(ENODEV);
    }
    if (store.cxl().state.bridge_unbound != 0) {
      return fail(ENXIO);
    }
  } else if (dax::overlaps_left_memory(store, region.start, region.size)) {
    region.bound = 1; // part of it is on line as System RAM already: left to the kernel
    return {};
  }
  region.bound = 1;
  region.derived = 1;
  if (store.cxl().autoprobe_off == 0) {
    (void)probe_derived(store, region); // a device that no driver takes is one all the same
  }
  return {};
}

void release_region(const store::Store& store, CxlRegionRecord& region) {
  if (region.bound == 0) {
    return;
  }
  release_derived(store, region);
  region.derived = 0;
  region.bound = 0;
}

} // namespace daxemu::cxl
