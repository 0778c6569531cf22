#include "runtime/fault/private_fds.hpp"

#include <algorithm>
#include <climits>

#include <sys/resource.h>
#include <sys/syscall.h>

#include "emu/base/sys.hpp"

namespace daxemu::fault {

constinit std::array<std::atomic<int>, PrivateFds::kMost> PrivateFds::held_{};

Result<UniqueFd> PrivateFds::adopt(UniqueFd fd) {
  struct rlimit limit {};
  (void)sys::call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, reinterpret_cast<long>(&limit));
  const int most = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1U << 20));
  // Below the limit by the number we may hold: low limits leave less room, down to wherever the program is already.
  const int minimum = std::max(most - static_cast<int>(kMost), 3);
  auto high = sys::dup_above(fd.get(), minimum);
  if (!high) {
    return tl::unexpected(high.error());
  }
  UniqueFd moved(*high);
  for (auto& slot : held_) {
    int expected = 0;
    if (slot.compare_exchange_strong(expected, *high + 1)) {
      return moved;
    }
  }
  return fail(ENOSPC);
}

void PrivateFds::forget(int fd) noexcept {
  for (auto& slot : held_) {
    int expected = fd + 1;
    if (slot.compare_exchange_strong(expected, 0)) {
      return;
    }
  }
}

bool PrivateFds::owns(int fd) noexcept {
  return fd >= 0 &&
         std::any_of(held_.begin(), held_.end(), [fd](const std::atomic<int>& slot) { return slot.load() == fd + 1; });
}

int PrivateFds::next(int from) noexcept {
  int lowest = INT_MAX;
  for (const auto& slot : held_) {
    const int fd = slot.load() - 1;
    if (fd >= from) {
      lowest = std::min(lowest, fd);
    }
  }
  return lowest == INT_MAX ? -1 : lowest;
}

} // namespace daxemu::fault
