// XOR arithmetic of a CXL window (CXL 3.1 9.18.1.4, cxl_xor_hpa_to_spa() in drivers/cxl/acpi.c): which host bridge has
// a granule, each bit of that number is the parity of several address bits. What a host bridge has is where modulo
// arithmetic has it. Without maps it is modulo arithmetic.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace daxemu::nd {

// The maps of the kernel's mock (cxims0 in tools/testing/cxl/test/cxl.c), for granules of this size.
inline constexpr std::array<std::uint64_t, 2> kXorMaps = {0x404100, 0x808200};
inline constexpr std::uint32_t kXorGranularity = 256; // bytes

class XorMaps {
public:
  XorMaps() = default;
  // Of so many host bridges; there are no maps for 1 and 3.
  explicit XorMaps(std::uint32_t host_bridges) {
    if (std::has_single_bit(host_bridges)) {
      used_ = std::min<std::size_t>(static_cast<std::size_t>(std::countr_zero(host_bridges)), kXorMaps.size());
    }
  }
  // The address that modulo arithmetic deals out where this deals out `offset` of a region, and the other way round:
  // regions begin at addresses that have none of the bits.
  [[nodiscard]] std::uint64_t apply(std::uint64_t offset) const {
    std::uint64_t result = offset;
    for (std::size_t at = 0; at < used_; ++at) {
      const std::uint64_t bit = kXorMaps[at] & -kXorMaps[at];
      const bool odd = (std::popcount(offset & kXorMaps[at]) & 1) != 0;
      result = odd ? result | bit : result & ~bit;
    }
    return result;
  }

private:
  std::size_t used_ = 0;
};

} // namespace daxemu::nd
