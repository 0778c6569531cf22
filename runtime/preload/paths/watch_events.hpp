// read(2) of an inotify instance that watches /dev: what happens to the platform's nodes is told as of files in it.
// Only descriptors that are known to be such (FdClass::watcher) come here.
#pragma once

#include <cstddef>

#include <sys/types.h>
#include <sys/uio.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/ground/fd_table.hpp"

namespace daxemu::preload {

// `real` asks the kernel, for the same descriptor.
using RealRead = FunctionRef<ssize_t(void*, std::size_t)>;
ssize_t read_events_slow(int fd, void* into, std::size_t size, RealRead real);
// do_loop_readv_writev(): an inotify instance is read piece by piece, as long as each is filled.
ssize_t read_events_slow(int fd, const iovec* pieces, int count, RealRead real);

template <class Real>
inline ssize_t read_events(int fd, void* into, std::size_t size, Real real) {
  return FdTable::get(fd) != FdClass::watcher ? real(into, size) : read_events_slow(fd, into, size, real);
}

// What ioctl(FIONREAD) is to say, so that a buffer of that size has room for all, if the kernel has said `queued`.
[[nodiscard]] int told_bytes(int queued);

} // namespace daxemu::preload
