// Calls by path that most programs make often, and for their own purposes: the hook makes the system call itself, if
// that is all the next definition of the function would do. After a system call the processor has forgotten where to
// return to (the kernel's defences against speculation), and each function in between costs some 20 ns: with the hook
// in the C library's place there are as many as without us.
#pragma once

#include <cerrno>

#include "emu/base/kernel/enter_kernel.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

// The kernel has answered `status` for the path as it is, whose text nobody has looked at yet. Is that the answer? Else
// it is on_path() that goes on with it. A path of no text at all may stand for a descriptor: that is for the call to
// say.
[[nodiscard, gnu::always_inline]] inline bool is_settled(int status, int dirfd, const char* path,
                                                         Follow follow) noexcept {
  if (status < 0 && is_no_text(errno, path)) [[unlikely]] {
    return true;
  }
  if (path == nullptr || *path == '\0') [[unlikely]] {
    return false;
  }
  Context* context = Context::get();
  return context == nullptr || (!is_missing(status) && !context->resolver().is_likely(dirfd, path) &&
                                !context->resolver().leads_to_hidden(dirfd, path, follow) &&
                                !context->resolver().leads_to_bound(dirfd, path, follow));
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
