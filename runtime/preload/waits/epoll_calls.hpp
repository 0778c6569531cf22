// epoll(7) of emulated attributes. The kernel refuses the memory files that stand for them, so an instance gets a timer
// in the place of each: whoever waits looks at the attribute when that ticks, and what the program hears is what it
// asked for. Without such a registration in this process the calls are the kernel's.
//
// A registration ends with the descriptor it was made with, also where a copy of that is open; a program that is
// executed with the instance open hears the timer, which it drops by its own look at what it reads.
#pragma once

#include <atomic>
#include <cstdint>

#include <signal.h>
#include <sys/epoll.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// epoll_ctl(2) and epoll_pwait(2) of the C library.
using RealControl = FunctionRef<int(int, int, int, epoll_event*)>;
using RealEvents = FunctionRef<int(int, epoll_event*, int, int, const sigset_t*)>;

class EpollWaits {
public:
  // Is anything of ours registered?
  [[nodiscard]] static bool any() noexcept { return used_.load(std::memory_order_acquire) != 0; }

  // Does the call concern an attribute?
  [[nodiscard]] static bool concerns(int operation, int fd) noexcept;
  static int control(int instance, int operation, int fd, epoll_event* event, RealControl real);
  // `timeout` in ns; below 0: no end. `mask` null: the thread's own.
  static int wait(int instance, epoll_event* events, int most, std::int64_t timeout, const sigset_t* mask,
                  RealEvents real);
  // The numbers are closed, or name something else.
  static void closed(unsigned first, unsigned last) noexcept;

private:
  static std::atomic<int> used_;
};

} // namespace daxemu::preload
