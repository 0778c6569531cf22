// What memory of a region is made of: stretches of files, and how the region's bytes are dealt out to them, granules in
// turn (CXL 3.0 8.2.4.19.13), in another order in each round where a CXL window has XOR arithmetic. Each part has its
// granules one after the other; so any stretch of the region is one stretch of each part. The memory of the firmware's
// DIMMs, whose own addresses nobody uses, is one part.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "emu/nd/media/xor_maps.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

struct RegionMedia {
  struct Part {
    std::uint32_t slot = 0;  // index + 1 of the BackingSlot that has it; 0: nobody keeps its bytes
    std::uint64_t start = 0; // of its stretch in that file
  };
  std::uint64_t start = 0; // host address
  std::uint64_t ways = 1;
  std::uint64_t granularity = 1; // bytes
  XorMaps maps;
  std::array<Part, store::kMaxCxlWays> parts{};
};
// Of a region, or of the region that a namespace with a label is in. Nothing: its devices have its bytes, and nobody
// else ever does.
[[nodiscard]] std::optional<RegionMedia> media_of(const store::Store& store, const store::RegionRecord& region);

struct Stripes {
  std::uint64_t ways = 1;
  std::uint64_t granularity = 1; // bytes
  XorMaps maps;

  Stripes(std::uint64_t number, std::uint64_t bytes)
      : ways(std::clamp<std::uint64_t>(number, 1, store::kMaxCxlWays)), granularity(std::max<std::uint64_t>(bytes, 1)) {
  }
  explicit Stripes(const RegionMedia& media) : Stripes(media.ways, media.granularity) { maps = media.maps; }

  // Bytes of the part at `position` among the first `offset` bytes of the region: where in its stretch it is then.
  [[nodiscard]] std::uint64_t before(std::uint64_t offset, std::uint64_t position) const {
    const std::uint64_t round = ways * granularity;
    const std::uint64_t start = offset - offset % round;
    const std::uint64_t rest = offset % round;
    const std::uint64_t first = maps.apply(start + position * granularity) - start; // its granule of this round
    return start / ways + (rest <= first ? 0 : std::min(rest - first, granularity));
  }
  // The byte of the region that byte `at` of the part's stretch is.
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

} // namespace daxemu::nd
