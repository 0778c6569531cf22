/* Actions, masks and waiting. The C library's own functions look at some of these before the kernel does: by number. */
#include "pointers.h"
void signal_rows(void) {
  unsigned long set = 1UL << (SIGBUS - 1);
  struct timespec soon = {0, 1};
  static char info[256];
  BADSYS("sigaction#.bus.action", SYS_rt_sigaction, SIGBUS, p, 0, 8);
  BADSYS("sigaction#.bus.old", SYS_rt_sigaction, SIGBUS, 0, p, 8);
  BADSYS("sigaction#.usr1.action", SYS_rt_sigaction, SIGUSR1, p, 0, 8);
  BADSYS("sigaction#.usr1.old", SYS_rt_sigaction, SIGUSR1, 0, p, 8);
  BADSYS("sigprocmask#.set", SYS_rt_sigprocmask, SIG_BLOCK, p, 0, 8);
  BADSYS("sigprocmask#.old", SYS_rt_sigprocmask, SIG_BLOCK, 0, p, 8);
  BADSYS("sigtimedwait#.set", SYS_rt_sigtimedwait, p, info, &soon, 8);
  BADSYS("sigtimedwait#.timeout", SYS_rt_sigtimedwait, &set, info,
         p == nothings[4].address ? &soon
         : p                      ? p
                                  : (void*)1,
         8);
  BAD("sigprocmask.set", sigprocmask(SIG_BLOCK, p, 0));
  BAD("sigprocmask.old", sigprocmask(SIG_BLOCK, 0, p));
  BAD("sigaction.bus.action", sigaction(SIGBUS, p, 0));
  BAD("sigaction.bus.old", sigaction(SIGBUS, 0, p));
}
