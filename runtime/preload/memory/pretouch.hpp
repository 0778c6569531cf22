// The blind spot of the inline engine, and of a userfaultfd for user-mode faults only: each serves touches of the
// program's own instructions, but where the kernel touches an extent for a system call, the call fails with EFAULT. So
// what a wrapped call is about to read or write is made present first. With every other engine this costs a load and a
// branch.
#pragma once

#include <cstddef>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "runtime/fault/engines/engine.hpp"

namespace daxemu::preload {

// A copy out of memory: the processor reads whatever is mapped with any right at all. (get_user_pages wants PROT_READ.)
inline constexpr int kAnyRight = PROT_READ | PROT_WRITE | PROT_EXEC;

// `right`: what the kernel is about to do there, one right of several will do; it does not fault in what it may not
// touch, and nothing behind that: false.
bool pretouch_slow(const void* address, std::size_t length, int right) noexcept;
// Arrays that may be anything: a bad pointer stays the kernel's to refuse.
void pretouch_pieces(const iovec* pieces, int count, int right) noexcept;
void pretouch_message(const msghdr* message) noexcept;
void pretouch_messages(const mmsghdr* messages, unsigned count) noexcept;

inline void pretouch(const void* address, std::size_t length, int right = kAnyRight) noexcept {
  if (fault::Engine::misses_kernel_touches()) [[unlikely]] {
    (void)pretouch_slow(address, length, right);
  }
}
inline void pretouch(const iovec* pieces, int count, int right = kAnyRight) noexcept {
  if (fault::Engine::misses_kernel_touches()) [[unlikely]] {
    pretouch_pieces(pieces, count, right);
  }
}
inline void pretouch(const msghdr* message) noexcept {
  if (fault::Engine::misses_kernel_touches()) [[unlikely]] {
    pretouch_message(message);
  }
}

inline void pretouch(const mmsghdr* messages, unsigned count) noexcept {
  if (fault::Engine::misses_kernel_touches()) [[unlikely]] {
    pretouch_messages(messages, count);
  }
}

} // namespace daxemu::preload
