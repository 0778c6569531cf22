#include "runtime/preload/memory/signal_calls.hpp"

#include <cerrno>

#include "emu/base/program/at_exec.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/fault/process/early_kill.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/bus_signal.hpp"
#include "runtime/preload/memory/signals/step_signals.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_REAL(sigaction, int(int, const struct sigaction*, struct sigaction*));
DAXEMU_REAL(signal, sighandler_t(int, sighandler_t));
DAXEMU_REAL(__sysv_signal, sighandler_t(int, sighandler_t));
DAXEMU_REAL(sigset, sighandler_t(int, sighandler_t));
DAXEMU_REAL(sigprocmask, int(int, const sigset_t*, sigset_t*));
DAXEMU_REAL(pthread_sigmask, int(int, const sigset_t*, sigset_t*));
DAXEMU_REAL(sigtimedwait, int(const sigset_t*, siginfo_t*, const struct timespec*));
DAXEMU_REAL(sigwaitinfo, int(const sigset_t*, siginfo_t*));

// A handler for SIGBUS matters only where there are devices, those for others only where lines of them fail.
DAXEMU_START_PATH bool is_ours(int signal) {
  return (signal == SIGBUS && Context::get() != nullptr) || step_signals.takes(signal);
}
DAXEMU_START_PATH int set_action(int signal, const struct sigaction* action, struct sigaction* old) {
  return signal == SIGBUS ? bus_signal.set_action(action, old) : step_signals.set_action(signal, action, old);
}

// signal(3) and its kin: `flags` are what makes them different. The previous handler or SIG_ERR.
DAXEMU_START_PATH sighandler_t set_handler(int signal, sighandler_t handler, int flags, bool mask_itself) {
  if (handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  struct sigaction action {};
  struct sigaction old {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  if (mask_itself) {
    sigaddset(&action.sa_mask, signal);
  }
  return set_action(signal, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

// sigset(3).
sighandler_t set_or_hold(int signal, sighandler_t disposition) {
  sigset_t one;
  sigset_t before;
  sigemptyset(&one);
  sigaddset(&one, signal);
  if (disposition == SIG_HOLD) {
    struct sigaction now {};
    if (set_action(signal, nullptr, &now) != 0 || SignalCalls::sigprocmask(SIG_BLOCK, &one, &before) != 0) {
      return SIG_ERR;
    }
    return sigismember(&before, signal) == 1 ? SIG_HOLD : now.sa_handler;
  }
  const sighandler_t old = set_handler(signal, disposition, 0, false);
  if (old == SIG_ERR || SignalCalls::sigprocmask(SIG_UNBLOCK, &one, &before) != 0) {
    return SIG_ERR;
  }
  return sigismember(&before, signal) == 1 ? SIG_HOLD : old;
}

// With the inline engine SIGBUS is never really blocked: an untouched extent would kill the program. It is left out of
// the kernel's mask and added again to what the program reads back.
DAXEMU_START_PATH int change_mask(int (*real)(int, const sigset_t*, sigset_t*), int how, const sigset_t* set,
                                  sigset_t* old) {
  if (!bus_signal.inline_engine()) {
    return real(how, set, old);
  }
  const bool was_held = BusSignal::held_back;
  bool held = was_held;
  sigset_t passed;
  if (set != nullptr) {
    passed = *set;
    const bool named = sigismember(set, SIGBUS) == 1;
    if (how != SIG_UNBLOCK) {
      (void)bus_signal.let_through(passed);
    }
    held = how == SIG_SETMASK ? named : (named ? how == SIG_BLOCK : was_held);
  }
  const int done = real(how, set == nullptr ? nullptr : &passed, old);
  BusSignal::held_back = done == 0 ? held : was_held;
  if (done == 0 && old != nullptr && was_held) {
    sigaddset(old, SIGBUS);
  }
  return done;
}

// The BSD masks have a bit for each of the first 31 signals.
sigset_t set_of(int mask) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal = 1; signal < 32; ++signal) {
    if ((static_cast<unsigned>(mask) >> (signal - 1) & 1U) != 0) {
      sigaddset(&set, signal);
    }
  }
  return set;
}
int mask_of(const sigset_t& set) {
  unsigned mask = 0;
  for (int signal = 1; signal < 32; ++signal) {
    mask |= sigismember(&set, signal) == 1 ? 1U << (signal - 1) : 0;
  }
  return static_cast<int>(mask);
}

int change_one(int how, int signal) {
  sigset_t set;
  sigemptyset(&set);
  return sigaddset(&set, signal) == 0 ? SignalCalls::sigprocmask(how, &set, nullptr) : -1;
}
DAXEMU_EXEC_PATH int change_bsd_mask(int how, int mask) {
  const sigset_t set = set_of(mask);
  sigset_t old;
  return SignalCalls::sigprocmask(how, &set, &old) == 0 ? mask_of(old) : -1;
}

} // namespace

bool SignalCalls::takes(int signal) {
  return is_ours(signal);
}

DAXEMU_START_PATH int SignalCalls::sigaction(int signal, const struct sigaction* action, struct sigaction* old) {
  return is_ours(signal) ? set_action(signal, action, old) : real_sigaction(signal, action, old);
}

DAXEMU_START_PATH sighandler_t SignalCalls::signal(int signal, sighandler_t handler) {
  return is_ours(signal) ? set_handler(signal, handler, SA_RESTART, true) : real_signal(signal, handler);
}

sighandler_t SignalCalls::sysv_signal(int signal, sighandler_t handler) {
  constexpr int kOneShot = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  return is_ours(signal) ? set_handler(signal, handler, kOneShot, false) : real___sysv_signal(signal, handler);
}

sighandler_t SignalCalls::sigset(int signal, sighandler_t disposition) {
  return is_ours(signal) ? set_or_hold(signal, disposition) : real_sigset(signal, disposition);
}

DAXEMU_START_PATH int SignalCalls::sigprocmask(int how, const sigset_t* set, sigset_t* old) {
  return change_mask(real_sigprocmask.get(), how, set, old);
}

int SignalCalls::pthread_sigmask(int how, const sigset_t* set, sigset_t* old) {
  return change_mask(real_pthread_sigmask.get(), how, set, old);
}

int SignalCalls::sigignore(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  return sigaction(signal, &action, nullptr);
}

int SignalCalls::siginterrupt(int signal, int interrupts) {
  struct sigaction action {};
  if (sigaction(signal, nullptr, &action) != 0) {
    return -1;
  }
  action.sa_flags = interrupts != 0 ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
  return sigaction(signal, &action, nullptr);
}

int SignalCalls::sighold(int signal) {
  return change_one(SIG_BLOCK, signal);
}

int SignalCalls::sigrelse(int signal) {
  return change_one(SIG_UNBLOCK, signal);
}

int SignalCalls::sigblock(int mask) {
  return change_bsd_mask(SIG_BLOCK, mask);
}

DAXEMU_EXEC_PATH int SignalCalls::sigsetmask(int mask) {
  return change_bsd_mask(SIG_SETMASK, mask);
}

// An early notice of memory failure that waited: as the kernel would have put it.
int SignalCalls::sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* timeout) {
  const int signal = real_sigtimedwait(set, info, timeout);
  if (signal == SIGBUS && info != nullptr) {
    (void)fault::translate_early_kill(*info);
  }
  return signal;
}
int SignalCalls::sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  const int signal = real_sigwaitinfo(set, info);
  if (signal == SIGBUS && info != nullptr) {
    (void)fault::translate_early_kill(*info);
  }
  return signal;
}

} // namespace daxemu::preload
