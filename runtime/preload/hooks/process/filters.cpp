// Calls after which less can be asked, or of other file systems: a filter of system calls, which meets ours as it meets
// the program's and may end it for one; another process's mounts. What is asked only once is asked before that.
#include <sched.h>
#include <sys/prctl.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/names/context.hpp"

using namespace daxemu::preload;

DAXEMU_REAL(prctl, int(int, ...));
DAXEMU_HOOK(int, prctl, (int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)) {
  if (option == PR_SET_SECCOMP) {
    Context::before_filter();
  }
  return real_prctl(option, a, b, c, d);
}
DAXEMU_REAL(setns, int(int, int));
DAXEMU_HOOK(int, setns, (int fd, int kind)) {
  Context::before_other_mounts();
  return real_setns(fd, kind);
}
