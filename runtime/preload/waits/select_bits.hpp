// What select(2) waits for in each of its sets, in the words of poll(2), and what it takes for it (fs/select.c:
// POLLIN_SET, POLLOUT_SET, POLLEX_SET).
#pragma once

#include <poll.h>

namespace daxemu::preload::select_bits {

inline constexpr short kIn = POLLIN | POLLRDNORM | POLLRDBAND;
inline constexpr short kOut = POLLOUT | POLLWRNORM | POLLWRBAND;
inline constexpr short kEx = POLLPRI;
inline constexpr short kSetsIn = kIn | POLLHUP | POLLERR;
inline constexpr short kSetsOut = kOut | POLLERR;

// poll(2) tells of errors and ends that select(2) was not asked about.
[[nodiscard]] inline bool counts(const pollfd& one) {
  return ((one.events & POLLIN) != 0 && (one.revents & kSetsIn) != 0) ||
         ((one.events & POLLOUT) != 0 && (one.revents & kSetsOut) != 0) || (one.events & one.revents & kEx) != 0;
}

} // namespace daxemu::preload::select_bits
