// Calls by path that most programs make often, and for their own purposes: the hook makes the system call itself, if
// that is all the next definition of the function would do. After a system call the processor has forgotten where to
// return to (the kernel's defences against speculation), and each function in between costs some 20 ns: with the hook
// in the C library's place there are as many as without us.
#pragma once

#include <cerrno>

#include "emu/base/enter_kernel.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

// May `real`'s system call be made in its place, with the path as it is?
[[nodiscard]] inline bool goes_direct(const RealSymbol& real, int dirfd, const char* path, Follow follow) noexcept {
  return real.is_libcs() && asks_kernel_first(dirfd, path, follow);
}

// The system call, answered as libc does: -1 and errno. No function to return from.
template <class... Arguments>
[[gnu::always_inline]] inline int direct_call(long number, Arguments... arguments) noexcept {
  const long result = sys::enter_kernel(number, (long)(arguments)...); // NOLINT: a word, of a pointer or a number
  if (result < 0) [[unlikely]] {
    errno = static_cast<int>(-result);
    return -1;
  }
  return static_cast<int>(result);
}

} // namespace daxemu::preload
