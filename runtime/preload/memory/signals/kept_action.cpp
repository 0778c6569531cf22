#include "runtime/preload/memory/signals/kept_action.hpp"

#include <cstring>

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::preload {

DAXEMU_OFTEN constinit SignalLock signal_lock;

void SignalLock::before_fork() noexcept {
  lock_.lock();
  forks_.store(sys::getpid(), std::memory_order_relaxed);
}

void SignalLock::after_fork_in_parent() noexcept {
  forks_.store(0, std::memory_order_relaxed);
  lock_.unlock();
}

void SignalLock::after_fork_in_child() noexcept {
  forks_.store(0, std::memory_order_relaxed);
  lock_.reset();
}

DAXEMU_START_PATH SignalGuard::SignalGuard() noexcept {
  const pid_t forks = signal_lock.forks_.load(std::memory_order_relaxed);
  if (signal_lock.lock_.held_by_me() || (forks != 0 && forks != sys::getpid())) {
    return;
  }
  signal_lock.lock_.lock();
  holds_ = true;
}

DAXEMU_START_PATH SignalGuard::~SignalGuard() {
  if (holds_) {
    signal_lock.lock_.unlock();
  }
}

void call_handler(const struct sigaction& action, int signal, siginfo_t* info, void* context) {
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(signal, info, context);
  } else {
    action.sa_handler(signal);
  }
}

void tell_action(struct sigaction* old, const struct sigaction& action) {
  *old = action;
}

// signal_delivered()
std::uint64_t mask_inside(const struct sigaction& action, int signal, std::uint64_t mask) {
  std::uint64_t more = 0;
  std::memcpy(&more, &action.sa_mask, sizeof more);
  return mask | more | ((action.sa_flags & SA_NODEFER) != 0 ? 0 : bit_of(signal));
}

void set_mask(std::uint64_t mask) {
  (void)sys::call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&mask), 0, sizeof mask);
}

// A copy whose pages were not turned meanwhile.
DAXEMU_START_PATH struct sigaction KeptAction::read() const {
  while (true) {
    const unsigned now = current_.load(std::memory_order_acquire);
    const Action& kept = actions_[now % 2];
    struct sigaction action {};
    action.sa_handler = reinterpret_cast<sighandler_t>(kept.handler.load(std::memory_order_acquire));
    action.sa_flags = kept.flags.load(std::memory_order_acquire);
    const std::uint64_t mask = kept.mask.load(std::memory_order_acquire);
    std::memcpy(&action.sa_mask, &mask, sizeof mask);
    if (current_.load(std::memory_order_relaxed) == now) {
      return action;
    }
  }
}

DAXEMU_START_PATH void KeptAction::write(const struct sigaction& action) {
  const unsigned next = current_.load(std::memory_order_relaxed) + 1;
  Action& kept = actions_[next % 2];
  std::uint64_t mask = 0;
  std::memcpy(&mask, &action.sa_mask, sizeof mask);
  kept.handler.store(reinterpret_cast<std::uint64_t>(action.sa_handler), std::memory_order_release);
  kept.flags.store(action.sa_flags, std::memory_order_release);
  kept.mask.store(mask, std::memory_order_release);
  current_.store(next, std::memory_order_release);
}

} // namespace daxemu::preload
