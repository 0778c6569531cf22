// Holders of a region as they come: what nd.cpp and nd_probe.cpp share.
#pragma once

#include "emu/store/store.hpp"

namespace daxemu::dax::nd {

// A new bttX.Y, pfnX.Y or daxX.Y with the lowest free number of its kind; nullptr: the table is full.
store::NdHolderRecord* add_holder(store::RegionRecord& region, store::NdKind kind);
// One that waits for a namespace (nd_region_create_btt_seed and so on).
void add_seed(store::RegionRecord& region, store::NdKind kind);

} // namespace daxemu::dax::nd
