// io_uring: the kernel takes requests out of memory it shares with the program. None of them reaches a device's bytes,
// but one at an offset of its own would be told that the file is empty, or sealed: those on a device's descriptor are
// looked for just before the kernel is told of them, and are turned into requests that fail as device-dax makes them
// fail. Not seen are programs that have linked liburing statically or enter the kernel without libc, and rings that the
// kernel polls (SQPOLL) unless liburing fills them.
#pragma once

#include <liburing.h>

#include "runtime/preload/files/rings/uring_paths.hpp"

namespace daxemu::preload {

// Makes a system call as syscall(2) does, by our own functions: its value, or -errno.
using PerformCall = long (*)(const RequestedCall&);

// Requests that liburing has not handed over yet. `caller`: where the program called it.
void refuse_device_requests(const ::io_uring& ring, PerformCall perform, const void* caller) noexcept;

// Rings of programs that enter the kernel by themselves, by whatever function.
class RawRings {
public:
  // io_uring_setup(2) has made ring `fd`. A ring that cannot be followed passes through.
  static void opened(int fd, const io_uring_params& params) noexcept;
  // Before io_uring_enter(2) with this number, which has none of the flags that change its meaning.
  static void entering(int fd, PerformCall perform) noexcept;
  // Is any followed?
  [[nodiscard]] static bool any() noexcept;
  // Descriptors first to last are closed, or become others.
  static void closed(unsigned first, unsigned last) noexcept;
};

} // namespace daxemu::preload
