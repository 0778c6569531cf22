#include "emu/nd/media/return_room.hpp"

#include "emu/cxl/derived/derived.hpp"

namespace daxemu::cxl {

Result<void> make_return_room(const store::Store& store, const CxlRegionRecord* of) {
  return nd::make_return_room(store, [&](const store::RegionRecord& whole) {
    const CxlRegionRecord* region = region_behind(store, whole);
    return region != nullptr && (of == nullptr || region == of);
  });
}

} // namespace daxemu::cxl
