// Decoders of a region that begin to decode and end (drivers/cxl/core/region.c and hdm.c). The caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// cxl_region_decode_commit(): each endpoint's decoder, then those of the ports above it. Errors: EBUSY (one is not the
// next of its port); all is undone then.
Result<void> commit_decoders(const store::Store& store, CxlRegionRecord& region);
// cxl_region_decode_reset() of all positions.
void reset_decoders(const store::Store& store, CxlRegionRecord& region);

} // namespace daxemu::cxl
