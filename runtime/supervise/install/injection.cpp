#include "runtime/supervise/install/injection.hpp"

#include <csignal>
#include <utility>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::supervise {

Result<Injection> Injection::into(const Listener& listener, const Call& call) {
  auto seized = Tracee::seize(call.thread);
  if (!seized) { // a thread that ends says EPERM as well (ptrace_attach()), as in an execve(2) of another one
    return listener.waits(call) ? Result<Injection>(tl::unexpected(seized.error())) : fail(ESRCH);
  }
  listener.answer(call, 0L); // it stops before it sees this
  if (auto stopped = seized->await_stop(-1); !stopped) {
    return tl::unexpected(stopped.error());
  }
  seized->go_on_with(fail(ENOSYS));
  return Injection(std::move(*seized));
}

Result<void> try_injection() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  if (child < 0) {
    return fail(errno);
  }
  const auto seized = sys::call(SYS_ptrace, PTRACE_SEIZE, child, 0, 0);
  (void)::kill(child, SIGKILL);
  (void)::waitpid(child, nullptr, __WALL);
  return seized ? Result<void>() : tl::unexpected(seized.error());
}

} // namespace daxemu::supervise
