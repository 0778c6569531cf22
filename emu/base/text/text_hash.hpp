// A number for a text: FNV-1a.
#pragma once

#include <cstdint>
#include <string_view>

namespace daxemu {

inline constexpr std::uint64_t kNoTextHash = 0xcbf29ce484222325ULL; // of no text

// That of "ab" goes on from that of "a".
[[nodiscard]] constexpr std::uint64_t text_hash(std::string_view text, std::uint64_t before = kNoTextHash) {
  for (const char letter : text) {
    before = (before ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  }
  return before;
}

} // namespace daxemu
