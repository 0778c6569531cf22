// epoll(7) of emulated attributes. The kernel refuses the memory files that stand for them, so an instance gets a timer
// in the place of each: whoever waits looks at the attribute when that ticks, and what the program hears is what it
// asked for. Without such a registration in this process the calls are the kernel's.
//
// A registration ends with the descriptor it was made with, also where a copy of that is open. A program that is
// executed with somebody's instance open hears the ticks of what that waits for.
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
  // The call as the program made it, if nothing is registered; a registration of another thread meanwhile is heard.
  template <class Plain>
  static int wait_or(int instance, epoll_event* events, int most, std::int64_t timeout, const sigset_t* mask,
                     RealEvents real, Plain plain) {
    if (!any()) {
      const int heard = plain();
      if (heard <= 0 || !any()) {
        return heard;
      }
      if (const int left = present(events, heard); left != 0) {
        return left;
      }
    }
    return wait(instance, events, most, timeout, mask, real);
  }
  // The numbers are closed, or name something else.
  static void closed(unsigned first, unsigned last) noexcept;

private:
  // Takes our timers out of what the kernel has said, with what their attributes say in their place.
  static int present(epoll_event* events, int count);
  static std::atomic<int> used_;
};

} // namespace daxemu::preload
