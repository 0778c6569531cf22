// SIGBUS as the program sees it.
#include <csetjmp>
#include <cstring>

#include "tests/faults/host_life.hpp"

namespace host_life {
namespace {

sigjmp_buf back;
siginfo_t seen;
sigset_t mask_in_handler;
const void* stack_in_handler = nullptr;
volatile char* fresh_extent = nullptr;

void note(int /*signal*/, siginfo_t* info, void* /*context*/) {
  seen = *info;
  int here = 0;
  stack_in_handler = &here;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask_in_handler);
  if (fresh_extent != nullptr) {
    touch(fresh_extent, 7);
  }
  siglongjmp(back, 1);
}

struct sigaction noting(int flags) {
  struct sigaction action {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO | flags;
  return action;
}

bool raises(volatile char* at) {
  if (sigsetjmp(back, 1) == 0) {
    (void)*at;
    return false;
  }
  return true;
}

bool killed_by_bus(const std::function<void()>& body) {
  const int status = status_of_child(body);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

void block_bus() {
  sigset_t bus;
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  REQUIRE(::sigprocmask(SIG_BLOCK, &bus, nullptr) == 0);
  sigset_t now;
  REQUIRE(::sigprocmask(SIG_BLOCK, nullptr, &now) == 0);
  REQUIRE(sigismember(&now, SIGBUS) == 1);
}

void handler_sees_address() {
  volatile char* at = map_device();
  struct sigaction action = noting(0);
  sigaddset(&action.sa_mask, SIGUSR1);
  REQUIRE(::sigaction(SIGBUS, &action, nullptr) == 0);
  REQUIRE(raises(at + kDevice + 17));
  REQUIRE(seen.si_signo == SIGBUS && seen.si_code == BUS_ADRERR);
  REQUIRE(seen.si_addr == const_cast<char*>(at) + kDevice + 17);
  REQUIRE(sigismember(&mask_in_handler, SIGUSR1) == 1);
  REQUIRE(raises(at + kDevice)); // again: the handler stays
  touch(at, 0);
}

void handler_is_given_back() {
  struct sigaction first = noting(SA_RESTART);
  sigaddset(&first.sa_mask, SIGUSR2);
  REQUIRE(::sigaction(SIGBUS, &first, nullptr) == 0);
  (void)map_device();
  struct sigaction old {};
  REQUIRE(::sigaction(SIGBUS, nullptr, &old) == 0);
  REQUIRE(old.sa_sigaction == note && (old.sa_flags & SA_RESTART) != 0 && sigismember(&old.sa_mask, SIGUSR2) == 1);
  REQUIRE(::signal(SIGBUS, SIG_DFL) == old.sa_handler);
  REQUIRE(::signal(SIGBUS, SIG_IGN) == SIG_DFL);
  REQUIRE(::signal(SIGBUS, SIG_DFL) == SIG_IGN);
}

void one_shot_handler() {
  REQUIRE(killed_by_bus([] {
    volatile char* at = map_device();
    const struct sigaction action = noting(static_cast<int>(SA_RESETHAND));
    REQUIRE(::sigaction(SIGBUS, &action, nullptr) == 0);
    REQUIRE(raises(at + kDevice));
    struct sigaction now {};
    REQUIRE(::sigaction(SIGBUS, nullptr, &now) == 0 && now.sa_handler == SIG_DFL);
    touch(at, 3);
    (void)at[kDevice];
  }));
}

void alternate_stack() {
  static char memory[64 * 1024];
  const stack_t stack = {memory, 0, sizeof(memory)};
  REQUIRE(::sigaltstack(&stack, nullptr) == 0);
  volatile char* at = map_device();
  const struct sigaction action = noting(SA_ONSTACK);
  REQUIRE(::sigaction(SIGBUS, &action, nullptr) == 0);
  REQUIRE(raises(at + kDevice));
  REQUIRE(stack_in_handler >= memory && stack_in_handler < memory + sizeof(memory));
}

void foreign_bus() {
  (void)map_device();
  const int file = ::memfd_create("short", MFD_CLOEXEC);
  auto* at = static_cast<volatile char*>(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0));
  const struct sigaction action = noting(0);
  REQUIRE(::sigaction(SIGBUS, &action, nullptr) == 0);
  REQUIRE(raises(at + 100));
  REQUIRE(seen.si_code == BUS_ADRERR && seen.si_addr == const_cast<char*>(at) + 100);
}

void sent_bus() {
  (void)map_device();
  const struct sigaction action = noting(0);
  REQUIRE(::sigaction(SIGBUS, &action, nullptr) == 0);
  if (sigsetjmp(back, 1) == 0) {
    ::kill(::getpid(), SIGBUS);
    const bool came_back_by_the_signal = false;
    REQUIRE(came_back_by_the_signal);
  }
  REQUIRE(seen.si_code == SI_USER && seen.si_pid == ::getpid());
  REQUIRE(killed_by_bus([] {
    ::signal(SIGBUS, SIG_DFL);
    ::kill(::getpid(), SIGBUS);
    ::usleep(1000000);
  }));
}

} // namespace

void add_signal_cases(Cases& cases) {
  cases["beyond_default"] = [] { REQUIRE(killed_by_bus([] { (void)map_device()[kDevice]; })); };
  cases["beyond_blocked"] = [] {
    REQUIRE(killed_by_bus([] {
      volatile char* at = map_device();
      const struct sigaction action = noting(0);
      REQUIRE(::sigaction(SIGBUS, &action, nullptr) == 0);
      block_bus();
      (void)raises(at + kDevice);
    }));
  };
  cases["beyond_ignored"] = [] {
    REQUIRE(killed_by_bus([] {
      volatile char* at = map_device();
      ::signal(SIGBUS, SIG_IGN);
      (void)at[kDevice];
    }));
  };
  cases["touch_with_signals_blocked"] = [] {
    volatile char* at = map_device();
    sigset_t all;
    sigfillset(&all);
    REQUIRE(::sigprocmask(SIG_SETMASK, &all, nullptr) == 0);
    touch(at, 2);
  };
  cases["handler_touches"] = [] {
    volatile char* at = map_device();
    fresh_extent = at;
    const struct sigaction action = noting(0);
    REQUIRE(::sigaction(SIGBUS, &action, nullptr) == 0);
    REQUIRE(raises(at + kDevice));
  };
  cases["handler_sees_address"] = handler_sees_address;
  cases["handler_is_given_back"] = handler_is_given_back;
  cases["one_shot_handler"] = one_shot_handler;
  cases["alternate_stack"] = alternate_stack;
  cases["foreign_bus"] = foreign_bus;
  cases["sent_bus"] = sent_bus;
}

} // namespace host_life
