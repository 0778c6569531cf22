// How a program comes under the filter, and what becomes of it when nobody takes its listener.
#include "runtime/supervise/install/enter.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::supervise {
namespace {

// The listener is on its way when the supervisor is killed: whoever waits for an answer must have one (ENOSYS).
TEST(SuperviseEnter, CallsFailWhenTheListenerWasNeverTaken) {
  if (const auto tried = try_filter(); !tried) {
    GTEST_SKIP() << "no seccomp listener here: " << tried.error().value;
  }
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    (void)sys::close(pair[0]);
    if (!enter(pair[1], numbers_here())) {
      ::_exit(1);
    }
    struct stat about {};
    const auto result = sys::call(SYS_stat, reinterpret_cast<long>("/"), reinterpret_cast<long>(&about));
    ::_exit(!result && result.error() == Errno{ENOSYS} ? 0 : 2);
  }
  ASSERT_GT(child, 0);
  char byte = 0;
  while (::recv(pair[0], &byte, 1, MSG_PEEK) < 0 && errno == EINTR) { // it has been sent
  }
  ::close(pair[0]);
  ::close(pair[1]);
  int status = -1;
  for (int look = 0; look < 1000 && ::waitpid(child, &status, WNOHANG) == 0; ++look) {
    ::usleep(10'000);
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  if (!WIFEXITED(status)) {
    (void)::kill(child, SIGKILL);
    (void)::waitpid(child, &status, 0);
  }
}

} // namespace
} // namespace daxemu::supervise
