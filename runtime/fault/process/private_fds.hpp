// Descriptors the runtime owns in a stranger's process (userfaultfd, rings, fillers). Programs close descriptors they
// have not opened (closefrom, loops to RLIMIT_NOFILE): interposed closes leave these alone and answer EBADF, as if
// they were not there. Kept at high numbers, so that the program's own numbering is what it would be without us.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"

namespace daxemu::fault {

class __attribute__((visibility("hidden"))) PrivateFds {
public:
  static constexpr std::size_t kMost = 2112; // two for each device that is mapped here (bytes and image), and a few

  // Moves `fd` to a high number and remembers it. Returns that number; forget() gives it back.
  // Errors: EMFILE (no number left; `fd` is closed), ENOSPC (kMost are held).
  [[nodiscard]] static Result<UniqueFd> adopt(UniqueFd fd);
  // The same of a copy; `fd` stays as it is.
  [[nodiscard]] static Result<UniqueFd> copy(int fd);
  static void forget(int fd) noexcept;
  // Lock-free, async-signal-safe.
  [[nodiscard]] static bool owns(int fd) noexcept;
  // Where not, it does not own it: one load.
  [[nodiscard]] static bool may_own(int fd) noexcept { return fd >= lowest_.load(std::memory_order_acquire); }
  // The lowest owned number >= `from`, or -1.
  [[nodiscard]] static int next(int from) noexcept;

private:
  static constexpr std::size_t kNear = 16;
  // Number + 1; 0: free. Most programs have one: those that are found first lie where a start writes to anyway.
  static std::array<std::atomic<int>, kNear> near_;
  static std::array<std::atomic<int>, kMost - kNear> far_;
  [[nodiscard]] static std::atomic<int>& slot(std::size_t at) noexcept {
    return at < kNear ? near_[at] : far_[at - kNear];
  }
  static std::atomic<int> lowest_; // none held is below it; it never rises
};

} // namespace daxemu::fault
