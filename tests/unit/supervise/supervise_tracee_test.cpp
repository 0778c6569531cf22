// Threads of children stopped by ptrace(2) that are killed while they are: by their own process's execve(2), by
// anybody.
#include "runtime/supervise/spaces/tracee.hpp"

#include <array>
#include <charconv>
#include <csignal>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::supervise {
namespace {

// A child with a second thread, which waits. It becomes true(1) when it is told to.
class Child {
public:
  Child() {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    EXPECT_EQ(::pipe2(to.data(), O_CLOEXEC) + ::pipe2(from.data(), O_CLOEXEC), 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::close(to[1]); // or it would wait for itself
      std::thread([&] {
        const int thread = ::gettid();
        (void)!::write(from[1], &thread, sizeof thread);
        ::pause();
      }).detach();
      char byte = 0;
      (void)!::read(to[0], &byte, 1);
      ::execl("/bin/true", "true", static_cast<char*>(nullptr));
      ::_exit(1);
    }
    ::close(to[0]);
    ::close(from[1]);
    tell_.reset(to[1]);
    const UniqueFd reads(from[0]);
    EXPECT_EQ(::read(reads.get(), &thread_, sizeof thread_), static_cast<ssize_t>(sizeof thread_));
  }
  [[nodiscard]] pid_t process() const { return process_; }
  [[nodiscard]] int thread() const { return thread_; }
  void have_exec() { tell_.reset(); }
  // Its end as its parent sees it. -1: no end in a minute.
  [[nodiscard]] int end() const {
    int status = 0;
    for (int tenth = 0; tenth < 600; ++tenth) {
      if (::waitpid(process_, &status, WNOHANG) == process_) {
        return status;
      }
      ::usleep(100'000);
    }
    ::kill(process_, SIGKILL);
    return -1;
  }

private:
  pid_t process_ = -1;
  int thread_ = -1;
  UniqueFd tell_;
};

void await_zombie(int thread) {
  siginfo_t told{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(thread), &told, WEXITED | WNOWAIT | __WALL), 0);
}

TEST(SuperviseTracee, DoesNotHoldUpAnExecveThatKillsItsThread) {
  Child child;
  {
    auto tracee = Tracee::seize(child.thread());
    ASSERT_TRUE(tracee);
    ASSERT_TRUE(tracee->await_stop(-1));
    child.have_exec();
    await_zombie(child.thread());
  }
  EXPECT_EQ(child.end(), 0); // this thread, the tracer, lives on
}

TEST(SuperviseTracee, DoesNotHoldUpAnExecveInTheMidstOfItsCall) {
  Child child;
  {
    auto tracee = Tracee::seize(child.thread());
    ASSERT_TRUE(tracee);
    ASSERT_TRUE(tracee->await_stop(-1));
    ASSERT_TRUE(tracee->make(SYS_getpid, {}));
    child.have_exec();
    await_zombie(child.thread());
    EXPECT_EQ(tracee->make(SYS_getpid, {}).error(), Errno{ESRCH});
  }
  EXPECT_EQ(child.end(), 0);
}

TEST(SuperviseTracee, LeavesTheEndOfAChildToItsParent) {
  Child child;
  {
    auto tracee = Tracee::seize(child.process());
    ASSERT_TRUE(tracee);
    ASSERT_TRUE(tracee->await_stop(-1));
    ASSERT_TRUE(tracee->make(SYS_getpid, {}));
    ::kill(child.process(), SIGKILL);
    await_zombie(child.process());
    EXPECT_FALSE(tracee->make(SYS_getpid, {}));
  }
  EXPECT_EQ(child.end(), SIGKILL);
}

TEST(SuperviseTracee, LeavesTheEndOfAChildThatIsKilledBeforeItStops) {
  Child child;
  ::kill(child.process(), SIGSTOP); // so that it does not end before it is seized
  auto tracee = Tracee::seize(child.process());
  ASSERT_TRUE(tracee);
  ::kill(child.process(), SIGKILL);
  await_zombie(child.process());
  EXPECT_EQ(tracee->await_stop(-1).error(), Errno{ESRCH});
  EXPECT_EQ(child.end(), SIGKILL);
}

} // namespace
} // namespace daxemu::supervise
