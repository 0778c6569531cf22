// The memdevs that a CXL region is made of, as far as its memory and its labels go. The rules by which it was made are
// emu/cxl's; here the records are only read.
#pragma once

#include <cstdint>

#include "emu/nd/media/xor_maps.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// The CXL region that a region of the dax or nd bus was made of, or nullptr.
[[nodiscard]] store::CxlRegionRecord* cxl_region_of(const store::Store& store, const store::RegionRecord& region);

struct CxlWay {
  store::CxlMemdevRecord* memdev = nullptr; // none: the region has no such position
  std::uint64_t start = 0;                  // device address
  std::uint64_t size = 0;                   // bytes
};
[[nodiscard]] CxlWay way_of(const store::Store& store, const store::CxlRegionRecord& region, std::uint32_t position);
// How the region's window deals out its granules.
[[nodiscard]] XorMaps xor_maps_of(const store::Store& store, const store::CxlRegionRecord& region);

} // namespace daxemu::nd
