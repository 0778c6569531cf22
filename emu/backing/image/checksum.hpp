// The checksum of an image's extents: XXH3, 64 bits. Piece by piece, or of all bytes at once; by AVX2 where the
// processor has it (2M: 29 us, not 99), the same value either way. Allocates nothing, and asks the processor with the
// first use: a program that has no image does not pay for the answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace daxemu::backing {

class Checksum {
public:
  Checksum();
  void add(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t value() const;
  // Of these bytes and no others.
  [[nodiscard]] static std::uint64_t of(std::span<const std::byte> bytes);

private:
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::size_t kSize = 576;
  alignas(kAlignment) std::array<std::byte, kSize> state_; // an XXH3_state_t
};

} // namespace daxemu::backing
