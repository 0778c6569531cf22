// Regions of the dax bus that come and go while the platform lives: what drivers/dax/cxl.c makes of a CXL region. Their
// records are used again. The caller holds a Change.
#pragma once

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

struct PassingRegion {
  std::uint32_t id = 0;
  std::int32_t numa_node = -1;
  std::int32_t target_node = 0;
  std::uint64_t phys_start = 0;
  std::uint64_t size = 0; // bytes, a multiple of 2M
  std::uint32_t cxl = 0;  // reference of the CXL region
};

// alloc_dax_region() and devm_create_dev_dax(): the region with one device of all of it, bound to nothing yet; neither
// its seed nor its youngest, which are those of `create`. Errors: ENOMEM (no record, no file or no pages for it).
Result<store::RegionRecord*> add_passing_region(const store::Store& store, const PassingRegion& spec);

// A record for a region that comes, which nobody sees until it is `used`; nullptr: there is none left. One whose memory
// is RAM still, as kmem could not take it back, is not free: its name is that memory's.
[[nodiscard]] store::RegionRecord* free_region_record(const store::Store& store);

// Calls for each device of the region, its first one last: in the order in which they go (devm_release_all).
void each_device_backwards(const store::Store& store, const store::RegionRecord& region,
                           FunctionRef<void(store::DeviceRecord&)> each);

// unregister_dev_dax(): the driver lets go of it, its mappings are dead, it is no more. Its bytes stay until
// free_device_bytes().
void unregister_device(const store::Store& store, store::DeviceRecord& device);
void free_device_bytes(const store::Store& store, store::DeviceRecord& device);

} // namespace daxemu::dax
