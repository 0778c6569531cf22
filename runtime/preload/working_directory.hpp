// Where relative paths begin. A program that changes into an emulated directory has no real one to be in: the process
// stays where it was, and this class remembers where it believes to be. Across exec the variable DAXEMU_CWD carries
// it on.
#pragma once

#include <array>
#include <atomic>
#include <string_view>

#include "runtime/preload/path_text.hpp"

namespace daxemu::preload {

inline constexpr const char* kWorkingDirectoryVariable = "DAXEMU_CWD";

class WorkingDirectory {
public:
  static constexpr std::size_t kLongest = 256; // sysfs::Path

  // In an emulated directory: its canonical path, else empty. Lock-free.
  [[nodiscard]] std::string_view emulated() const noexcept {
    const char* path = emulated_.load(std::memory_order_acquire);
    return path == nullptr ? std::string_view{} : std::string_view(path);
  }
  void enter_emulated(std::string_view path) noexcept;
  // The kernel changed the real one (chdir, fchdir succeeded).
  void enter_real() noexcept;

  // Can a relative path without ".." and links lead to something emulated? Only below "/", /dev, /sys and /proc.
  [[nodiscard]] bool is_near() noexcept;
  // The absolute path of the working directory, emulated or real. False: unreachable or too long.
  bool path(PathText& into) const noexcept;

private:
  enum class Nearness : int { unknown, near, far };
  std::atomic<const char*> emulated_{nullptr};
  std::atomic<Nearness> nearness_{Nearness::unknown};
  // Written in turn, so that a reader in another thread never sees a text change under it in practice.
  std::array<std::array<char, kLongest>, 8> slots_{};
  std::atomic<unsigned> next_slot_{0};
};

} // namespace daxemu::preload
