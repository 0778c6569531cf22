// Requests of io_uring that name a path, a descriptor or a range of ours, and that the kernel could not answer: they
// are made as the calls they are like (the table of calls), and the ring is told the answer.
#pragma once

#include <array>

#include <liburing.h>

namespace daxemu::preload {

// A request as a system call. number -1: it is like none.
struct RequestedCall {
  long number = -1;
  std::array<long, 6> word{};
};
[[nodiscard]] RequestedCall call_of(const io_uring_sqe& request) noexcept;

// Does the request name a node, an open attribute or a mapping of ours? One to four system calls for a path.
[[nodiscard]] bool concerns_ours(const io_uring_sqe& request) noexcept;

// Turns the request into one that ends with `result` (of a system call: -errno for an error) and does nothing else.
// `ring` is its own ring's descriptor.
void complete_with(io_uring_sqe& request, int ring, long result) noexcept;
// The same for EINVAL and EBADF, on any kernel.
void fail_with(io_uring_sqe& request, int error) noexcept;

} // namespace daxemu::preload
