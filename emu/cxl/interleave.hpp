// Which numbers of ways, granularities and decoders the CXL specification can encode (ways_to_eiw(),
// granularity_to_eig() and cxl_hdm_decoder_count() in drivers/cxl/cxl.h), and which of them decoders can do.
#pragma once

#include <bit>
#include <cstdint>

namespace daxemu::cxl {

inline constexpr std::uint32_t kMinGranularity = 256;       // CXL_DECODER_MIN_GRANULARITY
inline constexpr std::uint32_t kMaxGranularity = 256 << 6U; // CXL_DECODER_MAX_ENCODED_IG is 6

[[nodiscard]] constexpr bool is_ways(std::uint64_t ways) {
  const std::uint64_t power = ways % 3 == 0 ? ways / 3 : ways;
  return ways != 0 && std::has_single_bit(power) && power <= (power == ways ? 16U : 4U);
}
[[nodiscard]] constexpr bool is_granularity(std::uint64_t bytes) {
  return std::has_single_bit(bytes) && bytes >= kMinGranularity && bytes <= kMaxGranularity;
}
[[nodiscard]] constexpr bool is_decoder_count(std::uint32_t count) {
  return count == 1 || (count != 0 && count <= 10 && count % 2 == 0);
}

// check_interleave_cap(): our decoders have every capability that the registers can say: all ways, and interleave
// bits 8 to 14 of an address. So a granularity goes with some ways only: 16K with 2 at most, 8K with 4.
[[nodiscard]] constexpr bool can_decode(std::uint32_t ways, std::uint32_t granularity) {
  constexpr std::uint64_t kHighestBit = 14;
  if (!is_ways(ways)) {
    return false;
  }
  const std::uint32_t power = ways % 3 == 0 ? ways / 3 : ways;
  // One bit of the address for each doubling; the factor 3 takes none.
  return power == 1 || !is_granularity(granularity) || std::uint64_t{granularity} * power <= (2ULL << kHighestBit);
}

} // namespace daxemu::cxl
