// A persistent CXL region on the nd bus: which namespaces its labels make, what changes them, and who has them
// (drivers/nvdimm namespace_devs.c, region_devs.c, claim.c). Like emu/dax/nd.hpp, of which these functions use what
// they share, but for what regions with labels and memory of memdevs have more. Each takes any record of the nd bus:
// of a region without labels it does what that one does. The caller holds a Change.
#pragma once

#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// A way of the region (struct nd_mapping).
struct NdMapping {
  CxlMemdevRecord* memdev = nullptr;
  std::uint64_t start = 0; // device address
  std::uint64_t size = 0;  // bytes
};
[[nodiscard]] std::uint32_t mappings_of(const store::Store& store, const store::RegionRecord& region);
[[nodiscard]] NdMapping mapping_of(const store::Store& store, const store::RegionRecord& region,
                                   std::uint32_t position);
// nd_set->cookie1: the fletcher64 of the mappings' starts and serial numbers.
[[nodiscard]] std::uint64_t cookie_of(const store::Store& store, const store::RegionRecord& region);
// nd_region_available_dpa(), nd_region_allocatable_dpa(): what no namespace has, and the largest piece of it.
[[nodiscard]] std::uint64_t available_dpa(const store::Store& store, const store::RegionRecord& region);
[[nodiscard]] std::uint64_t allocatable_dpa(const store::Store& store, const store::RegionRecord& region);

// nd_region_probe(): namespaces by the labels, or an empty one. Errors: EBUSY, ENXIO (a DIMM without a driver), ENODEV
// (labels that contradict each other).
Result<void> bind_nd_region(const store::Store& store, store::RegionRecord& region);
// Errors: ENODEV.
Result<void> unbind_nd_region(const store::Store& store, store::RegionRecord& region);

// Those of emu/dax/nd.hpp of the same name without nd, with the bytes where they belong.
Result<void> bind_nd_dax(const store::Store& store, store::RegionRecord& region, store::NdHolderRecord& holder);
Result<void> unbind_nd_dax(const store::Store& store, store::RegionRecord& region, store::NdHolderRecord& holder);
Result<void> bind_nd_namespace(const store::Store& store, store::RegionRecord& space);
Result<void> unbind_nd_namespace(const store::Store& store, store::RegionRecord& space);

// What writes to a namespace's attributes do, of a region with labels. Its label follows, unless it is in use. Errors:
// EBUSY (somebody has it), and:
// ENXIO (no uuid yet, a DIMM without a driver, no room in one piece), EINVAL (not a multiple of the region's align),
// ENOSPC. 0: the namespace is deleted, its memory free.
Result<void> set_namespace_size(const store::Store& store, store::RegionRecord& space, std::uint64_t size);
// EINVAL (another namespace has it), EBUSY (it has one, and there is no label to change).
Result<void> set_namespace_uuid(const store::Store& store, store::RegionRecord& space, const store::Uuid& uuid);
// EINVAL (too long).
Result<void> set_namespace_name(const store::Store& store, store::RegionRecord& space, std::string_view name);
// EINVAL (512 and 4096 are known).
Result<void> set_namespace_sector(const store::Store& store, store::RegionRecord& space, std::uint64_t bytes);
Result<void> set_namespace_class(const store::Store& store, store::RegionRecord& space, store::NdKind kind);

} // namespace daxemu::cxl
