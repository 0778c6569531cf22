// What a program wants done with a signal whose action the kernel has from us.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

#include <sys/types.h>

#include "runtime/fault/process/signals_blocked.hpp"
#include "runtime/fault/process/table_lock.hpp"

namespace daxemu::preload {

// Who changes an action, here and in the kernel, is alone in it; with signals blocked, so that a handler never waits
// for what it interrupted. Held over fork(2), in which the program's own handlers may change actions: so not waited for
// by the forking thread, nor by the child, which is another thread with the same lock.
class SignalLock {
public:
  void before_fork() noexcept; // signals are blocked
  void after_fork_in_parent() noexcept;
  void after_fork_in_child() noexcept;

private:
  friend class SignalGuard;
  fault::TableLock lock_;
  std::atomic<pid_t> forks_{0};
};
extern constinit SignalLock signal_lock;

class SignalGuard {
public:
  SignalGuard() noexcept;
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

private:
  fault::SignalsBlocked quiet_; // first in, last out
  bool holds_ = false;
};

inline bool is_handler(const struct sigaction& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}
void call_handler(const struct sigaction& action, int signal, siginfo_t* info, void* context);
// To where the program wants it. Not inline: by way of RBP, as a caller may keep `old`, a wild pointer is a fault of
// the stack segment, and so SIGBUS in place of SIGSEGV.
[[gnu::noinline]] void tell_action(struct sigaction* old, const struct sigaction& action);

// Masks in the kernel's form.
constexpr std::uint64_t bit_of(int signal) {
  return 1ULL << (signal - 1);
}
// What the kernel blocks while a handler runs that has interrupted a thread with `mask`.
std::uint64_t mask_inside(const struct sigaction& action, int signal, std::uint64_t mask);
void set_mask(std::uint64_t mask);

// Read by handlers at any time: two copies, of which `current_` names the valid one. In atomic words, which a reader
// may find changing under it. Written under the lock.
class KeptAction {
public:
  [[nodiscard]] struct sigaction read() const;
  void write(const struct sigaction& action);

private:
  struct Action {
    std::atomic<std::uint64_t> handler{0};
    std::atomic<std::uint64_t> mask{0};
    std::atomic<int> flags{0};
  };
  std::array<Action, 2> actions_{};
  std::atomic<unsigned> current_{0};
};

} // namespace daxemu::preload
