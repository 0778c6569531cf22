// Programs that look at our part of /sys ask for one path of it after another. While they do, a path is looked at
// before the kernel is asked for it, which costs a look whether there is text (is_text()), and spares the kernel's
// search: the machine may have the same path, with a device behind it. Every other program pays one load.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/preload/ground/plain_calls.hpp"

namespace daxemu::preload {

class Expectation {
public:
  // Is the next path likely to be one of ours?
  [[nodiscard]] static bool ours() noexcept { return PlainCalls::expected().load(std::memory_order_relaxed) != 0; }
  // A path was one of ours.
  static void met() noexcept {
    if (PlainCalls::expected().load(std::memory_order_relaxed) != kMost) {
      PlainCalls::expected().store(kMost, std::memory_order_relaxed);
    }
  }
  // A path was none.
  static void missed() noexcept {
    if (const std::uint8_t left = PlainCalls::expected().load(std::memory_order_relaxed); left != 0) {
      PlainCalls::expected().store(left - 1, std::memory_order_relaxed); // two at once may count as one
    }
  }

private:
  static constexpr std::uint8_t kMost = 8; // paths of others that come between
};

} // namespace daxemu::preload
