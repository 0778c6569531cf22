// A region of the nd bus that DIMMs make: a persistent CXL region, or one of the firmware's table of DIMMs: which
// namespaces its labels make, what changes them, and who has them (drivers/nvdimm namespace_devs.c, region_devs.c,
// claim.c). Like emu/dax/nd/nd.hpp, of which these functions use what they share, but for what regions with labels and
// memory of DIMMs have more. Each takes any record of the nd bus: of a region without labels it does what that one
// does. The caller holds a Change.
#pragma once

#include <string_view>

#include "emu/base/result.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// A way of the region (struct nd_mapping).
struct NdMapping {
  Dimm dimm;
  std::uint64_t start = 0; // device address
  std::uint64_t size = 0;  // bytes
};
[[nodiscard]] std::uint32_t mappings_of(const store::Store& store, const store::RegionRecord& region);
[[nodiscard]] NdMapping mapping_of(const store::Store& store, const store::RegionRecord& region,
                                   std::uint32_t position);
// Are they all nvdimm's?
[[nodiscard]] bool are_dimms_bound(const store::Store& store, const store::RegionRecord& region);
// What labels are known by (nd_region_interleave_set_cookie): the fletcher64 of the starts and serial numbers of the
// mappings, and where labels of version 1.2 are on DIMMs of the firmware's table of their vendor too
// (acpi_nfit_init_interleave_set, cxl_pmem_region_probe).
[[nodiscard]] std::uint64_t cookie_of(const store::Store& store, const store::RegionRecord& region);

// nd_region_available_dpa(), nd_region_allocatable_dpa(): what no namespace has, and the largest piece of it.
[[nodiscard]] std::uint64_t available_dpa(const store::Store& store, const store::RegionRecord& region);
[[nodiscard]] std::uint64_t allocatable_dpa(const store::Store& store, const store::RegionRecord& region);

// default_align() in drivers/nvdimm/region_devs.c.
[[nodiscard]] std::uint64_t default_align(std::uint64_t size, std::uint32_t mappings);
// nd_region_probe(): namespaces by the labels, or an empty one. Errors: EBUSY, ENXIO (a DIMM without a driver), ENODEV
// (labels that contradict each other).
Result<void> bind_region(const store::Store& store, store::RegionRecord& region);
// Errors: ENODEV.
Result<void> unbind_region(const store::Store& store, store::RegionRecord& region);

// Those of emu/dax/nd/nd.hpp of the same name without nd, with the bytes where they belong.
Result<void> bind_holder(const store::Store& store, store::RegionRecord& region, store::NdHolderRecord& holder);
Result<void> unbind_holder(const store::Store& store, store::RegionRecord& region, store::NdHolderRecord& holder);
Result<void> bind_namespace(const store::Store& store, store::RegionRecord& space);
Result<void> unbind_namespace(const store::Store& store, store::RegionRecord& space);
// After a changer that died while a namespace became a device or ceased to be one: it is none, and what the region is
// made of has its bytes. Else it does nothing. At the beginning of each change that is announced or of CXL's.
void settle_claims(const store::Store& store);

// What writes to a namespace's attributes do, of a region with labels. Its label follows, unless it is in use. Errors:
// EBUSY (somebody has it), and:
// ENXIO (no uuid yet, a DIMM without a driver, no room in one piece), EINVAL (not a multiple of the region's align),
// ENOSPC. 0: the namespace is deleted, its memory free.
Result<void> set_namespace_size(const store::Store& store, store::RegionRecord& space, std::uint64_t size);
// What no write does: it lies there. Errors: as above, ENOSPC (somebody else does, or it ends behind the region).
Result<void> set_namespace_place(const store::Store& store, store::RegionRecord& space, std::uint64_t start,
                                 std::uint64_t size);
// EINVAL (another namespace has it), EBUSY (it has one, and there is no label to change).
Result<void> set_namespace_uuid(const store::Store& store, store::RegionRecord& space, const store::Uuid& uuid);
// EINVAL (too long).
Result<void> set_namespace_name(const store::Store& store, store::RegionRecord& space, std::string_view name);
// EINVAL (512 and 4096 are known).
Result<void> set_namespace_sector(const store::Store& store, store::RegionRecord& space, std::uint64_t bytes);
// ENXIO (a btt, and the labels of its DIMMs are of several versions).
Result<void> set_namespace_class(const store::Store& store, store::RegionRecord& space, store::NdKind kind);

} // namespace daxemu::nd
