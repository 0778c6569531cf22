// io_uring: the kernel takes requests out of memory it shares with the program, so those on a device's descriptor are
// looked for just before it is told of them, and are turned into requests that fail as device-dax makes them fail. Not
// seen are programs that have linked liburing statically or enter the kernel without libc, and rings that the kernel
// polls (SQPOLL) unless liburing fills them.
#pragma once

#include <liburing.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/files/uring_paths.hpp"

namespace daxemu::preload {

// Makes a system call as syscall(2) does, by our own functions: its value, or -errno.
using PerformCall = long (*)(const RequestedCall&);

// Requests that liburing has not handed over yet.
void refuse_device_requests(const ::io_uring& ring, PerformCall perform) noexcept;

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

// Files to be registered: a device's are left out (-1), so that requests on their index are EBADF. `real` gets `files`
// or a changed copy.
int register_files(const int* files, unsigned count, FunctionRef<int(const int*)> real);

} // namespace daxemu::preload
