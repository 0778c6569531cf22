#include "emu/base/sha256.hpp"

#include <string>

#include <gtest/gtest.h>

namespace daxemu {
namespace {

std::string hex(const Sha256& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : hash.digest()) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

// The examples of FIPS 180-4 and of NIST's test vectors.
TEST(Sha256, KnownDigests) {
  Sha256 hash;
  EXPECT_EQ(hex(hash), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  hash.add("abc");
  EXPECT_EQ(hex(hash), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesAreAsGoodAsTheWhole) {
  Sha256 whole;
  whole.add(std::string(1'000'000, 'a'));
  EXPECT_EQ(hex(whole), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  Sha256 pieces;
  for (int at = 0; at < 1000; ++at) {
    pieces.add(std::string(1000, 'a'));
  }
  EXPECT_EQ(hex(pieces), hex(whole));
}

} // namespace
} // namespace daxemu
