#include "emu/cxl/region/region_commit.hpp"

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/region/decoder_registers.hpp"
#include "emu/cxl/region/region_driver.hpp"
#include "emu/cxl/region/region_refs.hpp"
#include "emu/cxl/region/regions.hpp"

namespace daxemu::cxl {
namespace {

// cxl_decoder_commit(). A passthrough decoder has nothing to commit.
Result<void> commit(const store::Store& store, CxlDecoderRecord& decoder) {
  CxlPortRecord& port = port_of(store, decoder);
  if (port.passthrough != 0 || is_enabled(decoder)) {
    return {};
  }
  if (port.commit_end != decoder.id) {
    return fail(EBUSY);
  }
  ++port.commit_end;
  decoder.flags |= store::kCxlEnabled;
  program_registers(store, decoder);
  return {};
}

// cxl_decoder_reset(). One that is not the last stays in the count until all behind it are gone
// (cxl_port_commit_reap()).
void reset(const store::Store& store, CxlDecoderRecord& decoder) {
  CxlPortRecord& port = port_of(store, decoder);
  if (!is_enabled(decoder)) {
    return;
  }
  decoder.flags &= ~store::kCxlEnabled;
  if (port.commit_end != decoder.id + 1) {
    return;
  }
  --port.commit_end;
  while (port.commit_end != 0) {
    const CxlDecoderRecord* before = decoder_of(store, port, port.commit_end - 1);
    if (before == nullptr || is_enabled(*before)) {
      return;
    }
    --port.commit_end;
  }
}

void reset_reference(const store::Store& store, const CxlPortRecord& port, const CxlRegionRecord& region) {
  if (CxlDecoderRecord* decoder = reference_in(store, port, region); decoder != nullptr) {
    reset(store, *decoder);
  }
}

// From the host bridge down; the order is that of the kernel, but only the endpoints' could be seen from outside.
void reset_path(const store::Store& store, const CxlRegionRecord& region, CxlDecoderRecord& endpoint) {
  for (const CxlPortRecord* port = &host_bridge_port(store, endpoint); port != nullptr;
       port = port_at(store, way_to(store, *port, endpoint).next)) {
    reset_reference(store, *port, region);
  }
  reset(store, endpoint);
}

void reset_first(const store::Store& store, CxlRegionRecord& region, std::uint32_t count) {
  for (std::uint32_t position = count; position-- != 0;) {
    if (CxlDecoderRecord* endpoint = decoder_at(store, region.targets[position]); endpoint != nullptr) {
      reset_path(store, region, *endpoint);
    }
  }
  region.needs_reset = 0;
}

// From the endpoint up.
Result<void> commit_path(const store::Store& store, const CxlRegionRecord& region, CxlDecoderRecord& endpoint) {
  for (const CxlPortRecord* port = &port_of(store, endpoint); port != nullptr; port = above(store, *port)) {
    CxlDecoderRecord* decoder = reference_in(store, *port, region);
    if (decoder == nullptr) {
      return fail(ENXIO);
    }
    if (auto done = commit(store, *decoder); !done) {
      // What is at the failing port and below it.
      for (const CxlPortRecord* at = port; at != nullptr && at->kind != CxlPortKind::endpoint;
           at = port_at(store, way_to(store, *at, endpoint).next)) {
        reset_reference(store, *at, region);
      }
      reset(store, endpoint);
      return done;
    }
  }
  return {};
}

} // namespace

Result<void> commit_decoders(const store::Store& store, CxlRegionRecord& region) {
  for (std::uint32_t position = 0; position < region.nr_targets; ++position) {
    CxlDecoderRecord* endpoint = decoder_at(store, region.targets[position]);
    if (endpoint == nullptr) {
      continue;
    }
    if (auto done = commit_path(store, region, *endpoint); !done) {
      reset_first(store, region, position);
      return done;
    }
  }
  return {};
}

void reset_decoders(const store::Store& store, CxlRegionRecord& region) {
  reset_first(store, region, region.ways);
}

Result<void> set_commit(const store::Store& store, CxlRegionRecord& region, bool commit) {
  const bool is_committed = region.state >= CxlRegionState::commit;
  if (commit == is_committed) {
    return {};
  }
  if (!commit) {
    if (auto room = make_return_room(store, &region); !room) {
      return room;
    }
    region.state = CxlRegionState::reset_pending;
    release_region(store, region);
    reset_decoders(store, region);
    region.state = CxlRegionState::active;
    return {};
  }
  if (region.state < CxlRegionState::active) {
    return fail(ENXIO);
  }
  auto done = commit_decoders(store, region);
  if (done) {
    region.state = CxlRegionState::commit;
  }
  return done;
}

} // namespace daxemu::cxl
