// Threads, children, descriptors, filters and identities of the program.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <thread>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tests/faults/host_life.hpp"

namespace host_life {
namespace {

bool exited_well(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The C library ends the process when the last thread it knows has ended.
void main_thread_leaves() {
  volatile char* at = map_device();
  touch(at, 0);
  std::thread([at] {
    ::usleep(100000);
    touch(at, 1);
  }).detach();
  ::pthread_exit(nullptr);
}

void fork_beside_threads() {
  volatile char* at = map_device();
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop.load()) {
      std::free(std::malloc(1000));
      touch(at, 20);
    }
  });
  for (int round = 0; round < 30; ++round) {
    const auto extent = static_cast<std::size_t>(round % 8);
    REQUIRE(exited_well(status_of_child([=] {
      touch(at, extent);
      touch(at, extent + 8);
      REQUIRE(exited_well(status_of_child([=] { touch(at, 16); }))); // a grandchild
    })));
  }
  stop = true;
  busy.join();
}

// Each thread gets its own signal mask back, however many fork at once.
void fork_from_two_threads() {
  volatile char* at = map_device();
  const auto fork_often = [at](bool blocks) {
    sigset_t mask;
    sigemptyset(&mask);
    if (blocks) {
      sigaddset(&mask, SIGUSR1);
    }
    REQUIRE(::pthread_sigmask(SIG_SETMASK, &mask, nullptr) == 0);
    for (int round = 0; round < 40; ++round) {
      REQUIRE(exited_well(status_of_child([=] { touch(at, blocks ? 1 : 2); })));
      sigset_t now;
      REQUIRE(::pthread_sigmask(SIG_BLOCK, nullptr, &now) == 0);
      REQUIRE((sigismember(&now, SIGUSR1) == 1) == blocks);
      REQUIRE(sigismember(&now, SIGUSR2) == 0);
    }
  };
  std::thread one(fork_often, true);
  std::thread two(fork_often, false);
  one.join();
  two.join();
}

// What a vforked child does on its way to exec, in its parent's memory, is its own business.
void vfork_child_changes_itself() {
  const int fd = ::open("/dev/dax0.0", O_RDWR);
  REQUIRE(fd >= 0 && ::dup2(fd, 100) == 100);
  const int pipe = ::open("/dev/null", O_WRONLY);
  const auto handler = [](int) {};
  REQUIRE(::signal(SIGBUS, handler) != SIG_ERR);
  REQUIRE(::chdir("/tmp") == 0);
  const pid_t child = ::vfork();
  if (child == 0) {
    const bool done = ::dup2(pipe, 100) == 100 && ::fcntl(100, F_SETFD, 0) == 0 && ::write(100, "x", 1) == 1 &&
                      ::chdir("/sys/bus/dax/devices") == 0 && ::access("dax0.0/size", R_OK) == 0 &&
                      ::access("vfork_child_changes_itself", F_OK) != 0;
    ::signal(SIGBUS, SIG_DFL);
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child && exited_well(status));
  char text[256] = {};
  REQUIRE(::getcwd(text, sizeof text) != nullptr && std::string(text) == "/tmp");
  REQUIRE(::signal(SIGBUS, handler) == static_cast<sighandler_t>(handler));
  REQUIRE(::access("dax0.0/size", F_OK) == -1);
  REQUIRE(::read(100, text, 1) == -1 && errno == EINVAL); // still the device
  void* at = ::mmap(nullptr, kExtent, PROT_READ | PROT_WRITE, MAP_PRIVATE, 100, 0);
  REQUIRE(at == MAP_FAILED && errno == EINVAL);
}

void bare_fork() {
  volatile char* at = map_device();
  const pid_t child = ::_Fork();
  if (child == 0) {
    touch(at, 4);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child && exited_well(status));
  REQUIRE(at[4 * kExtent + 5] == 5);
}

int touch_in_clone(void* argument) {
  touch(static_cast<volatile char*>(argument), 6);
  return 0;
}

void clone_without_vm() {
  volatile char* at = map_device();
  static char stack[256 * 1024];
  const pid_t child = ::clone(touch_in_clone, stack + sizeof(stack), SIGCHLD, const_cast<char*>(at));
  int status = 0;
  REQUIRE(child > 0 && ::waitpid(child, &status, 0) == child && exited_well(status));
  REQUIRE(at[6 * kExtent + 5] == 7);
}

// Shares the parent's memory; touched by a system call of the child.
void vfork_child() {
  volatile char* at = map_device();
  const int zero = ::open("/dev/zero", O_RDONLY);
  char* into = const_cast<char*>(at) + 9 * kExtent;
  const pid_t child = ::vfork();
  if (child == 0) {
    ::_exit(::read(zero, into, 10) == 10 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child && exited_well(status));
  char* argv[] = {const_cast<char*>("true"), nullptr};
  char* environment[] = {nullptr};
  pid_t spawned = 0;
  REQUIRE(::posix_spawn(&spawned, "/bin/true", nullptr, nullptr, argv, environment) == 0);
  REQUIRE(::waitpid(spawned, &status, 0) == spawned && exited_well(status));
}

void close_everything() {
  volatile char* at = map_device();
  touch(at, 0);
  for (int fd = 3; fd < 70000; ++fd) {
    ::close(fd);
  }
  touch(at, 1);
  ::closefrom(3);
  touch(at, 2);
  ::close_range(3, ~0U, 0);
  touch(at, 3);
  REQUIRE(::open("/dev/null", O_RDONLY) == 3);
}

void few_descriptors() {
  const rlimit limit = {24, 24};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  volatile char* at = map_device();
  touch(at, 0);
  REQUIRE(exited_well(status_of_child([=] { touch(at, 1); })));
}

// The system call fails with EPERM from now on, as in containers.
void refuse(unsigned number) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {4, program};
  REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

void without_io_uring() {
  refuse(SYS_io_uring_setup);
  volatile char* at = map_device();
  touch(at, 0);
  touch(at, 11);
}

// userfaultfd(2) and its node, by which root would get one all the same.
void without_userfaultfd() {
  refuse(SYS_userfaultfd);
  REQUIRE(::setresuid(65534, 65534, 0) == 0); // euid 65534: the node is root's
  const int probe = ::open("/dev/userfaultfd", O_RDWR);
  REQUIRE(probe < 0);
  REQUIRE(::setresuid(0, 0, 0) == 0);
  volatile char* at = map_device();
  touch(at, 0);
  touch(at, 11);
  REQUIRE(exited_well(status_of_child([=] { touch(at, 12); })));
}

// setuid(2) of a program with threads asks every thread the C library knows; it must not wait for ours.
void change_user() {
  volatile char* at = map_device();
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop.load()) {
      ::usleep(1000);
    }
  });
  REQUIRE(::setresuid(65534, 65534, 65534) == 0);
  touch(at, 1);
  stop = true;
  other.join();
}

} // namespace

void add_process_cases(Cases& cases) {
  cases["main_thread_leaves"] = main_thread_leaves;
  cases["fork_beside_threads"] = fork_beside_threads;
  cases["fork_from_two_threads"] = fork_from_two_threads;
  cases["vfork_child_changes_itself"] = vfork_child_changes_itself;
  cases["bare_fork"] = bare_fork;
  cases["clone_without_vm"] = clone_without_vm;
  cases["vfork_child"] = vfork_child;
  cases["close_everything"] = close_everything;
  cases["few_descriptors"] = few_descriptors;
  cases["without_io_uring"] = without_io_uring;
  cases["without_userfaultfd"] = without_userfaultfd;
  cases["change_user"] = change_user;
}

} // namespace host_life
