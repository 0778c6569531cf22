// SHA-256 (FIPS 180-4) of bytes that come in pieces. Trivially copyable: it may lie in a store.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace daxemu {

class Sha256 {
public:
  static constexpr std::size_t kDigest = 32; // bytes
  void add(std::string_view bytes);
  // Of everything that was added so far; more may be added.
  [[nodiscard]] std::array<std::uint8_t, kDigest> digest() const;

private:
  static constexpr std::size_t kBlock = 64; // bytes
  void take_block();

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::uint64_t bytes_ = 0;
  std::array<std::uint8_t, kBlock> block_{};
};

} // namespace daxemu
