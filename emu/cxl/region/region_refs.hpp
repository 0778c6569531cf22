// What a port knows of a region that goes through it: the decoder it has given it, how many endpoints of the region are
// below, and how many targets they need (struct cxl_region_ref in drivers/cxl/core/region.c). It is kept in that
// decoder. The caller holds a Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// The way from a port to an endpoint below it (struct cxl_ep).
struct Way {
  std::uint32_t dport = 0; // of the port
  std::uint32_t next = 0;  // the port that is next below; 0: the endpoint itself
};
[[nodiscard]] Way way_to(const store::Store& store, const CxlPortRecord& port, const CxlDecoderRecord& endpoint);

// The ports from the endpoint's up to that of the host bridge are its ancestors: these walk them. nullptr: the root.
[[nodiscard]] CxlPortRecord* above(const store::Store& store, const CxlPortRecord& port);
// The port of the host bridge that an endpoint decoder is below.
[[nodiscard]] CxlPortRecord& host_bridge_port(const store::Store& store, const CxlDecoderRecord& endpoint);

// cxl_rr_load(): the decoder that the port has for the region; nullptr: it knows nothing of it.
[[nodiscard]] CxlDecoderRecord* reference_in(const store::Store& store, const CxlPortRecord& port,
                                             const CxlRegionRecord& region);

// cxl_port_attach_region(). Errors: EBUSY (a region with higher addresses goes through the port; no decoder is free, or
// one before it is idle; the endpoint is known already), ENXIO (more targets than a decoder has).
Result<void> attach_port(const store::Store& store, CxlPortRecord& port, const CxlRegionRecord& region,
                         CxlDecoderRecord& endpoint);
// cxl_port_detach_region().
void detach_port(const store::Store& store, CxlPortRecord& port, const CxlRegionRecord& region,
                 CxlDecoderRecord& endpoint);

} // namespace daxemu::cxl
