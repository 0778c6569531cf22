// While a waiting call is made of several, signals arrive in the kernel's wait only, which they end, and not between
// two: there they would end nothing. What a thread brings upon itself is not held back.
#pragma once

#include <cstdint>

#include <signal.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::preload {

class SignalsHeld {
public:
  SignalsHeld() {
    std::uint64_t all = ~std::uint64_t{0};
    for (const int own : {SIGBUS, SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGSYS}) {
      all &= ~(std::uint64_t{1} << (own - 1));
    }
    set(&all, reinterpret_cast<std::uint64_t*>(&before_));
  }
  ~SignalsHeld() { set(reinterpret_cast<const std::uint64_t*>(&before_), nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  [[nodiscard]] const sigset_t* before() const { return &before_; }

private:
  static void set(const std::uint64_t* to, std::uint64_t* was) {
    (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(to), reinterpret_cast<long>(was),
                    sizeof *to);
  }
  sigset_t before_{};
};

} // namespace daxemu::preload
