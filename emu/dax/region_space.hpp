// The space of a region: which of its addresses are in use.
#pragma once

#include <cstdint>

#include "emu/store/store.hpp"

namespace daxemu::dax {

// Bytes of `region` in no device's range (dax_region_avail_size in drivers/dax/bus.c).
[[nodiscard]] std::uint64_t available_size(const store::Store& store, const store::RegionRecord& region);

} // namespace daxemu::dax
