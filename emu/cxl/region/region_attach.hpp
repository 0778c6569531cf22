// Endpoint decoders that become a region's targets, and leave it (drivers/cxl/core/region.c). The caller holds a
// Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// cxl_region_attach().
Result<void> attach(const store::Store& store, CxlRegionRecord& region, CxlDecoderRecord& endpoint,
                    std::uint32_t position);
// cxl_region_detach(): a committed region is reset, its driver let go.
void detach(const store::Store& store, CxlDecoderRecord& endpoint);

} // namespace daxemu::cxl
