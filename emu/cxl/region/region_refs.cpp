#include "emu/cxl/region/region_refs.hpp"

#include <algorithm>

namespace daxemu::cxl {
namespace {

std::uint64_t bit_of(const CxlPortRecord& port) {
  return 1ULL << (port.depth % 64);
}

// The ancestor of an endpoint decoder at the depth of `port` is that port.
bool is_ancestor(const store::Store& store, const CxlPortRecord& port, const CxlDecoderRecord& endpoint) {
  for (const CxlPortRecord* at = &port_of(store, endpoint); at != nullptr; at = port_at(store, at->parent)) {
    if (at == &port) {
      return true;
    }
  }
  return false;
}

// Does the port know another endpoint of the region that is reached by the same port below?
bool shares_next(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region,
                 const CxlDecoderRecord& endpoint, bool and_memdev) {
  const std::uint32_t number = reference_of(store, region);
  const std::uint32_t next = way_to(store, port, endpoint).next;
  const auto shares = [&](const CxlDecoderRecord& other) {
    return other.port != 0 && &other != &endpoint && other.region == number && (other.ref_ports & bit_of(port)) != 0 &&
           is_ancestor(store, port, other) && (and_memdev || other.port != endpoint.port) &&
           way_to(store, port, other).next == next;
  };
  return std::ranges::any_of(decoders(store), shares);
}

// alloc_region_ref(): decoders are committed in the order of their addresses, so whoever comes later lies higher.
bool is_in_order(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region) {
  const std::uint32_t owner = reference_of(store, port);
  return std::ranges::none_of(decoders(store), [&](const CxlDecoderRecord& decoder) {
    const CxlRegionRecord* other = decoder.port == owner ? region_at(store, decoder.region) : nullptr;
    return other != nullptr && other->size != 0 && other->start >= region.start;
  });
}

// match_free_decoder(): the next one to be committed, if it has no region and all before it are enabled.
CxlDecoderRecord* free_decoder(const store::Store& store, const CxlPortRecord& port) {
  CxlDecoderRecord* next = decoder_of(store, port, port.commit_end);
  if (next == nullptr || next->region != 0) {
    return nullptr;
  }
  const std::uint32_t owner = reference_of(store, port);
  const auto is_idle_before = [&](const CxlDecoderRecord& decoder) {
    return decoder.port == owner && decoder.id < next->id && !is_enabled(decoder);
  };
  return std::ranges::any_of(decoders(store), is_idle_before) ? nullptr : next;
}

} // namespace

CxlPortRecord* above(const store::Store& store, const CxlPortRecord& port) {
  CxlPortRecord* parent = port_at(store, port.parent);
  return parent == nullptr || parent->kind == CxlPortKind::root ? nullptr : parent;
}

CxlPortRecord& host_bridge_port(const store::Store& store, const CxlDecoderRecord& endpoint) {
  CxlPortRecord* at = &port_of(store, endpoint);
  for (CxlPortRecord* next = above(store, *at); next != nullptr; next = above(store, *at)) {
    at = next;
  }
  return *at;
}

Way way_to(const store::Store& store, const CxlPortRecord& port, const CxlDecoderRecord& endpoint) {
  for (const CxlPortRecord* at = &port_of(store, endpoint); at != nullptr; at = port_at(store, at->parent)) {
    if (port_at(store, at->parent) == &port) {
      return {at->parent_dport, at->kind == CxlPortKind::endpoint ? 0 : reference_of(store, *at)};
    }
  }
  return {};
}

CxlDecoderRecord* reference_in(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region) {
  const std::uint32_t owner = reference_of(store, port);
  const std::uint32_t number = reference_of(store, region);
  const std::span all = decoders(store);
  const auto found = std::ranges::find_if(
      all, [&](const CxlDecoderRecord& decoder) { return decoder.port == owner && decoder.region == number; });
  return found == all.end() ? nullptr : &*found;
}

Result<void> attach_port(const store::Store& store, CxlPortRecord& port, const CxlRegionRecord& region,
                         CxlDecoderRecord& endpoint) {
  const bool is_endpoint = port.kind == CxlPortKind::endpoint;
  CxlDecoderRecord* decoder = reference_in(store, port, region);
  bool is_new_target = true;
  if (decoder != nullptr) {
    is_new_target =
        is_endpoint || way_to(store, port, endpoint).next == 0 || !shares_next(store, port, region, endpoint, false);
    decoder->ref_targets += is_new_target ? 1 : 0;
  } else {
    decoder = is_endpoint ? &endpoint : free_decoder(store, port);
    if (!is_in_order(store, port, region) || decoder == nullptr || decoder->region != 0) {
      return fail(EBUSY);
    }
    decoder->ref_endpoints = 0;
    decoder->ref_targets = 1;
    decoder->ref_targets_set = 0;
  }
  const bool is_known = !is_endpoint && (endpoint.ref_ports & bit_of(port)) != 0;
  const bool is_too_many = !is_endpoint && decoder->ref_targets > decoder->nr_targets;
  if (is_too_many || is_known) {
    decoder->ref_targets -= is_new_target ? 1 : 0;
    decoder->region = decoder->ref_endpoints == 0 ? 0 : decoder->region;
    return fail(is_too_many ? ENXIO : EBUSY);
  }
  endpoint.ref_ports |= is_endpoint ? 0 : bit_of(port);
  ++decoder->ref_endpoints;
  decoder->region = reference_of(store, region);
  return {};
}

void detach_port(const store::Store& store, CxlPortRecord& port, const CxlRegionRecord& region,
                 CxlDecoderRecord& endpoint) {
  CxlDecoderRecord* decoder = reference_in(store, port, region);
  if (decoder == nullptr) {
    return;
  }
  if (decoder == &endpoint) {
    --decoder->ref_endpoints;
  } else if ((endpoint.ref_ports & bit_of(port)) != 0) {
    endpoint.ref_ports &= ~bit_of(port);
    --decoder->ref_endpoints;
    if (!shares_next(store, port, region, endpoint, true)) {
      --decoder->ref_targets;
    }
  }
  if (decoder->ref_endpoints == 0) {
    decoder->region = 0;
  }
}

} // namespace daxemu::cxl
