// Calls after which less can be asked, or of other file systems: a filter of system calls, which meets ours as it meets
// the program's and may end it for one; another process's mounts. What is asked only once is asked before that. And
// prctl(2) is what says that a process has no huge pages.
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/hooks/process/by_number.hpp"
#include "runtime/preload/memory/memory_calls.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_REAL(prctl, int(int, ...));
DAXEMU_REAL(setns, int(int, int));

} // namespace

namespace by_number {

long prctl(const Words& words) {
  return ::prctl(static_cast<int>(words.word[0]), words.word[1], words.word[2], words.word[3], words.word[4]);
}

long seccomp(const Words& words) { // which is asked what there is, too
  if (words.word[0] == SECCOMP_SET_MODE_STRICT || words.word[0] == SECCOMP_SET_MODE_FILTER) {
    Context::before_filter();
  }
  return pass(words);
}

} // namespace by_number

DAXEMU_HOOK(int, prctl, (int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)) {
  if (option == PR_SET_SECCOMP) {
    Context::before_filter();
  }
  const int result = real_prctl(option, a, b, c, d);
  if (option == PR_SET_THP_DISABLE && result == 0) {
    memory_calls.follow_huge_pages();
  }
  return result;
}
DAXEMU_HOOK(int, setns, (int fd, int kind)) {
  Context::before_other_mounts();
  return real_setns(fd, kind);
}

} // namespace daxemu::preload
