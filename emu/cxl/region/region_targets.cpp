#include "emu/cxl/region/region_targets.hpp"

#include <algorithm>
#include <bit>

#include "emu/cxl/interleave.hpp"
#include "emu/cxl/region/region_refs.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::cxl {
namespace {

using trace::because;
using trace::Reason;

constexpr std::uint32_t kMostTargets = 8; // of one decoder

// Positions of the region that one dport of the port serves are so far apart: as many as the ports above it, and it
// itself, have targets.
std::uint32_t distance_at(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region) {
  std::uint32_t distance = root_decoder_of(store, region).ways;
  for (const CxlPortRecord* at = &port; at != nullptr; at = above(store, *at)) {
    const CxlDecoderRecord* decoder = reference_in(store, *at, region);
    distance *= decoder == nullptr ? 1 : decoder->ref_targets;
  }
  return distance;
}

// check_last_peer(): the endpoint before it at that dport is one `distance` before it in the region.
Result<void> check_peer(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region,
                        const CxlDecoderRecord& endpoint) {
  const std::uint32_t distance = distance_at(store, port, region);
  if (endpoint.position < distance) {
    return because(ENXIO, Reason::cxl_ports_unfit);
  }
  const CxlDecoderRecord* peer = decoder_at(store, region.targets[endpoint.position - distance]);
  if (peer == nullptr || way_to(store, port, *peer).dport != way_to(store, port, endpoint).dport) {
    return because(ENXIO, Reason::cxl_ports_unfit);
  }
  return {};
}

struct Interleave {
  std::uint32_t ways = 0;
  std::uint32_t granularity = 0;
};
// Of what is above the port: its parent's decoder, or the window, with the granularity of the region (they are the
// same, or the window has one way). Switches route by powers of two.
Interleave interleave_above(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region) {
  const CxlPortRecord* parent = above(store, port);
  if (parent == nullptr) {
    const std::uint32_t ways = root_decoder_of(store, region).ways;
    return {std::has_single_bit(ways) ? ways : ways / 3, region.granularity};
  }
  const CxlDecoderRecord* decoder = reference_in(store, *parent, region);
  return decoder == nullptr ? Interleave{} : Interleave{decoder->ways, decoder->granularity};
}

// How the port's decoder interleaves, when its first target is set.
Result<void> begin(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region,
                   CxlDecoderRecord& decoder) {
  const Interleave parent = interleave_above(store, port, region);
  const std::uint32_t ways = decoder.ref_targets;
  const std::uint32_t granularity = parent.granularity * parent.ways;
  if (!is_granularity(parent.granularity) || !is_ways(parent.ways) || !is_ways(ways) || !is_granularity(granularity)) {
    return because(EINVAL, Reason::cxl_ports_unfit);
  }
  if (ways > kMostTargets || ways > decoder.nr_targets || (port.passthrough == 0 && !can_decode(ways, granularity))) {
    return because(ENXIO, Reason::cxl_ports_unfit);
  }
  decoder.ways = ways;
  decoder.granularity = granularity;
  decoder.start = region.start;
  decoder.size = region.size;
  return {};
}

// cxl_port_setup_targets().
Result<void> setup_port(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region,
                        const CxlDecoderRecord& endpoint) {
  CxlDecoderRecord* decoder = reference_in(store, port, region);
  if (decoder == nullptr) {
    return because(ENXIO, Reason::cxl_ports_unfit);
  }
  if (!std::has_single_bit(decoder->ref_targets)) {
    return because(EINVAL, Reason::cxl_ports_unfit);
  }
  const std::uint32_t dport = way_to(store, port, endpoint).dport;
  if (decoder->ref_targets_set == 0) {
    if (auto begun = begin(store, port, region, *decoder); !begun) {
      return begun;
    }
  } else {
    const auto end = decoder->targets.begin() + decoder->ref_targets_set;
    if (std::find(decoder->targets.begin(), end, dport) != end) {
      return check_peer(store, port, region, endpoint);
    }
  }
  if (decoder->ref_targets_set == decoder->ref_targets) {
    return because(ENXIO, Reason::cxl_ports_unfit);
  }
  decoder->targets[decoder->ref_targets_set++] = dport;
  return {};
}

// From the host bridge down to the port above the endpoint.
Result<void> setup_path(const store::Store& store, const CxlRegionRecord& region, const CxlDecoderRecord& endpoint) {
  for (CxlPortRecord* port = &host_bridge_port(store, endpoint); port != nullptr;
       port = port_at(store, way_to(store, *port, endpoint).next)) {
    if (auto set = setup_port(store, *port, region, endpoint); !set) {
      return set;
    }
  }
  return {};
}

} // namespace

Result<void> setup_targets(const store::Store& store, const CxlRegionRecord& region) {
  for (std::uint32_t position = 0; position < region.nr_targets; ++position) {
    const CxlDecoderRecord* endpoint = decoder_at(store, region.targets[position]);
    if (endpoint == nullptr) {
      continue;
    }
    if (auto set = setup_path(store, region, *endpoint); !set) {
      teardown_targets(store, region);
      return set;
    }
  }
  return {};
}

void teardown_targets(const store::Store& store, const CxlRegionRecord& region) {
  for (std::uint32_t position = 0; position < region.nr_targets; ++position) {
    const CxlDecoderRecord* endpoint = decoder_at(store, region.targets[position]);
    if (endpoint == nullptr) {
      continue;
    }
    for (const CxlPortRecord* port = above(store, port_of(store, *endpoint)); port != nullptr;
         port = above(store, *port)) {
      if (CxlDecoderRecord* decoder = reference_in(store, *port, region); decoder != nullptr) {
        decoder->ref_targets_set = 0;
        decoder->start = 0;
        decoder->size = 0;
      }
    }
  }
}

} // namespace daxemu::cxl
