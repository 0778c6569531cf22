// Where relative paths begin. A program that changes into an emulated directory has no real one to be in: the process
// stays where it was, and this class remembers where it believes to be. Across exec the variable DAXEMU_CWD carries
// it on. A vforked child changes only its own: what it believes is kept beside its parent's.
#pragma once

#include <array>
#include <atomic>
#include <string_view>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/path_text.hpp"

namespace daxemu::preload {

inline constexpr const char* kWorkingDirectoryVariable = "DAXEMU_CWD";

class WorkingDirectory {
public:
  static constexpr std::size_t kLongest = 256; // sysfs::Path

  // In an emulated directory: its canonical path, else empty. Lock-free.
  [[nodiscard]] std::string_view emulated() const noexcept {
    const Place* guest = guest_.load(std::memory_order_acquire);
    if (guest != nullptr && !OwnProcess::calls() && guest->process.load(std::memory_order_relaxed) == sys::getpid()) {
      return guest->path.data();
    }
    const Place* place = own_.load(std::memory_order_acquire);
    return place == nullptr ? std::string_view{} : std::string_view(place->path.data());
  }
  void enter_emulated(std::string_view path) noexcept;
  // The kernel changed the real one (chdir, fchdir succeeded).
  void enter_real() noexcept;

  // Is it known to be none of them that is_near() is about? A few loads; false: it has not been looked at.
  [[nodiscard]] bool is_plainly_far() const noexcept {
    return nearness_.load(std::memory_order_relaxed) == Nearness::far &&
           own_.load(std::memory_order_acquire) == nullptr && guest_.load(std::memory_order_acquire) == nullptr;
  }
  // Can a relative path without ".." and links lead to something emulated? Only below "/", /dev, /sys and /proc.
  [[nodiscard]] bool is_near() noexcept;
  // The absolute path of the working directory, emulated or real. False: unreachable or too long.
  bool path(PathText& into) const noexcept;

private:
  enum class Nearness : int { unknown, near, far };
  struct Place {
    std::atomic<pid_t> process{0}; // whose
    std::array<char, kLongest> path{};
  };
  Place* fill(std::string_view path) noexcept;
  [[nodiscard]] Nearness look() const noexcept;

  std::atomic<const Place*> own_{nullptr};   // nullptr: a real one
  std::atomic<const Place*> guest_{nullptr}; // of the vforked child that changed its directory last; empty: a real one
  std::atomic<Nearness> nearness_{Nearness::unknown};
  // Written in turn, so that a reader in another thread never sees a text change under it in practice.
  // The process's; not beside the others, since hardly a program needs them.
  static std::array<Place, 8> slots_;
  static std::atomic<unsigned> next_slot_;
};

} // namespace daxemu::preload
