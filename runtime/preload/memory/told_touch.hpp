// A system call has failed with EFAULT: because an extent that it was to read or write cannot be touched? Then who
// reads reasons is told, as of a SIGBUS. A call that succeeds pays a comparison.
#pragma once

#include <cstddef>

#include <sys/types.h>
#include <sys/uio.h>

#include "emu/trace/why.hpp"

namespace daxemu::preload {

// errno is kept.
void tell_touch(const void* address, std::size_t length) noexcept;
void tell_touch(const iovec* pieces, int count) noexcept;

// `done`, which the call returns.
inline ssize_t told_touch(ssize_t done, const void* address, std::size_t length) noexcept {
  if (done < 0 && trace::explains()) [[unlikely]] {
    tell_touch(address, length);
  }
  return done;
}
inline ssize_t told_touch(ssize_t done, const iovec* pieces, int count) noexcept {
  if (done < 0 && trace::explains()) [[unlikely]] {
    tell_touch(pieces, count);
  }
  return done;
}

} // namespace daxemu::preload
