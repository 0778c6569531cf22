// Which numbers of ways, granularities and decoders the CXL specification can encode (ways_to_eiw(),
// granularity_to_eig() and cxl_hdm_decoder_count() in drivers/cxl/cxl.h).
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

} // namespace daxemu::cxl
