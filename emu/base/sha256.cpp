#include "emu/base/sha256.hpp"

#include <bit>

namespace daxemu {
namespace {

constexpr std::size_t kRounds = 64;
// The first 32 bits of the fractions of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, kRounds> kConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

} // namespace

void Sha256::take_block() {
  std::array<std::uint32_t, kRounds> words{};
  for (std::size_t at = 0; at < 16; ++at) {
    words[at] = static_cast<std::uint32_t>(block_[at * 4]) << 24U |
                static_cast<std::uint32_t>(block_[at * 4 + 1]) << 16U |
                static_cast<std::uint32_t>(block_[at * 4 + 2]) << 8U | block_[at * 4 + 3];
  }
  for (std::size_t at = 16; at < kRounds; ++at) {
    const std::uint32_t early = words[at - 15];
    const std::uint32_t late = words[at - 2];
    words[at] = words[at - 16] + (std::rotr(early, 7) ^ std::rotr(early, 18) ^ (early >> 3U)) + words[at - 7] +
                (std::rotr(late, 17) ^ std::rotr(late, 19) ^ (late >> 10U));
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (std::size_t at = 0; at < kRounds; ++at) {
    const std::uint32_t one =
        h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + kConstants[at] + words[at];
    const std::uint32_t two = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  const std::array<std::uint32_t, 8> after = {a, b, c, d, e, f, g, h};
  for (std::size_t at = 0; at < after.size(); ++at) {
    state_[at] += after[at];
  }
}

void Sha256::add(std::string_view bytes) {
  for (const char byte : bytes) {
    block_[bytes_++ % kBlock] = static_cast<std::uint8_t>(byte);
    if (bytes_ % kBlock == 0) {
      take_block();
    }
  }
}

std::array<std::uint8_t, Sha256::kDigest> Sha256::digest() const {
  constexpr std::size_t kLength = 8; // bytes of it, in bits, at the end
  Sha256 last = *this;
  last.add("\x80");
  while (last.bytes_ % kBlock != kBlock - kLength) {
    last.add(std::string_view("\0", 1));
  }
  const std::uint64_t bits = bytes_ * 8;
  for (std::size_t at = 0; at < kLength; ++at) {
    const char byte = static_cast<char>(bits >> (8 * (kLength - 1 - at)));
    last.add({&byte, 1});
  }
  std::array<std::uint8_t, kDigest> digest{};
  for (std::size_t at = 0; at < kDigest; ++at) {
    digest[at] = static_cast<std::uint8_t>(last.state_[at / 4] >> (8 * (3 - at % 4)));
  }
  return digest;
}

} // namespace daxemu
