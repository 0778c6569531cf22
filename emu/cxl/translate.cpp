#include "emu/cxl/translate.hpp"

#include <algorithm>

#include "emu/nd/media/cxl_ways.hpp"

namespace daxemu::cxl {

// cxl_dpa_to_hpa() backwards: granules go round the positions, each of which has its own one behind the other. For 3, 6
// and 12 ways too: what a decoder divides by 3 is the number of the round.
std::optional<DeviceAddress> to_device(const store::Store& store, const CxlRegionRecord& region, std::uint64_t offset) {
  if (offset >= region.size || region.ways == 0 || region.granularity == 0) {
    return std::nullopt;
  }
  const std::uint64_t dealt = nd::xor_maps_of(store, region).apply(offset);
  const std::uint64_t granule = dealt / region.granularity;
  const CxlDecoderRecord* endpoint = decoder_at(store, region.targets[granule % region.ways % store::kMaxCxlWays]);
  if (endpoint == nullptr || endpoint->port == 0) {
    return std::nullopt;
  }
  const std::uint64_t within = granule / region.ways * region.granularity + dealt % region.granularity;
  return DeviceAddress{port_of(store, *endpoint).uport, endpoint->dpa_start + within};
}

std::optional<RegionOffset> to_region(const store::Store& store, const CxlMemdevRecord& memdev, std::uint64_t dpa) {
  const std::span all = decoders(store);
  const auto decodes = [&](const CxlDecoderRecord& decoder) {
    return decoder.port != 0 && decoder.port == memdev.endpoint && is_enabled(decoder) && dpa >= decoder.dpa_start &&
           dpa - decoder.dpa_start < decoder.dpa_size;
  };
  const auto decoder = std::ranges::find_if(all, decodes);
  CxlRegionRecord* region = decoder == all.end() ? nullptr : region_at(store, decoder->region);
  if (region == nullptr || region->state != CxlRegionState::commit || region->granularity == 0) {
    return std::nullopt;
  }
  const std::uint64_t within = dpa - decoder->dpa_start;
  const std::uint64_t granule = within / region->granularity * region->ways + decoder->position;
  const std::uint64_t dealt = granule * region->granularity + within % region->granularity;
  return RegionOffset{region, nd::xor_maps_of(store, *region).apply(dealt)};
}

} // namespace daxemu::cxl
