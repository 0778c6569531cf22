// How a region's bytes are dealt out to its targets: granules in turn (CXL 3.0 8.2.4.19.13), in another order in each
// round where the window has XOR arithmetic. Each target has a stretch of device addresses, in which its granules lie
// one after the other; so any stretch of the region is one stretch of each target.
#pragma once

#include <algorithm>
#include <cstdint>

#include "emu/cxl/xor_maps.hpp"

namespace daxemu::cxl {

struct Stripes {
  std::uint64_t ways = 1;
  std::uint64_t granularity = 1; // bytes
  XorMaps maps;

  explicit Stripes(const store::CxlRegionRecord& region, XorMaps dealt_by = {})
      : ways(std::clamp<std::uint64_t>(region.ways, 1, store::kMaxCxlWays)),
        granularity(std::max<std::uint64_t>(region.granularity, 1)), maps(dealt_by) {}

  // Bytes of the target at `position` among the first `offset` bytes of the region: where in its stretch it is then.
  [[nodiscard]] std::uint64_t before(std::uint64_t offset, std::uint64_t position) const {
    const std::uint64_t round = ways * granularity;
    const std::uint64_t start = offset - offset % round;
    const std::uint64_t rest = offset % round;
    const std::uint64_t first = maps.apply(start + position * granularity) - start; // its granule of this round
    return start / ways + (rest <= first ? 0 : std::min(rest - first, granularity));
  }
  // The byte of the region that byte `at` of the target's stretch is.
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t at, std::uint64_t position) const {
    return maps.apply((at / granularity * ways + position) * granularity + at % granularity);
  }
  // Whose byte `offset` is, and how many from there on are, one after the other.
  [[nodiscard]] std::uint64_t position_of(std::uint64_t offset) const {
    return maps.apply(offset) / granularity % ways;
  }
  [[nodiscard]] std::uint64_t run_at(std::uint64_t offset) const {
    return ways == 1 ? UINT64_MAX - offset : granularity - offset % granularity;
  }
};

} // namespace daxemu::cxl
