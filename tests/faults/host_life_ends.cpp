// How the program and its children begin and end: threads before and after the first mapping, raw clones, exit
// handlers, abort, children that shut themselves in.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tests/faults/host_life.hpp"

namespace host_life {
namespace {

bool ended_well(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void threads_before_and_after() {
  std::atomic<volatile char*> at{nullptr};
  std::vector<std::thread> threads;
  const auto work = [&at](std::size_t first) {
    while (at.load() == nullptr) {
      std::this_thread::yield();
    }
    for (std::size_t extent = first; extent < kDevice / kExtent; extent += 4) {
      touch(at.load(), extent);
    }
  };
  threads.emplace_back(work, 0);
  threads.emplace_back(work, 1);
  at.store(map_device());
  threads.emplace_back(work, 2);
  threads.emplace_back(work, 3);
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (std::size_t extent = 0; extent < kDevice / kExtent; ++extent) {
    REQUIRE(at.load()[extent * kExtent + 5] == static_cast<char>(extent + 1));
  }
}

// Of those who fork without the C library's fork.
void raw_clones() {
  volatile char* at = map_device();
  touch(at, 0);
  const auto wait_for = [](long child) {
    int status = 0;
    REQUIRE(child > 0 && ::waitpid(static_cast<pid_t>(child), &status, 0) == child && ended_well(status));
  };
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) {
    touch(at, 1);
    ::_exit(at[5] == 1 ? 0 : 1);
  }
  wait_for(child);
  child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) {
    touch(at, 2);
    ::_exit(at[kExtent + 5] == 2 ? 0 : 1);
  }
  wait_for(child);
  REQUIRE(at[2 * kExtent + 5] == 3);
}

// Exit handlers and destructors use the device to the end; ours come first, as the library was loaded first.
volatile char* at_the_end = nullptr;
struct LastUse {
  ~LastUse() {
    if (at_the_end != nullptr) {
      touch(at_the_end, 7);
      at_the_end[0] = 'd';
    }
  }
} last_use;

void exit_handlers() {
  volatile char* at = map_device();
  REQUIRE(ended_well(status_of_child([at] {
    at_the_end = at;
    std::atexit([] { touch(at_the_end, 6); });
    std::exit(0);
  })));
  REQUIRE(at[7 * kExtent + 5] == 8 && at[6 * kExtent + 5] == 7 && at[0] == 'd');
}

void abort_child() {
  volatile char* at = map_device();
  const int status = status_of_child([at] {
    const rlimit no_core = {0, 0};
    (void)::setrlimit(RLIMIT_CORE, &no_core);
    touch(at, 8);
    std::abort();
  });
  REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  REQUIRE(at[8 * kExtent + 5] == 9);
}

// A child that may do no more than a few calls, as workers of browsers and daemons do.
void seccomp_child() {
  volatile char* at = map_device();
  REQUIRE(ended_well(status_of_child([at] {
    touch(at, 0);
    constexpr unsigned kAllowed[] = {SYS_write, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_munmap, SYS_mmap};
    std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const unsigned number : kAllowed) {
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
      program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
    REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
    touch(at, 0); // touched before
    touch(at, 9); // and not
  })));
  REQUIRE(at[9 * kExtent + 5] == 10);
}

} // namespace

void add_end_cases(Cases& cases) {
  cases["threads_before_and_after"] = threads_before_and_after;
  cases["raw_clones"] = raw_clones;
  cases["exit_handlers"] = exit_handlers;
  cases["abort_child"] = abort_child;
  cases["seccomp_child"] = seccomp_child;
}

} // namespace host_life
