// Where the program says what SIGBUS does, and what is blocked.
#include <csignal>

#include "runtime/preload/bus_signal.hpp"
#include "runtime/preload/hook.hpp"
#include "runtime/preload/signal_calls.hpp"

using daxemu::preload::SignalCalls;

DAXEMU_HOOK(int, sigaction, (int signal, const struct sigaction* action, struct sigaction* old)) {
  return SignalCalls::sigaction(signal, action, old);
}
DAXEMU_HOOK(sighandler_t, signal, (int signal, sighandler_t handler)) {
  return SignalCalls::signal(signal, handler);
}
DAXEMU_HOOK(sighandler_t, bsd_signal, (int signal, sighandler_t handler)) {
  return SignalCalls::signal(signal, handler);
}
DAXEMU_HOOK(sighandler_t, ssignal, (int signal, sighandler_t handler)) {
  return SignalCalls::signal(signal, handler);
}
DAXEMU_HOOK(sighandler_t, sysv_signal, (int signal, sighandler_t handler)) {
  return SignalCalls::sysv_signal(signal, handler);
}
DAXEMU_HOOK(sighandler_t, __sysv_signal, (int signal, sighandler_t handler)) {
  return SignalCalls::sysv_signal(signal, handler);
}
DAXEMU_HOOK(sighandler_t, sigset, (int signal, sighandler_t disposition)) {
  return SignalCalls::sigset(signal, disposition);
}
DAXEMU_HOOK(int, sigprocmask, (int how, const sigset_t* set, sigset_t* old)) {
  return SignalCalls::sigprocmask(how, set, old);
}
DAXEMU_HOOK(int, pthread_sigmask, (int how, const sigset_t* set, sigset_t* old)) {
  return SignalCalls::pthread_sigmask(how, set, old);
}
