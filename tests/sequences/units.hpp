// Sizes in units of the device, so that one text serves extents of every size.
//   A  an extent    H  half of one, at least a page    P  a page    B  a byte    S  the device's size
#pragma once

#include <cstdint>
#include <string>

namespace sequences {

constexpr std::uint64_t kPage = 4096;

struct Units {
  std::uint64_t extent = 0; // bytes
  std::uint64_t size = 0;   // of the device

  [[nodiscard]] std::uint64_t half() const { return extent / 2 < kPage ? kPage : extent / 2; }
  // "2A+H-3P", "S-1A", "8B"; 0 for what is no size.
  [[nodiscard]] std::uint64_t bytes(const std::string& text) const;
  // The other way, in A, H, P and B.
  [[nodiscard]] std::string text(std::uint64_t bytes) const;
};

} // namespace sequences
