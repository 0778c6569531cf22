// Directories that were seen to exist a moment ago. Programs that search (PATH, include and module paths) ask for many
// absent names in few directories; each need not be looked at again.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace daxemu::preload {

class KnownDirectories {
public:
  // Was `path` noted within the last second or so? Lock-free, no system call.
  [[nodiscard]] bool contains(std::string_view path) const noexcept;
  void note(std::string_view path) noexcept;

private:
  static constexpr std::size_t kSlots = 64; // a page has no room for more (link/layout.ld)
  // Hash of the path in the upper bits, the second it was noted in the lower ones; 0: empty.
  mutable std::array<std::atomic<std::uint64_t>, kSlots> slots_{};
};

} // namespace daxemu::preload
