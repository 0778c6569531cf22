#include "runtime/preload/signal_calls.hpp"

#include "runtime/preload/bus_signal.hpp"
#include "runtime/preload/context.hpp"
#include "runtime/preload/real.hpp"

namespace daxemu::preload {
namespace {

constinit Real<int(int, const struct sigaction*, struct sigaction*)> real_sigaction{"sigaction"};
constinit Real<sighandler_t(int, sighandler_t)> real_signal{"signal"};
constinit Real<sighandler_t(int, sighandler_t)> real_sysv_signal{"__sysv_signal"};
constinit Real<sighandler_t(int, sighandler_t)> real_sigset{"sigset"};
constinit Real<int(int, const sigset_t*, sigset_t*)> real_sigprocmask{"sigprocmask"};
constinit Real<int(int, const sigset_t*, sigset_t*)> real_pthread_sigmask{"pthread_sigmask"};

// A handler for SIGBUS matters only where there are devices.
bool is_ours(int signal) {
  return signal == SIGBUS && Context::get() != nullptr;
}

// With the inline engine SIGBUS is never really blocked: an untouched extent would kill the program. It is left out of
// the kernel's mask and added again to what the program reads back.
int change_mask(const Real<int(int, const sigset_t*, sigset_t*)>& real, int how, const sigset_t* set, sigset_t* old) {
  if (!bus_signal.inline_engine()) {
    return real(how, set, old);
  }
  const bool was_held = BusSignal::held_back;
  sigset_t passed;
  if (set != nullptr) {
    passed = *set;
    const bool named = sigismember(set, SIGBUS) == 1;
    if (how != SIG_UNBLOCK) {
      (void)bus_signal.let_through(passed);
    }
    BusSignal::held_back = how == SIG_SETMASK ? named : (named ? how == SIG_BLOCK : was_held);
  }
  const int done = real(how, set == nullptr ? nullptr : &passed, old);
  if (done == 0 && old != nullptr && was_held) {
    sigaddset(old, SIGBUS);
  }
  return done;
}

} // namespace

int SignalCalls::sigaction(int signal, const struct sigaction* action, struct sigaction* old) {
  return is_ours(signal) ? bus_signal.set_action(action, old) : real_sigaction(signal, action, old);
}

sighandler_t SignalCalls::signal(int signal, sighandler_t handler) {
  return is_ours(signal) ? bus_signal.set_handler(handler, SA_RESTART, true) : real_signal(signal, handler);
}

sighandler_t SignalCalls::sysv_signal(int signal, sighandler_t handler) {
  constexpr int kOneShot = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  return is_ours(signal) ? bus_signal.set_handler(handler, kOneShot, false) : real_sysv_signal(signal, handler);
}

sighandler_t SignalCalls::sigset(int signal, sighandler_t disposition) {
  return is_ours(signal) ? bus_signal.set_or_hold(disposition) : real_sigset(signal, disposition);
}

int SignalCalls::sigprocmask(int how, const sigset_t* set, sigset_t* old) {
  return change_mask(real_sigprocmask, how, set, old);
}

int SignalCalls::pthread_sigmask(int how, const sigset_t* set, sigset_t* old) {
  return change_mask(real_pthread_sigmask, how, set, old);
}

} // namespace daxemu::preload
