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
#include "runtime/preload/ground/plain_calls.hpp"

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

class __attribute__((visibility("hidden"))) FdTable {
public:
  static constexpr int kNumbers = 1 << 16; // larger ones are never remembered

  [[nodiscard]] static FdClass get(int fd) noexcept { return FdClass(byte(fd) & ~(kNoted | kBare | kRead)); }
  // An attribute that this process has opened to read, and of which OpenTexts may know more.
  [[nodiscard]] static bool is_noted(int fd) noexcept { return (byte(fd) & kNoted) != 0; }
  [[nodiscard]] static bool is_foreign(int fd) noexcept {
    return byte(fd) == static_cast<std::uint8_t>(FdClass::foreign);
  }
  static void set(int fd, FdClass what) noexcept {
    if (what == FdClass::attribute) {
      expect_attributes();
    }
    if (!in_range(fd)) [[unlikely]] {
      return;
    }
    if (what != FdClass::foreign || OwnProcess::calls()) {
      classes_[static_cast<unsigned>(fd)].store(static_cast<std::uint8_t>(what), std::memory_order_relaxed);
    }
  }
  // The same, and its description could do more than was asked for (VnodeFiles::settle()).
  [[nodiscard]] static bool is_bare(int fd) noexcept { return (byte(fd) & kBare) != 0; }
  static void set_noted(int fd, bool bare) noexcept {
    set(fd, FdClass::attribute);
    if (in_range(fd) && OwnProcess::calls()) {
      const auto flags = static_cast<std::uint8_t>(bare ? kNoted | kBare : kNoted);
      classes_[static_cast<unsigned>(fd)].fetch_or(flags, std::memory_order_relaxed);
    }
  }
  // An attribute that has been read through it, before the kernel told of any change; its file does not say so yet
  // (VnodeFiles::settle()).
  [[nodiscard]] static bool was_read(int fd) noexcept { return (byte(fd) & kRead) != 0; }
  static void set_read(int fd, bool read) noexcept {
    if (in_range(fd) && OwnProcess::calls()) {
      std::atomic<std::uint8_t>& what = classes_[static_cast<unsigned>(fd)];
      (void)(read ? what.fetch_or(kRead, std::memory_order_relaxed)
                  : what.fetch_and(static_cast<std::uint8_t>(~kRead), std::memory_order_relaxed));
    }
  }
  static void forget(int fd) noexcept { set(fd, FdClass::unknown); }
  // Unknown or foreign.
  [[nodiscard]] static bool is_ordinary(int fd) noexcept {
    return byte(fd) <= static_cast<std::uint8_t>(FdClass::foreign);
  }
  // Somebody wants to hear of numbers that are closed. Said once and for good, before there is one of them.
  static void watch_closes() noexcept { PlainCalls::watch_closes(); }
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
  static constexpr std::uint8_t kNoted = 0x80; // beside the class
  static constexpr std::uint8_t kBare = 0x40;
  static constexpr std::uint8_t kRead = 0x20;
  [[nodiscard]] static std::uint8_t byte(int fd) noexcept {
    if (in_range(fd)) [[likely]] {
      return classes_[static_cast<unsigned>(fd)].load(std::memory_order_relaxed);
    }
    return 0;
  }
  [[nodiscard]] static bool in_range(int fd) noexcept { return static_cast<unsigned>(fd) < kNumbers; }
  static std::array<std::atomic<std::uint8_t>, kNumbers> classes_;
  static std::atomic<bool> attributes_;
};

} // namespace daxemu::preload
