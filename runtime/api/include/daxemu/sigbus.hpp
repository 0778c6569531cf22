// What a touch of memory does, for tests: runs a body in which this thread may get SIGBUS (or SIGSEGV) and says which.
#ifndef DAXEMU_SIGBUS_HPP
#define DAXEMU_SIGBUS_HPP

#include <csetjmp>
#include <csignal>

#include <daxemu/device.h>

namespace daxemu {

struct Signalled {
  int signal = 0; // 0: none came
  int code = 0;   // si_code, as the kernel would say it
  void* address = nullptr;
  short lsb = 0; // si_addr_lsb of a memory failure
};

namespace detail {
struct Catching {
  sigjmp_buf back;
  volatile bool armed = false;
  Signalled seen;
};
inline thread_local Catching catching;

inline void caught(int signal, siginfo_t* info, void*) {
  if (!catching.armed) { // not ours: as if there were no handler
    std::signal(signal, SIG_DFL);
    return;
  }
  ::daxemu_translate_sigbus(info);
  catching.seen = {signal, info->si_code, info->si_addr, info->si_addr_lsb};
  catching.armed = false;
  siglongjmp(catching.back, 1);
}
inline bool install() {
  struct sigaction action {};
  action.sa_sigaction = caught;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  return ::sigaction(SIGBUS, &action, nullptr) == 0 && ::sigaction(SIGSEGV, &action, nullptr) == 0;
}
} // namespace detail

// Takes the process's handlers of SIGBUS and SIGSEGV, once and for good. Objects made in `body` are not destroyed when
// a signal ends it: only touch memory there.
template <class Body>
Signalled signal_of(Body body) {
  static const bool installed = detail::install();
  (void)installed;
  detail::catching.seen = {};
  if (sigsetjmp(detail::catching.back, 1) == 0) {
    detail::catching.armed = true;
    body();
  }
  detail::catching.armed = false;
  return detail::catching.seen;
}

} // namespace daxemu

#endif
