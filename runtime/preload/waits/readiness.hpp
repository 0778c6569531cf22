// What poll(2) says of an emulated attribute: kernfs_fop_poll() and, of the files of tracefs that are read once,
// tracing_poll_pipe(). The memory file behind the descriptor is always ready, so the kernel cannot tell.
#pragma once

#include <cstdint>

namespace daxemu::preload {

// How often a waiting call looks whether something has changed: there is nobody to wake it.
inline constexpr std::int64_t kLookEvery = 10'000'000; // ns

struct Readiness {
  std::uint32_t events = 0;  // EPOLL*
  std::uint64_t notices = 0; // grows with each thing that an edge-triggered waiter is to hear of
};

// Is `fd` such an attribute? What is foreign costs one load.
[[nodiscard]] bool is_waited_for(int fd) noexcept;
// Of such a one.
[[nodiscard]] Readiness readiness_of(int fd) noexcept;

} // namespace daxemu::preload
