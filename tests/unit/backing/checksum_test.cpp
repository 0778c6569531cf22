// The checksum of images is XXH3 as anybody has it, whichever code the processor allows, in whatever pieces it comes.
#include "emu/backing/image/checksum.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace daxemu::backing {
namespace {

std::vector<std::byte> some(std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::uint64_t word = 1;
  for (std::byte& byte : bytes) {
    word = word * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<std::byte>(word >> 56U);
  }
  return bytes;
}

TEST(Checksum, OfNothing) {
  constexpr std::uint64_t kPublished = 0x2D06800538D394C2ULL;
  EXPECT_EQ(Checksum::of({}), kPublished);
  EXPECT_EQ(Checksum().value(), kPublished);
}

// Images that were written by another processor, or by an earlier version, are read.
TEST(Checksum, IsThatOfPlainCode) {
  for (const std::size_t size :
       {1U, 16U, 17U, 128U, 129U, 240U, 241U, 1023U, 1024U, 1025U, 4096U, 65'537U, 2U << 20U}) {
    const auto bytes = some(size);
    const std::uint64_t plain = XXH3_64bits(bytes.data(), bytes.size());
    EXPECT_EQ(Checksum::of(bytes), plain) << size;
    for (const std::size_t piece : {1U, 63U, 64U, 256U, 1000U, 128U << 10U}) {
      if (size / piece > 100'000) {
        continue;
      }
      Checksum sum;
      for (std::size_t at = 0; at < size; at += piece) {
        sum.add(std::span(bytes).subspan(at, std::min(piece, size - at)));
      }
      EXPECT_EQ(sum.value(), plain) << size << " in pieces of " << piece;
      EXPECT_EQ(sum.value(), plain) << "and once more";
    }
  }
}

} // namespace
} // namespace daxemu::backing
