// cxl_region takes a committed region, and what that becomes is there (cxl_region_probe() in
// drivers/cxl/core/region.c). The caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// Errors: ENXIO (not committed; persistent, and nvdimm-bridge0 has no driver), ENODEV (no bridge).
Result<void> probe_region(const store::Store& store, CxlRegionRecord& region);
// device_release_driver(): dax_regionN or pmem_regionN is gone. Nothing if it has no driver.
void release_region(const store::Store& store, CxlRegionRecord& region);

// cxl_dax_region or cxl_pmem_region takes it. Errors: those of add_dax_region and add_nd_region.
Result<void> probe_derived(const store::Store& store, CxlRegionRecord& region);
void release_derived(const store::Store& store, CxlRegionRecord& region);

} // namespace daxemu::cxl
