// The C library's calls about signals: those about SIGBUS go to BusSignal, those about what ends an instruction that
// runs alone to StepSignals, the rest straight on.
#pragma once

#include <csignal>
#include <ctime>

namespace daxemu::preload {

class SignalCalls {
public:
  // Are actions of this signal kept here?
  static bool takes(int signal);
  static int sigaction(int signal, const struct sigaction* action, struct sigaction* old);
  static sighandler_t signal(int signal, sighandler_t handler);
  static sighandler_t sysv_signal(int signal, sighandler_t handler);
  static sighandler_t sigset(int signal, sighandler_t disposition);
  static int sigprocmask(int how, const sigset_t* set, sigset_t* old);
  static int pthread_sigmask(int how, const sigset_t* set, sigset_t* old);
  // Of System V and BSD; libc builds them on what it calls inside itself.
  static int sigignore(int signal);
  static int siginterrupt(int signal, int interrupts);
  static int sighold(int signal);
  static int sigrelse(int signal);
  static int sigblock(int mask);
  static int sigsetmask(int mask);
  static int sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* timeout);
  static int sigwaitinfo(const sigset_t* set, siginfo_t* info);
};

} // namespace daxemu::preload
