#include "runtime/fault/process/private_fds.hpp"

#include <algorithm>
#include <climits>

#include <sys/resource.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::fault {
namespace {

// Above what a program uses as a rule, and no higher: the kernel makes a process's table as large as its highest number
// and copies it at each fork (dup_fd), up to 8 MiB under the limits that containers have.
constexpr int kHigh = 1024 - 32;

// Under a low limit, the highest free number, near enough: a window below the limit that is doubled until it has one.
// That leaves less room, down to wherever the program is already.
DAXEMU_START_PATH Result<int> dup_high(int fd) {
  if (auto high = sys::dup_above(fd, kHigh); high) {
    return high;
  }
  constexpr int kSmallest = 3;
  constexpr int kWindow = 32;
  struct rlimit limit {};
  (void)sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, reinterpret_cast<long>(&limit));
  const int most = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1U << 20));
  for (int window = kWindow;; window *= 2) {
    const int minimum = std::max(most - window, kSmallest);
    auto high = sys::dup_above(fd, minimum);
    if (high || high.error() != Errno{EMFILE} || minimum == kSmallest) {
      return high;
    }
  }
}

} // namespace

DAXEMU_AT_START constinit std::array<std::atomic<int>, PrivateFds::kNear> PrivateFds::near_{};
constinit std::array<std::atomic<int>, PrivateFds::kMost - PrivateFds::kNear> PrivateFds::far_{};
DAXEMU_AT_START constinit std::atomic<int> PrivateFds::lowest_{INT_MAX};

Result<UniqueFd> PrivateFds::adopt(UniqueFd fd) {
  return copy(fd.get());
}

DAXEMU_START_PATH Result<UniqueFd> PrivateFds::copy(int fd) {
  auto high = dup_high(fd);
  if (!high) {
    return tl::unexpected(high.error());
  }
  UniqueFd moved(*high);
  for (std::size_t at = 0; at < kMost; ++at) {
    int expected = 0;
    if (slot(at).compare_exchange_strong(expected, *high + 1)) {
      int lowest = lowest_.load();
      while (*high < lowest && !lowest_.compare_exchange_weak(lowest, *high)) {
      }
      return moved;
    }
  }
  return fail(ENOSPC);
}

void PrivateFds::forget(int fd) noexcept {
  for (std::size_t at = 0; at < kMost; ++at) {
    int expected = fd + 1;
    if (slot(at).compare_exchange_strong(expected, 0)) {
      return;
    }
  }
}

DAXEMU_START_PATH bool PrivateFds::owns(int fd) noexcept {
  if (fd < lowest_.load(std::memory_order_acquire)) {
    return false;
  }
  const auto is_it = [fd](const std::atomic<int>& slot) { return slot.load() == fd + 1; };
  return std::any_of(near_.begin(), near_.end(), is_it) || std::any_of(far_.begin(), far_.end(), is_it);
}

int PrivateFds::next(int from) noexcept {
  int lowest = INT_MAX;
  for (std::size_t at = 0; at < kMost; ++at) {
    const int fd = slot(at).load() - 1;
    if (fd >= from) {
      lowest = std::min(lowest, fd);
    }
  }
  return lowest == INT_MAX ? -1 : lowest;
}

} // namespace daxemu::fault
