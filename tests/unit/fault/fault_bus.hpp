// Does a touch raise SIGBUS, and with which siginfo?
#pragma once

#include <csetjmp>
#include <csignal>

namespace daxemu::fault::bus {

inline thread_local sigjmp_buf back;
inline siginfo_t info; // of the last one

inline void handle(int /*signal*/, siginfo_t* what, void* /*context*/) {
  info = *what;
  siglongjmp(back, 1);
}

inline bool on_touch(volatile char* at) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, &before);
  volatile bool raised = true; // changed between sigsetjmp() and siglongjmp()
  if (sigsetjmp(back, 1) == 0) {
    (void)*at;
    raised = false;
  }
  ::sigaction(SIGBUS, &before, nullptr);
  return raised;
}

} // namespace daxemu::fault::bus
