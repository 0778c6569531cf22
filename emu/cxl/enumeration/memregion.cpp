#include "emu/cxl/enumeration/memregion.hpp"

#include <algorithm>

#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {
namespace {

bool is_taken(const store::Store& store, std::uint32_t id) {
  const auto decoder_has = [&](const CxlDecoderRecord& decoder) {
    return decoder.port != 0 && is_root_decoder(store, decoder) && decoder.next_region == id;
  };
  const auto region_has = [&](const CxlRegionRecord& region) { return region.used != 0 && region.id == id; };
  // What a volatile CXL region has become has its number.
  const auto other_has = [&](const store::RegionRecord& region) {
    return region.used.load() != 0 && region.kind != store::RegionKind::cxl && region.id == id;
  };
  return std::ranges::any_of(decoders(store), decoder_has) || std::ranges::any_of(regions(store), region_has) ||
         std::ranges::any_of(store.regions(), other_has);
}

} // namespace

std::uint32_t next_memregion(const store::Store& store) {
  std::uint32_t id = 0;
  while (is_taken(store, id)) {
    ++id;
  }
  return id;
}

} // namespace daxemu::cxl
