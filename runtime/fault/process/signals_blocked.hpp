// While it lives, no signal reaches this thread: what it guards must not be interrupted by a handler that comes back
// here. SIGSETXID and SIGCANCEL of the C library included, so raw system calls.
#pragma once

#include <cstdint>

#include <csignal>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::fault {

class SignalsBlocked {
public:
  SignalsBlocked() noexcept : before_(block()) {}
  ~SignalsBlocked() { restore(before_); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  // The mask to come back to, in the kernel's form.
  [[nodiscard]] std::uint64_t before() const { return before_; }

  // The same where no scope fits, as around fork(2): blocks all, returns the mask to restore.
  [[nodiscard]] static std::uint64_t block() noexcept {
    const std::uint64_t all = ~0ULL;
    std::uint64_t before = 0;
    (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&all), reinterpret_cast<long>(&before),
                    sizeof(before));
    return before;
  }
  static void restore(std::uint64_t mask) noexcept {
    (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&mask), 0, sizeof(mask));
  }

private:
  std::uint64_t before_ = 0;
};

} // namespace daxemu::fault
