#include "runtime/supervise/orphans.hpp"

#include <csignal>
#include <string_view>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
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

// What was taken and not noted yet, or noted as answered and not answered: nobody gets such a call again. It is
// interrupted, and its program ends at the next one. Calls that nobody has taken are none of it (EINPROGRESS).
void interrupt_taken(const Listener& listener) {
  constexpr std::uint64_t kMost = 1024; // by which a call that waits may be older, or newer, than the last one noted
  const std::uint64_t latest = listener.in_hand().latest();
  for (std::uint64_t at = latest - kMost; latest != 0 && at != latest + kMost; ++at) {
    Call call;
    call.id = at;
    if (listener.waits(call)) {
      listener.answer(call, fail(EINTR));
    }
  }
}

} // namespace

void end_orphans(const Listener& listener) {
  listener.in_hand().each([](pid_t thread) { end(thread); });
  interrupt_taken(listener);
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
