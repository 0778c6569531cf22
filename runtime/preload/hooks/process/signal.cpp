// Where the program says what SIGBUS does, and what is blocked.
#include <csignal>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/bus_signal.hpp"
#include "runtime/preload/memory/core_dump.hpp"
#include "runtime/preload/memory/signal_calls.hpp"

using daxemu::preload::CoreDump;
using daxemu::preload::SignalCalls;

DAXEMU_HOOK(int, sigaction, (int signal, const struct sigaction* action, struct sigaction* old)) {
  return SignalCalls::sigaction(signal, action, old);
}
DAXEMU_ALIAS(sigaction, __sigaction)
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
DAXEMU_HOOK(int, sigignore, (int signal)) {
  return SignalCalls::sigignore(signal);
}
DAXEMU_HOOK(int, sighold, (int signal)) {
  return SignalCalls::sighold(signal);
}
DAXEMU_HOOK(int, sigrelse, (int signal)) {
  return SignalCalls::sigrelse(signal);
}
DAXEMU_HOOK(int, sigblock, (int mask)) {
  return SignalCalls::sigblock(mask);
}
DAXEMU_HOOK(int, sigsetmask, (int mask)) {
  return SignalCalls::sigsetmask(mask);
}
// Later signal(3) calls of the same signal are to do the same, which only libc can see to; it sets the action too.
DAXEMU_REAL(siginterrupt, int(int, int));
DAXEMU_HOOK(int, siginterrupt, (int signal, int interrupts)) {
  return signal == SIGBUS || SignalCalls::takes(signal) ? SignalCalls::siginterrupt(signal, interrupts)
                                                        : real_siginterrupt(signal, interrupts);
}
DAXEMU_HOOK(int, sigtimedwait, (const sigset_t* set, siginfo_t* info, const struct timespec* timeout)) {
  return SignalCalls::sigtimedwait(set, info, timeout);
}
DAXEMU_HOOK(int, sigwaitinfo, (const sigset_t* set, siginfo_t* info)) {
  return SignalCalls::sigwaitinfo(set, info);
}
DAXEMU_REAL(abort, void());
DAXEMU_HOOK(void, abort, ()) {
  CoreDump::before_abort();
  real_abort();
}
