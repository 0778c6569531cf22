#include "emu/nd/media/cxl_ways.hpp"

namespace daxemu::nd {
namespace {

// What a reference (index + 1) names in a table of the topology; nullptr: 0, or out of it.
template <class Table>
auto* at(Table& table, std::uint32_t reference) {
  return reference == 0 || reference > table.size() ? nullptr : &table[reference - 1];
}

} // namespace

store::CxlRegionRecord* cxl_region_of(const store::Store& store, const store::RegionRecord& region) {
  store::CxlRegionRecord* behind = region.cxl == 0 ? nullptr : at(store.cxl().state.regions, region.cxl);
  return behind == nullptr || behind->used == 0 ? nullptr : behind;
}

CxlWay way_of(const store::Store& store, const store::CxlRegionRecord& region, std::uint32_t position) {
  store::CxlState& state = store.cxl().state;
  const store::CxlDecoderRecord* decoder =
      position >= region.targets.size() ? nullptr : at(state.decoders, region.targets[position]);
  const store::CxlPortRecord* endpoint = decoder == nullptr ? nullptr : at(state.ports, decoder->port);
  store::CxlMemdevRecord* memdev = endpoint == nullptr ? nullptr : at(state.memdevs, endpoint->uport);
  return memdev == nullptr ? CxlWay{} : CxlWay{memdev, decoder->dpa_start, decoder->dpa_size};
}

XorMaps xor_maps_of(const store::Store& store, const store::CxlRegionRecord& region) {
  const store::CxlDecoderRecord* root = at(store.cxl().state.decoders, region.root_decoder);
  return root != nullptr && (root->flags & store::kCxlXorArithmetic) != 0 ? XorMaps(root->nr_targets) : XorMaps();
}

} // namespace daxemu::nd
