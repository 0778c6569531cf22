// While it lives, no signal reaches this thread: what it guards must not be interrupted by a handler that comes back
// here. SIGSETXID and SIGCANCEL of the C library included, so raw system calls.
#pragma once

#include <cstdint>

#include <csignal>
#include <sys/syscall.h>

#include "emu/base/sys.hpp"

namespace daxemu::fault {

class SignalsBlocked {
public:
  SignalsBlocked() noexcept {
    const std::uint64_t all = ~0ULL;
    (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&all), reinterpret_cast<long>(&before_),
                    sizeof(before_));
  }
  ~SignalsBlocked() {
    (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&before_), 0, sizeof(before_));
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  // The mask to come back to, in the kernel's form.
  [[nodiscard]] std::uint64_t before() const { return before_; }

private:
  std::uint64_t before_ = 0;
};

} // namespace daxemu::fault
