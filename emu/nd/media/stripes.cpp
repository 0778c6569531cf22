#include "emu/nd/media/stripes.hpp"

#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/media/cxl_ways.hpp"

namespace daxemu::nd {

std::optional<RegionMedia> media_of(const store::Store& store, const store::RegionRecord& region) {
  const store::RegionRecord& whole = dax::nd::region_of_namespace(store, region);
  RegionMedia media;
  if (whole.nd.media_slot != 0) {
    media.start = whole.phys_start;
    media.parts[0] = {whole.nd.media_slot, 0};
    return media;
  }
  const store::CxlRegionRecord* behind = cxl_region_of(store, region);
  if (behind == nullptr) {
    return std::nullopt;
  }
  media.start = behind->start;
  media.ways = behind->ways;
  media.granularity = behind->granularity;
  media.maps = xor_maps_of(store, *behind);
  for (std::uint32_t position = 0; position < std::min<std::uint32_t>(behind->ways, store::kMaxCxlWays); ++position) {
    const CxlWay way = way_of(store, *behind, position);
    media.parts[position] = {way.memdev == nullptr ? 0 : way.memdev->bytes_slot, way.start};
  }
  return media;
}

} // namespace daxemu::nd
