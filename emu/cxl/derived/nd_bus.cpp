// The nd bus of nvdimm-bridge0, and its DIMMs. The bus is there while the bridge has its driver: nothing is kept of it.
#include "emu/cxl/derived/derived.hpp"
#include "emu/nd/dimm.hpp"

namespace daxemu::cxl {

Result<void> add_nd_bus(const store::Store&) {
  return {};
}

// unregister_nvdimm_bus(): cxl_nvdimm lets go of what is on it, and its regions go with it.
void remove_nd_bus(const store::Store& store) {
  for (CxlRegionRecord& region : regions(store)) {
    if (region.used != 0 && region.mode == CxlMode::pmem && region.region != 0) {
      remove_nd_region(store, region);
      region.derived_bound = 0;
    }
  }
  for (CxlMemdevRecord& memdev : memdevs(store)) {
    if (memdev.used != 0 && memdev.dimm != 0) {
      remove_dimm(store, memdev);
      memdev.nvdimm_unbound = 1;
    }
  }
}

Result<void> add_dimm(const store::Store& store, CxlMemdevRecord& memdev) {
  memdev.dimm = nd::free_dimm_number(store, {&memdev, nullptr}) + 1;
  memdev.dimm_unbound = store.platform().nd_autoprobe_off != 0 ? 1 : 0;
  return {};
}

void remove_dimm(const store::Store&, CxlMemdevRecord& memdev) {
  memdev.dimm = 0;
}

} // namespace daxemu::cxl
