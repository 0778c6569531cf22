// What each descriptor of this process is, as far as it is known: a byte per number, so that a read or write of a
// descriptor that has nothing to do with us costs one load. A remembered "foreign" is believed; anything else is
// verified by who asks. Calls that may change what a number means forget it. A vforked child believes and forgets, but
// its numbers are not the ones this table is about: it remembers nothing that would be believed.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "runtime/preload/ground/own_process.hpp"

namespace daxemu::preload {

enum class FdClass : std::uint8_t {
  unknown,
  foreign,
  device,    // the node of an emulated device
  disk,      // the node of a disk that a namespace of the nd bus is
  control,   // a vnode file of a character device that is no dax device: a memdev of CXL, a DIMM, the nd bus
  attribute, // a vnode file (vnode_files.hpp) of an attribute
  directory, // a vnode file of a directory, or a real directory of /dev, /sys or /proc, where entries are emulated or
             // hidden
  watcher,   // an inotify instance with a watch of /dev (watch_list.hpp)
};

// The node of a character device, whose file operations have no read, write and the like.
[[nodiscard]] constexpr bool is_character(FdClass what) noexcept {
  return what == FdClass::device || what == FdClass::control;
}

class FdTable {
public:
  static constexpr int kNumbers = 1 << 16; // larger ones are never remembered

  [[nodiscard]] static FdClass get(int fd) noexcept {
    return in_range(fd) ? FdClass(classes_[static_cast<unsigned>(fd)].load(std::memory_order_relaxed))
                        : FdClass::unknown;
  }
  [[nodiscard]] static bool is_foreign(int fd) noexcept { return get(fd) == FdClass::foreign; }
  static void set(int fd, FdClass what) noexcept {
    if (what == FdClass::attribute) {
      expect_attributes();
    }
    if (in_range(fd) && (what != FdClass::foreign || OwnProcess::calls())) {
      classes_[static_cast<unsigned>(fd)].store(static_cast<std::uint8_t>(what), std::memory_order_relaxed);
    }
  }
  static void forget(int fd) noexcept { set(fd, FdClass::unknown); }
  // Has no descriptor of an attribute been seen here? None was opened, then, but one may have come from elsewhere.
  [[nodiscard]] static bool has_no_attributes() noexcept { return !attributes_.load(std::memory_order_relaxed); }
  static void expect_attributes() noexcept {
    if (has_no_attributes()) {
      attributes_.store(true, std::memory_order_relaxed);
    }
  }
  // Forgets first to last, both included.
  static void forget_range(unsigned first, unsigned last) noexcept {
    for (unsigned fd = first; fd <= std::min(last, static_cast<unsigned>(kNumbers - 1)); ++fd) {
      forget(static_cast<int>(fd));
    }
  }
  static void forget_all() noexcept { forget_range(0, kNumbers - 1); }
  // What was foreign may be a watcher by now.
  static void doubt_foreign() noexcept {
    for (std::atomic<std::uint8_t>& what : classes_) {
      auto foreign = static_cast<std::uint8_t>(FdClass::foreign);
      if (what.load(std::memory_order_relaxed) == foreign) {
        what.compare_exchange_strong(foreign, static_cast<std::uint8_t>(FdClass::unknown), std::memory_order_relaxed);
      }
    }
  }

private:
  [[nodiscard]] static bool in_range(int fd) noexcept { return static_cast<unsigned>(fd) < kNumbers; }
  static std::array<std::atomic<std::uint8_t>, kNumbers> classes_;
  static std::atomic<bool> attributes_;
};

} // namespace daxemu::preload
