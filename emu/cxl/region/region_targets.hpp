// The ports of a region that has all its endpoints: which of their dports its decoders target, in which order and at
// which granularity (cxl_region_setup_targets() in drivers/cxl/core/region.c). The caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// Errors: EINVAL (a number of targets below a port that is no power of two, a granularity that becomes too large),
// ENXIO (positions that do not fit the tree of ports; more targets than a decoder has). What was set is undone then.
Result<void> setup_targets(const store::Store& store, const CxlRegionRecord& region);
// cxl_region_teardown_targets(): decoders of ports that still know the region decode nothing.
void teardown_targets(const store::Store& store, const CxlRegionRecord& region);

} // namespace daxemu::cxl
