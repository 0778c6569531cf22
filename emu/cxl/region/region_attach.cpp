#include "emu/cxl/region/region_attach.hpp"

#include "emu/cxl/enumeration/ports.hpp"
#include "emu/cxl/interleave.hpp"
#include "emu/cxl/region/region_commit.hpp"
#include "emu/cxl/region/region_driver.hpp"
#include "emu/cxl/region/region_refs.hpp"
#include "emu/cxl/region/region_targets.hpp"
#include "emu/cxl/region/regions.hpp"
#include "emu/cxl/written_name.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::cxl {
namespace {

using trace::because;
using trace::Reason;

// What the region and the decoder are must fit, before any position is looked at.
Result<void> check_kind(const store::Store& store, const CxlRegionRecord& region, const CxlDecoderRecord& endpoint) {
  if (!can_decode(region.ways, region.granularity)) {
    return because(ENXIO, Reason::cxl_ports_unfit);
  }
  if (endpoint.mode == CxlMode::none) {
    return because(store.profile().cxl_target_without_mode, Reason::cxl_no_mode);
  }
  if (endpoint.mode != region.mode) {
    return because(EINVAL, Reason::cxl_target_unfit);
  }
  if (region.state > CxlRegionState::interleave_active) {
    return because(EBUSY, Reason::cxl_region_settled);
  }
  if (region.state < CxlRegionState::interleave_active) {
    return because(ENXIO, Reason::cxl_region_unready);
  }
  return {};
}

Result<void> check_size(const CxlRegionRecord& region, const CxlDecoderRecord& endpoint) {
  if (endpoint.dpa_size == 0) {
    return because(ENXIO, Reason::cxl_no_dpa);
  }
  return endpoint.dpa_size * region.ways == region.size ? Result<void>{} : because(EINVAL, Reason::cxl_target_unfit);
}

// cxl_region_validate_position().
Result<void> check_position(const store::Store& store, const CxlRegionRecord& region, const CxlDecoderRecord& endpoint,
                            std::uint32_t position) {
  if (position >= region.ways) {
    return because(ENXIO, {.reason = Reason::cxl_position_range, .a = position, .b = region.ways});
  }
  const std::uint32_t there = region.targets[position];
  if (there == reference_of(store, endpoint)) {
    return {};
  }
  if (there != 0) {
    return because(EBUSY, {.reason = Reason::cxl_position_taken, .a = position});
  }
  for (std::uint32_t at = 0; at < region.ways; ++at) {
    const CxlDecoderRecord* other = decoder_at(store, region.targets[at]);
    if (other != nullptr && other->port == endpoint.port) {
      return because(EBUSY, {.reason = Reason::cxl_position_taken, .a = at}); // the memdev is in it already
    }
  }
  return {};
}

// cxl_region_attach_position(): the window sends this position to the host bridge, and each port on the way has room.
Result<void> attach_path(const store::Store& store, const CxlRegionRecord& region, CxlDecoderRecord& endpoint,
                         std::uint32_t position) {
  const CxlDecoderRecord& root = root_decoder_of(store, region);
  if (root.targets[position % root.ways] != host_bridge_port(store, endpoint).parent_dport) {
    return because(ENXIO, Reason::cxl_position_path);
  }
  for (CxlPortRecord* port = &port_of(store, endpoint); port != nullptr; port = above(store, *port)) {
    if (auto attached = attach_port(store, *port, region, endpoint); !attached) {
      // What another region has of it is not this one's to give back: ports know endpoints by region (cxl_rr_load()).
      if (endpoint.region != reference_of(store, region)) {
        return attached;
      }
      for (CxlPortRecord* at = &port_of(store, endpoint); at != nullptr; at = above(store, *at)) {
        detach_port(store, *at, region, endpoint);
      }
      return attached;
    }
  }
  return {};
}

} // namespace

Result<void> attach(const store::Store& store, CxlRegionRecord& region, CxlDecoderRecord& endpoint,
                    std::uint32_t position) {
  if (auto fits = check_kind(store, region, endpoint); !fits) {
    return fits;
  }
  if (region.nr_targets >= region.ways) {
    return because(EINVAL, Reason::cxl_region_full);
  }
  if (auto fits = check_size(region, endpoint); !fits) {
    return fits;
  }
  if (auto fits = check_position(store, region, endpoint, position); !fits) {
    return fits;
  }
  if (auto attached = attach_path(store, region, endpoint, position); !attached) {
    return attached;
  }
  region.targets[position] = reference_of(store, endpoint);
  endpoint.position = position;
  ++region.nr_targets;
  if (region.nr_targets == region.ways) {
    if (auto set = setup_targets(store, region); !set) {
      return set; // and it stays in its position, as in the kernel
    }
    region.state = CxlRegionState::active;
  }
  endpoint.ways = region.ways;
  endpoint.granularity = region.granularity;
  endpoint.start = region.start;
  endpoint.size = region.size;
  return {};
}

void detach(const store::Store& store, CxlDecoderRecord& endpoint) {
  CxlRegionRecord* region = region_at(store, endpoint.region);
  if (region == nullptr) {
    return;
  }
  release_region(store, *region); // while its bytes are still decoded
  if (region->state > CxlRegionState::active) {
    reset_decoders(store, *region);
    region->state = CxlRegionState::active;
  }
  for (CxlPortRecord* port = &port_of(store, endpoint); port != nullptr; port = above(store, *port)) {
    detach_port(store, *port, *region, endpoint);
  }
  if (endpoint.position >= region->ways || region->targets[endpoint.position] != reference_of(store, endpoint)) {
    return;
  }
  if (region->state == CxlRegionState::active) {
    region->state = CxlRegionState::interleave_active;
    teardown_targets(store, *region);
  }
  region->targets[endpoint.position] = 0;
  --region->nr_targets;
  endpoint.start = 0;
  endpoint.size = 0;
}

Result<void> set_target(const store::Store& store, CxlRegionRecord& region, std::uint32_t position,
                        std::string_view text) {
  if (is_empty_line(text)) {
    if (position >= region.ways) {
      return because(ENXIO, {.reason = Reason::cxl_position_range, .a = position, .b = region.ways});
    }
    if (CxlDecoderRecord* endpoint = decoder_at(store, region.targets[position]); endpoint != nullptr) {
      detach(store, *endpoint);
    }
    return {};
  }
  const Named named = find_on_bus(store, text);
  if (!named) {
    return because(ENODEV, Reason::cxl_no_endpoint);
  }
  if (named.decoder == nullptr || !is_endpoint_decoder(store, *named.decoder)) {
    return because(EINVAL, Reason::cxl_no_endpoint);
  }
  return attach(store, region, *named.decoder, position);
}

} // namespace daxemu::cxl
