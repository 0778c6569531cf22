// Programs that look for files (a compiler its headers, in one folder after the other) are told "no such file" more
// often than not, which is the kernel's answer as well to a link that dangles for it and leads to a node of ours: for
// each of those one more question is due. While they do, open(2) asks with RESOLVE_NO_SYMLINKS first (openat2(2)): what
// is not there then is not there, and no link was in the way; what is there is open. Only where a link is in the way
// it is asked as usual, after that.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "runtime/preload/ground/plain_calls.hpp"

namespace daxemu::preload {

class Searching {
public:
  // A file was not there. Counted for programs of one thread, whose open(2) is ours.
  static void missed() noexcept {
    const unsigned now = std::min(count() + kMiss, kMost);
    keep(now);
    if (now >= kBegin && PlainCalls::may_be_unusual()) {
      PlainCalls::begin_search();
    }
  }
  // What open(2) asked first was there; or has found a link.
  static void found() noexcept { less(1); }
  static void linked() noexcept { less(kLink); }

private:
  // A miss saves one call, a link costs one; to ask that way what is there costs little.
  static constexpr unsigned kMiss = 4;
  static constexpr unsigned kLink = 12;
  static constexpr unsigned kBegin = 16;
  static constexpr unsigned kMost = 64;

  static unsigned count() noexcept { return PlainCalls::missed().load(std::memory_order_relaxed); }
  static void keep(unsigned count) noexcept {
    PlainCalls::missed().store(static_cast<std::uint8_t>(count), std::memory_order_relaxed); // two at once may be one
  }
  static void less(unsigned by) noexcept {
    const unsigned now = count();
    keep(now > by ? now - by : 0);
    if (now <= by) {
      PlainCalls::end_search();
    }
  }
};

} // namespace daxemu::preload
