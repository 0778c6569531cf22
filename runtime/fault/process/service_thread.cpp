#include "runtime/fault/process/service_thread.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/aside.hpp"
#include "runtime/fault/process/early_kill.hpp"
#include "runtime/fault/process/signals_blocked.hpp"

// Sanitizers must know every thread.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DAXEMU_BARE_THREADS 1
#else
#define DAXEMU_BARE_THREADS 0
#endif

namespace daxemu::fault {
namespace {

constexpr std::size_t kStack = 64UL * 1024;

// Those of this process: a forked child has none of its parent's.
constinit std::atomic<int> count{0};
constinit std::atomic<pid_t> counted_in{0};

void live(const ServiceThread& thread) {
  (void)sys::call(SYS_prctl, PR_SET_NAME, reinterpret_cast<long>(thread.name));
  decline_early_kill();
  const bool anywhere = std::all_of(thread.cpus.begin(), thread.cpus.end(), [](std::uint64_t w) { return w == 0; });
  if (!anywhere) {
    // Outside what the program may use (cpusets) this fails, and anywhere is fine.
    (void)sys::call(SYS_sched_setaffinity, 0, sizeof(thread.cpus), reinterpret_cast<long>(thread.cpus.data()));
  }
  thread.run(thread.argument);
}

#if DAXEMU_BARE_THREADS

// Thread-local storage of its own, so that errno (written by system call wrappers) and the stack protector's canary are
// where compiled code looks for them. Laid out as x86-64 wants it: variables below the thread pointer, the header the C
// library calls tcbhead_t at it. All variables are zero, which is what the few that we reach start with.
constexpr std::size_t kTlsBelow = 256UL * 1024; // only touched pages cost memory
constexpr std::size_t kTlsAbove = 16UL * 1024;
constexpr std::size_t kTlsHeader = 0x58; // up to and including the pointer guard and the feature word

struct Start {
  ServiceThread thread;
};

int enter(void* argument) {
  const Start* start = static_cast<Start*>(argument);
  live(start->thread);
  (void)sys::call(SYS_exit, 0);
  return 0;
}

Result<void> start_bare(const ServiceThread& thread) {
  auto* own_tls = static_cast<std::byte*>(__builtin_thread_pointer());
  // The C library's variables may lie further down than we mirror, in a program with huge thread-local arrays.
  if (own_tls - reinterpret_cast<std::byte*>(&errno) > static_cast<std::ptrdiff_t>(kTlsBelow)) {
    return fail(EOVERFLOW);
  }
  const std::size_t length = kStack + kTlsBelow + kTlsAbove;
  if (*thread.memory == nullptr) {
    auto taken =
        sys::mmap_aside(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK);
    if (!taken) {
      return tl::unexpected(taken.error());
    }
    *thread.memory = *taken;
  }
  auto* base = static_cast<std::byte*>(*thread.memory);
  std::byte* tls = base + kStack + kTlsBelow;
  std::memcpy(tls, own_tls, kTlsHeader);
  const auto self = reinterpret_cast<std::uintptr_t>(tls);
  std::memcpy(tls, &self, sizeof(self));      // tcb: the thread pointer itself
  std::memcpy(tls + 16, &self, sizeof(self)); // self
  auto* start = new (base) Start{thread};
  constexpr int kFlags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS;
  const SignalsBlocked inherited;
  const int saved = errno;
  const int tid = ::clone(enter, base + kStack, kFlags, start, nullptr, tls, nullptr);
  const int code = errno;
  errno = saved;
  if (tid < 0) {
    return fail(code);
  }
  if (const pid_t process = sys::getpid(); counted_in.exchange(process) != process) {
    count.store(0);
  }
  count.fetch_add(1); // after it is there: rather too few than too many (LastThread)
  return {};
}

#endif

struct PthreadStart {
  ServiceThread thread;
  std::atomic<bool> entered{false};
};

void* enter_pthread(void* argument) {
  auto* start = static_cast<PthreadStart*>(argument);
  start->entered.store(true, std::memory_order_release);
  live(start->thread);
  return nullptr;
}

Result<void> start_pthread(const ServiceThread& thread) {
  auto memory = sys::mmap_aside(sizeof(PthreadStart), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  if (!memory) {
    return tl::unexpected(memory.error());
  }
  auto* start = new (*memory) PthreadStart{thread};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  sigset_t all; // but the C library's own: it would wait for this thread in setuid(2)
  sigfillset(&all);
  pthread_attr_setsigmask_np(&attributes, &all);
  pthread_t handle{};
  const int code = pthread_create(&handle, &attributes, enter_pthread, start);
  pthread_attr_destroy(&attributes);
  if (code != 0) {
    return fail(code);
  }
  // A sanitizer takes locks while a thread begins, which a fork(2) right after this would find taken for ever.
  while (!start->entered.load(std::memory_order_acquire)) {
    (void)sys::call(SYS_sched_yield);
  }
  return {};
}

} // namespace

int service_threads() {
  return counted_in.load() == sys::getpid() ? count.load() : 0;
}

Result<void> ServiceThread::start() const {
#if DAXEMU_BARE_THREADS
  if (!library_code) {
    if (auto started = start_bare(*this); started || started.error() != Errno{EOVERFLOW}) {
      return started;
    }
  }
#endif
  return start_pthread(*this);
}

} // namespace daxemu::fault
