// What a CXL region becomes: a dax region (ram; drivers/dax/cxl.c) or a region of the nd bus below nvdimm-bridge0
// (pmem; drivers/cxl/pmem.c), and where its bytes are. Called by the probe and remove functions of drivers.hpp; the
// caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// cxl_dax_region_probe(): a dynamic dax region (RegionKind::cxl) of the region's number, host addresses and node, with
// one device of all of it, memmap_on_memory, which kmem takes by itself where the profile's kernel says so. Sets
// region.region. The bytes are those that the memdevs have, as the decoders interleave them.
// Errors: ENOMEM (no file or pages for it, no record left), ENOSPC.
Result<void> add_dax_region(const store::Store& store, CxlRegionRecord& region);
// Its devices are unbound, their mappings gone, their bytes back in the memdevs.
void remove_dax_region(const store::Store& store, CxlRegionRecord& region);

// cxl_pmem_region_probe(): nvdimm_pmem_region_create() on the bridge's nd bus. Its namespaces are what the labels of
// the memdevs say. Sets region.region. Errors: ENODEV (no bridge, or a memdev without nmemN), ENOMEM.
Result<void> add_nd_region(const store::Store& store, CxlRegionRecord& region);
void remove_nd_region(const store::Store& store, CxlRegionRecord& region);

// cxl_nvdimm_bridge_probe() and cxl_nvdimm_probe(): the nd bus (ndbus0, provider CXL) below nvdimm-bridge0, and nmemN.
Result<void> add_nd_bus(const store::Store& store);
void remove_nd_bus(const store::Store& store);
Result<void> add_dimm(const store::Store& store, CxlMemdevRecord& memdev);
void remove_dimm(const store::Store& store, CxlMemdevRecord& memdev);

// Room in the memdevs for what the devices of `region` (nullptr: of all regions) have of them: asked for before any of
// them is let go of. Errors: ENOSPC (a full disk or tmpfs), ENOMEM; nothing has changed then.
Result<void> make_return_room(const store::Store& store, const CxlRegionRecord* region);

// After a changer that died: regions and what they have become know of each other again. Else it does nothing.
void settle_derived(const store::Store& store);

} // namespace daxemu::cxl
