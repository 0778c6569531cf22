// How a region's bytes are dealt out to its targets: granules in turn (CXL 3.0 8.2.4.19.13, modulo arithmetic). Each
// target has a stretch of device addresses, in which its granules lie one after the other; so any stretch of the region
// is one stretch of each target.
#pragma once

#include <algorithm>
#include <cstdint>

#include "emu/store/cxl_records.hpp"

namespace daxemu::cxl {

struct Stripes {
  std::uint64_t ways = 1;
  std::uint64_t granularity = 1; // bytes

  Stripes(std::uint64_t number, std::uint64_t bytes)
      : ways(std::clamp<std::uint64_t>(number, 1, store::kMaxCxlWays)), granularity(std::max<std::uint64_t>(bytes, 1)) {
  }
  explicit Stripes(const store::CxlRegionRecord& region) : Stripes(region.ways, region.granularity) {}

  // Bytes of the target at `position` among the first `offset` bytes of the region: where in its stretch it is then.
  [[nodiscard]] std::uint64_t before(std::uint64_t offset, std::uint64_t position) const {
    const std::uint64_t rounds = offset / (ways * granularity);
    const std::uint64_t rest = offset % (ways * granularity);
    const std::uint64_t first = position * granularity;
    return rounds * granularity + (rest <= first ? 0 : std::min(rest - first, granularity));
  }
  // The byte of the region that byte `at` of the target's stretch is.
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t at, std::uint64_t position) const {
    return (at / granularity * ways + position) * granularity + at % granularity;
  }
  // Whose byte `offset` is, and how many from there on are, one after the other.
  [[nodiscard]] std::uint64_t position_of(std::uint64_t offset) const { return offset / granularity % ways; }
  [[nodiscard]] std::uint64_t run_at(std::uint64_t offset) const {
    return ways == 1 ? UINT64_MAX - offset : granularity - offset % granularity;
  }
};

} // namespace daxemu::cxl
