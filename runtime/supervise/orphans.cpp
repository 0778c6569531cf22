#include "runtime/supervise/orphans.hpp"

#include <csignal>
#include <string_view>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {
namespace {

constexpr std::string_view kLine =
    "daxemu: this program is ended: the supervisor that answered its system calls was killed; start it again\n";

void end(pid_t thread) {
  const Target target(thread);
  const pid_t process = target.process();
  if (const auto error = target.descriptor(STDERR_FILENO); error) {
    pollfd ready{error->get(), POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0) { // a full pipe would hold us up
      (void)sys::call(SYS_write, error->get(), reinterpret_cast<long>(kLine.data()), static_cast<long>(kLine.size()));
    }
  }
  (void)sys::call(SYS_kill, process, SIGKILL);
}

} // namespace

void end_orphans(const Listener& listener) {
  listener.in_hand().each([](pid_t thread) { end(thread); });
  pollfd wait{listener.fd(), POLLIN, 0};
  while (true) {
    if (::poll(&wait, 1, -1) < 0 && errno == EINTR) {
      continue;
    }
    if ((wait.revents & POLLIN) == 0) {
      return;
    }
    if (const auto call = listener.receive(); call && listener.waits(*call)) {
      end(call->thread);
    }
  }
}

} // namespace daxemu::supervise
