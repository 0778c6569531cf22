// Waiting for attributes, run below `daxemu run --region cxl --preset cxl_test`: poll, select and epoll as kernfs and
// tracefs answer them (seen in a guest of 6.12), and a sanitization that takes its time.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr short kAll = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM;
constexpr short kReady = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
constexpr short kChanged = POLLERR | POLLPRI;

// A memdev that no region has: only such a one is sanitized.
std::string idle_memdev() {
  for (const auto& entry : fs::directory_iterator("/sys/bus/cxl/devices")) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("mem")) {
      continue;
    }
    bool used = false;
    for (const auto& below : fs::directory_iterator("/sys/bus/cxl/devices")) {
      if (below.path().filename().string().starts_with("endpoint") &&
          fs::canonical(below.path() / "uport").filename() == name) {
        for (const auto& decoder : fs::directory_iterator(fs::canonical(below.path()))) {
          std::ifstream region(decoder.path() / "region");
          std::string text;
          used = used || (std::getline(region, text) && !text.empty());
        }
      }
    }
    if (!used) {
      return fs::canonical(entry.path());
    }
  }
  return {};
}
bool write_text(const std::string& path, const char* text) {
  const int fd = ::open(path.c_str(), O_WRONLY);
  const bool written = fd >= 0 && ::write(fd, text, std::strlen(text)) > 0;
  ::close(fd);
  return written;
}
std::string read_text(int fd) {
  std::array<char, 64> text{};
  const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
  return length < 0 ? "errno " + std::to_string(errno) : std::string(text.data(), static_cast<std::size_t>(length));
}
short poll_now(int fd, int timeout = 0) {
  pollfd one{fd, kAll, 0};
  const int ready = ::poll(&one, 1, timeout);
  return ready < 0 ? static_cast<short>(-1) : one.revents;
}
int selected(int fd, timeval timeout = {}) {
  fd_set in;
  FD_ZERO(&in);
  FD_SET(fd, &in);
  fd_set out = in;
  fd_set ex = in;
  const int bits = ::select(fd + 1, &in, &out, &ex, &timeout);
  return bits < 0 ? -1 : (FD_ISSET(fd, &in) ? 4 : 0) + (FD_ISSET(fd, &out) ? 2 : 0) + (FD_ISSET(fd, &ex) ? 1 : 0);
}
struct Fd {
  explicit Fd(int opened) : number(opened) {}
  explicit Fd(const std::string& path, int flags = O_RDONLY) : Fd(::open(path.c_str(), flags | O_CLOEXEC)) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { ::close(number); }
  int number;
};

struct Waits : testing::Test {
  std::string memdev = idle_memdev();
  std::string host = fs::path(memdev).parent_path();
  // A sanitization that takes so long.
  void sanitize(const char* ms) const {
    ASSERT_TRUE(write_text(host + "/sanitize_timeout", ms));
    ASSERT_TRUE(write_text(memdev + "/security/sanitize", "1"));
  }
};

TEST_F(Waits, AttributeIsNewUntilItIsRead) {
  const Fd serial(memdev + "/serial");
  EXPECT_EQ(poll_now(serial.number), kReady | kChanged);
  EXPECT_EQ(selected(serial.number), 7);
  EXPECT_NE(read_text(serial.number), "");
  EXPECT_EQ(poll_now(serial.number), kReady);
  EXPECT_EQ(selected(serial.number), 6);
  const Fd other(memdev + "/serial"); // each open file by itself
  EXPECT_EQ(poll_now(other.number), kReady | kChanged);
  const Fd copy(::dup(serial.number)); // and a copy is no other one
  EXPECT_EQ(poll_now(copy.number), kReady);
  const Fd command(memdev + "/security/sanitize", O_WRONLY); // never read
  EXPECT_EQ(poll_now(command.number), kReady | kChanged);
}

TEST_F(Waits, OtherFilesOfTheTreeAreAlwaysReady) {
  for (const char* path : {"/sys/kernel/tracing/tracing_on", "/sys/kernel/tracing/trace", "/sys/bus/cxl/devices"}) {
    const Fd fd{std::string(path)};
    EXPECT_EQ(poll_now(fd.number), kReady) << path;
    const Fd instance(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{.events = EPOLLIN, .data = {}};
    EXPECT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, fd.number, &event), -1) << path;
    EXPECT_EQ(errno, EPERM);
  }
}

TEST_F(Waits, EndOfASanitizationIsHeard) {
  const Fd state(memdev + "/security/state");
  EXPECT_EQ(read_text(state.number), "disabled\n");
  sanitize("400");
  const auto start = Clock::now();
  EXPECT_EQ(read_text(state.number), "sanitize\n");
  EXPECT_FALSE(write_text(memdev + "/security/sanitize", "1")); // one is under way
  EXPECT_EQ(errno, EBUSY);
  EXPECT_EQ(poll_now(state.number, 20), kReady);
  pollfd only{state.number, 0, 0}; // errors are told of unasked
  EXPECT_EQ(::poll(&only, 1, -1), 1);
  EXPECT_EQ(only.revents, POLLERR);
  EXPECT_GE(Clock::now() - start, milliseconds(300));
  EXPECT_EQ(poll_now(state.number), kReady | kChanged);
  EXPECT_EQ(read_text(state.number), "disabled\n");
  EXPECT_EQ(poll_now(state.number), kReady);
}

TEST_F(Waits, BeginOfOneIsNot) {
  const Fd state(memdev + "/security/state");
  (void)read_text(state.number);
  sanitize("200");
  EXPECT_EQ(poll_now(state.number), kReady);
  EXPECT_EQ(selected(state.number, {.tv_sec = 0, .tv_usec = 1000}), 6);
  fd_set ex;
  FD_ZERO(&ex);
  FD_SET(state.number, &ex);
  timeval timeout{.tv_sec = 10, .tv_usec = 0};
  EXPECT_EQ(::select(state.number + 1, nullptr, nullptr, &ex, &timeout), 1);
  EXPECT_TRUE(FD_ISSET(state.number, &ex));
  EXPECT_LT(timeout.tv_sec, 10); // what was left
  EXPECT_GE(timeout.tv_sec, 5);
}

TEST_F(Waits, OthersInTheSetAreTheKernels) {
  const Fd state(memdev + "/security/state");
  (void)read_text(state.number);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd from(ends[0]);
  const Fd to(ends[1]);
  std::array<pollfd, 3> all{pollfd{state.number, POLLPRI, 9}, pollfd{from.number, POLLIN, 9}, pollfd{-1, POLLIN, 9}};
  EXPECT_EQ(::poll(all.data(), all.size(), 20), 0);
  EXPECT_EQ(all[0].revents | all[1].revents | all[2].revents, 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(::write(to.number, "x", 1), 1);
  });
  EXPECT_EQ(::poll(all.data(), all.size(), -1), 1);
  writer.join();
  EXPECT_EQ(all[1].revents, POLLIN);
  all[2] = {state.number + 500, POLLIN, 0}; // no such descriptor
  EXPECT_EQ(::poll(all.data(), all.size(), -1), 2);
  EXPECT_EQ(all[2].revents, POLLNVAL);
  EXPECT_EQ(::syscall(SYS_poll, nullptr, 1, 0), -1);
  EXPECT_EQ(errno, EFAULT);
}

TEST_F(Waits, SignalsEndTheWait) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGALRM, &action, &before), 0);
  const Fd state(memdev + "/security/state");
  (void)read_text(state.number);
  for (int round = 0; round < 3; ++round) {
    const itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 30'000}};
    ::setitimer(ITIMER_REAL, &soon, nullptr);
    pollfd one{state.number, POLLPRI, 0};
    EXPECT_EQ(::poll(&one, 1, -1), -1);
    EXPECT_EQ(errno, EINTR);
  }
  // Blocked but for the wait.
  sigset_t alarm;
  sigset_t old;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_BLOCK, &alarm, &old);
  ::raise(SIGALRM);
  pollfd one{state.number, POLLPRI, 0};
  EXPECT_EQ(::poll(&one, 1, 20), 0);
  EXPECT_EQ(::ppoll(&one, 1, nullptr, &old), -1);
  EXPECT_EQ(errno, EINTR);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
}

TEST_F(Waits, ChildrenHaveTheSameOpenFile) {
  const Fd state(memdev + "/security/state");
  (void)read_text(state.number);
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(poll_now(state.number) == kReady && read_text(state.number) == "disabled\n" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(Waits, EpollHearsLevelsAndEdges) {
  const Fd level(memdev + "/security/state");
  const Fd edge(memdev + "/security/state");
  const Fd instance(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event one{.events = 0, .data = {.u64 = 11}};
  epoll_event two{.events = EPOLLPRI | EPOLLET, .data = {.u64 = 22}};
  ASSERT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, level.number, &one), 0);
  ASSERT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, edge.number, &two), 0);
  EXPECT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, edge.number, &two), -1);
  EXPECT_EQ(errno, EEXIST);
  std::array<epoll_event, 4> events{};
  EXPECT_EQ(::epoll_wait(instance.number, events.data(), 4, 0), 2); // neither was read
  EXPECT_EQ(::epoll_wait(instance.number, events.data(), 4, 0), 1); // the edge was told
  EXPECT_EQ(events[0].data.u64, 11U);
  EXPECT_EQ(events[0].events, EPOLLERR);
  (void)read_text(level.number);
  (void)read_text(edge.number);
  EXPECT_EQ(::epoll_wait(instance.number, events.data(), 4, 20), 0);
  sanitize("100");
  EXPECT_GT(::epoll_wait(instance.number, events.data(), 4, -1), 0);
  EXPECT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_DEL, level.number, nullptr), 0);
  EXPECT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_DEL, level.number, nullptr), -1);
  EXPECT_EQ(errno, ENOENT);
  two = {.events = EPOLLIN | EPOLLONESHOT, .data = {.u64 = 33}};
  EXPECT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_MOD, edge.number, &two), 0);
  ASSERT_EQ(::epoll_wait(instance.number, events.data(), 4, 0), 1);
  EXPECT_EQ(events[0].data.u64, 33U);
  EXPECT_EQ(events[0].events, EPOLLIN | EPOLLERR);
  EXPECT_EQ(::epoll_wait(instance.number, events.data(), 4, 20), 0);
}

TEST_F(Waits, EpollForgetsWhatIsClosed) {
  const Fd instance(::epoll_create1(EPOLL_CLOEXEC));
  const int lowest = ::dup(instance.number);
  ::close(lowest);
  {
    const Fd state(memdev + "/security/state");
    epoll_event event{.events = EPOLLPRI, .data = {}};
    ASSERT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, state.number, &event), 0);
    const Fd next(::dup(instance.number)); // no number of the program's is taken for it
    EXPECT_EQ(next.number, lowest + 1);
  }
  epoll_event event{};
  EXPECT_EQ(::epoll_wait(instance.number, &event, 1, 30), 0);
}

// A thread that waits already hears of what another one registers.
TEST_F(Waits, ARegistrationMeanwhileIsHeard) {
  const Fd instance(::epoll_create1(EPOLL_CLOEXEC));
  const Fd state(memdev + "/security/state");
  epoll_event heard{};
  int count = 0;
  std::thread waiter([&] { count = ::epoll_wait(instance.number, &heard, 1, -1); });
  std::this_thread::sleep_for(milliseconds(50));
  epoll_event event{.events = EPOLLPRI, .data = {.u64 = 77}};
  ASSERT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, state.number, &event), 0);
  waiter.join();
  EXPECT_EQ(count, 1);
  EXPECT_EQ(heard.data.u64, 77U);
  EXPECT_EQ(heard.events, EPOLLPRI | EPOLLERR);
}

TEST_F(Waits, WhatIsWrongIsRefused) {
  const Fd state(memdev + "/security/state");
  pollfd one{state.number, POLLPRI, 0};
  const timespec odd{.tv_sec = 0, .tv_nsec = 2'000'000'000};
  EXPECT_EQ(::ppoll(&one, 1, &odd, nullptr), -1);
  EXPECT_EQ(errno, EINVAL);
  fd_set in;
  FD_ZERO(&in);
  FD_SET(state.number, &in);
  EXPECT_EQ(::syscall(SYS_select, state.number + 1, &in, nullptr, nullptr, 8), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(::syscall(SYS_ppoll, &one, 1, 8, nullptr, 8), -1);
  EXPECT_EQ(errno, EFAULT);
  const Fd instance(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLPRI, .data = {}};
  EXPECT_EQ(::epoll_ctl(state.number, EPOLL_CTL_ADD, state.number, &event), -1);
  EXPECT_EQ(errno, EINVAL); // no instance
  EXPECT_EQ(::syscall(SYS_epoll_ctl, instance.number, EPOLL_CTL_ADD, state.number, 8), -1);
  EXPECT_EQ(errno, EFAULT);
  ASSERT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, state.number, &event), 0);
  EXPECT_EQ(::epoll_wait(instance.number, &event, 0, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST_F(Waits, TracePipeIsReadyWhenItHasSomething) {
  ASSERT_TRUE(fs::create_directory("/sys/kernel/tracing/instances/waits"));
  const std::string top = "/sys/kernel/tracing/instances/waits";
  const Fd pipe(top + "/trace_pipe", O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(poll_now(pipe.number), 0);
  EXPECT_EQ(selected(pipe.number), 0);
  ASSERT_TRUE(write_text(top + "/events/cxl/enable", "1"));
  const Fd instance(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLIN, .data = {.fd = pipe.number}};
  ASSERT_EQ(::epoll_ctl(instance.number, EPOLL_CTL_ADD, pipe.number, &event), 0);
  epoll_event heard{};
  EXPECT_EQ(::epoll_wait(instance.number, &heard, 1, 30), 0);
  std::thread trigger([&] {
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_TRUE(write_text(host + "/event_trigger", "1"));
  });
  EXPECT_EQ(::epoll_wait(instance.number, &heard, 1, 10'000), 1);
  trigger.join();
  EXPECT_EQ(heard.events, EPOLLIN);
  EXPECT_EQ(heard.data.fd, pipe.number);
  std::string all;
  std::array<char, 100> some; // less than a line: what is left is for the next read
  for (;;) {
    const ssize_t length = ::read(pipe.number, some.data(), some.size());
    if (length <= 0) {
      break;
    }
    all.append(some.data(), static_cast<std::size_t>(length));
  }
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 21);
  EXPECT_NE(all.find("cxl_memory_module: memdev="), std::string::npos);
  EXPECT_EQ(poll_now(pipe.number), 0);
  ASSERT_TRUE(fs::remove(top));
}

TEST_F(Waits, CallsByNumberAreTheSame) {
  const Fd state(memdev + "/security/state");
  (void)read_text(state.number);
  const timespec soon{.tv_sec = 0, .tv_nsec = 10'000'000};
  pollfd one{state.number, POLLPRI, 0};
  timespec given = soon;
  EXPECT_EQ(::syscall(SYS_ppoll, &one, 1, &given, nullptr, 8), 0);
  fd_set ex;
  FD_ZERO(&ex);
  FD_SET(state.number, &ex);
  given = soon;
  EXPECT_EQ(::syscall(SYS_pselect6, state.number + 1, nullptr, nullptr, &ex, &given, nullptr), 0);
  EXPECT_EQ(given.tv_nsec, 0);
  const Fd instance(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLPRI, .data = {}};
  EXPECT_EQ(::syscall(SYS_epoll_ctl, instance.number, EPOLL_CTL_ADD, state.number, &event), 0);
  EXPECT_EQ(::syscall(SYS_epoll_pwait, instance.number, &event, 1, 20, nullptr, 8), 0);
}

} // namespace
