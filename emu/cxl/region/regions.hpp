// Regions: what writes to the attributes of root decoders and of regions do (drivers/cxl/core/region.c). The caller
// holds a Change. Errors are the kernel's.
#pragma once

#include <string_view>

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// create_pmem_region_store(), create_ram_region_store(): `name` is a region's, as whoever writes has read it.
// Errors: EINVAL (no name of a region), EBUSY (not the next one's).
Result<CxlRegionRecord*> create_region(const store::Store& store, CxlDecoderRecord& root, CxlMode mode,
                                       std::string_view name);
// delete_region_store(). Errors: ENODEV (no such region below it).
Result<void> delete_region(const store::Store& store, CxlDecoderRecord& root, std::string_view name);

// uuid_store(). Errors: EINVAL (none), EBUSY (state, or another region's).
Result<void> set_uuid(const store::Store& store, CxlRegionRecord& region, const store::Uuid& uuid);
// interleave_ways_store(), interleave_granularity_store(), size_store().
Result<void> set_ways(const store::Store& store, CxlRegionRecord& region, std::uint64_t ways);
Result<void> set_granularity(const store::Store& store, CxlRegionRecord& region, std::uint64_t granularity);
Result<void> set_size(const store::Store& store, CxlRegionRecord& region, std::uint64_t size);
// targetN_store(): an endpoint decoder's name, or an empty line that takes it away.
Result<void> set_target(const store::Store& store, CxlRegionRecord& region, std::uint32_t position,
                        std::string_view text);
// commit_store().
Result<void> set_commit(const store::Store& store, CxlRegionRecord& region, bool commit);

} // namespace daxemu::cxl
