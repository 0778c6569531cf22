#include "runtime/supervise/spaces/tracee.hpp"

#include <charconv>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "runtime/preload/procfs/maps_line.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {
namespace {

constexpr int kStopped = -1;              // any stop that was asked for
constexpr int kAtCall = SIGTRAP | 0x80;   // PTRACE_O_TRACESYSGOOD
constexpr std::uint64_t kInstruction = 2; // bytes of "syscall"
constexpr std::uint64_t kRedZone = 1024;  // and more: below the stack pointer

Result<long> trace(long request, int thread, const void* data = nullptr, std::uint64_t address = 0) {
  return sys::call(SYS_ptrace, request, thread, static_cast<long>(address), reinterpret_cast<long>(data));
}

std::uint64_t bit_of(int signal) {
  return std::uint64_t{1} << static_cast<unsigned>(signal - 1);
}

// A thread has one tracer, and that is a thread: one of ours at a time.
struct Traced {
  std::mutex lock;
  std::condition_variable changed;
  std::set<int> threads;
};
Traced& traced() {
  static Traced all;
  return all;
}

void take(int thread) {
  std::unique_lock guard(traced().lock);
  traced().changed.wait(guard, [&] { return traced().threads.insert(thread).second; });
}

void give_back(int thread) {
  const std::scoped_lock guard(traced().lock);
  traced().threads.erase(thread);
  traced().changed.notify_all();
}

// What this thread has seized and could not let go of.
thread_local std::set<int> left_over;

std::uint64_t mask_in(const std::string& status, std::string_view label) {
  const std::size_t at = status.find(label);
  std::uint64_t mask = 0;
  if (at != std::string::npos) {
    (void)std::from_chars(status.data() + at + label.size(), status.data() + status.size(), mask, 16);
  }
  return mask;
}

} // namespace

Result<Tracee> Tracee::seize(int thread) {
  take(thread);
  const auto seized = trace(PTRACE_SEIZE, thread, reinterpret_cast<void*>(PTRACE_O_TRACESYSGOOD));
  const auto asked = seized ? trace(PTRACE_INTERRUPT, thread) : seized;
  if (!asked) {
    give_back(thread);
    return tl::unexpected(asked.error());
  }
  return Tracee(thread);
}

Tracee::Tracee(Tracee&& other) noexcept
    : thread_(std::exchange(other.thread_, -1)), registers_(other.registers_), blocked_(other.blocked_),
      signal_(other.signal_), stopped_(other.stopped_), has_called_(other.has_called_), answered_(other.answered_),
      entry_(other.entry_) {}

Tracee::~Tracee() {
  if (thread_ < 0) {
    return;
  }
  if (!stopped_) {
    left_over.insert(thread_);
    return;
  }
  // Where a call ended the kernel would not begin again the one that was interrupted, nor look at signals first
  // (arch_do_signal_or_restart): so it stops once more.
  if (has_called_ && !answered_ && signal_ == 0 && trace(PTRACE_INTERRUPT, thread_) && trace(PTRACE_CONT, thread_)) {
    (void)wait_for(kStopped, -1);
  }
  (void)trace(PTRACE_SETREGS, thread_, &registers_);
  (void)trace(PTRACE_SETSIGMASK, thread_, &blocked_, sizeof blocked_);
  (void)trace(PTRACE_DETACH, thread_, reinterpret_cast<void*>(static_cast<long>(signal_)));
  give_back(thread_);
}

Result<void> Tracee::wait_for(int wanted, int patience_ms) const {
  constexpr timespec kMoment{0, 100'000};
  constexpr int kMomentsPerMs = 10;
  for (long left = static_cast<long>(patience_ms) * kMomentsPerMs;;) {
    int status = 0;
    const auto ended =
        sys::call(SYS_wait4, thread_, reinterpret_cast<long>(&status), __WALL | (patience_ms < 0 ? 0 : WNOHANG), 0);
    if (!ended && ended.error() == Errno{EINTR}) {
      continue;
    }
    if (!ended || (*ended != 0 && !WIFSTOPPED(status))) {
      return fail(ESRCH);
    }
    if (*ended == 0) {
      if (left-- == 0) {
        return fail(ETIMEDOUT);
      }
      (void)sys::call(SYS_nanosleep, reinterpret_cast<long>(&kMoment), 0);
      continue;
    }
    const bool by_us = status >> 16 == PTRACE_EVENT_STOP;
    if (wanted == kStopped ? by_us : status >> 8 == wanted) {
      return {};
    }
    const int signal = by_us || status >> 16 != 0 || WSTOPSIG(status) == kAtCall ? 0 : WSTOPSIG(status);
    (void)trace(wanted == kAtCall ? PTRACE_SYSCALL : PTRACE_CONT, thread_,
                reinterpret_cast<void*>(static_cast<long>(signal)));
  }
}

Result<void> Tracee::await_stop(int patience_ms) {
  if (auto come = wait_for(kStopped, patience_ms); !come) {
    if (come.error() == Errno{ESRCH}) {
      give_back(std::exchange(thread_, -1));
    }
    return come;
  }
  const std::uint64_t all = ~std::uint64_t{0};
  // From here on it has registers that are not its own: if we are killed, so is it.
  (void)trace(PTRACE_SETOPTIONS, thread_, reinterpret_cast<void*>(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
  stopped_ = trace(PTRACE_GETREGS, thread_, &registers_) &&
             trace(PTRACE_GETSIGMASK, thread_, &blocked_, sizeof blocked_) &&
             trace(PTRACE_SETSIGMASK, thread_, &all, sizeof all);
  if (!stopped_) {
    (void)trace(PTRACE_DETACH, thread_);
    give_back(std::exchange(thread_, -1));
    return fail(ESRCH);
  }
  return {};
}

Result<long> Tracee::make(long number, const std::array<std::uint64_t, 6>& word) {
  if (entry_ == 0 && (entry_ = find_entry()) == 0) {
    return fail(ENOEXEC);
  }
  user_regs_struct registers = registers_;
  registers.rax = static_cast<unsigned long long>(number);
  registers.orig_rax = static_cast<unsigned long long>(-1);
  registers.rip = entry_;
  registers.rdi = word[0];
  registers.rsi = word[1];
  registers.rdx = word[2];
  registers.r10 = word[3];
  registers.r8 = word[4];
  registers.r9 = word[5];
  if (!trace(PTRACE_SETREGS, thread_, &registers)) {
    return fail(ESRCH);
  }
  has_called_ = true;
  for (int stop = 0; stop < 2; ++stop) { // where it begins, where it ends
    if (!trace(PTRACE_SYSCALL, thread_) || !wait_for(kAtCall, -1)) {
      return fail(ESRCH);
    }
  }
  if (!trace(PTRACE_GETREGS, thread_, &registers)) {
    return fail(ESRCH);
  }
  const auto result = static_cast<long>(registers.rax);
  constexpr long kLeastError = -4095;
  return result < 0 && result >= kLeastError ? Result<long>(fail(static_cast<int>(-result))) : result;
}

std::uint64_t Tracee::scratch() const {
  return (registers_.rsp - kRedZone) & ~std::uint64_t{15};
}

// Behind the call that it was in; else in the vdso, which has some. Any two bytes of this value will do.
std::uint64_t Tracee::find_entry() const {
  constexpr std::string_view kBytes = "\x0f\x05";
  const Target target(thread_);
  std::array<char, kInstruction> before{};
  const std::uint64_t at = registers_.rip - kInstruction;
  if (target.read_some(before.data(), at, before.size()) == before.size() &&
      std::string_view(before.data(), before.size()) == kBytes) {
    return at;
  }
  const std::string maps = target.proc_file("maps");
  std::size_t line = maps.find("[vdso]");
  line = line == std::string::npos ? line : maps.rfind('\n', line) + 1; // npos + 1: the first line
  preload::MapsLine vdso;
  if (line == std::string::npos || !vdso.parse(std::string_view(maps).substr(line))) {
    return 0;
  }
  std::string code(vdso.end - vdso.start, '\0');
  code.resize(target.read_some(code.data(), vdso.start, code.size()));
  const std::size_t found = code.find(kBytes);
  return found == std::string::npos ? 0 : vdso.start + found;
}

void Tracee::go_on_with(const Result<long>& result) {
  registers_.rax = static_cast<unsigned long long>(result ? *result : -result.error().value);
  registers_.orig_rax = static_cast<unsigned long long>(-1); // no call to be made again
  answered_ = true;
}

void Tracee::take_default_action(int signal) {
  struct Action { // of rt_sigaction(2)
    std::uint64_t handler, flags, restorer, mask;
  };
  const Action by_default{};
  if (Target(thread_).write(scratch(), &by_default, sizeof by_default)) {
    (void)make(SYS_rt_sigaction, {static_cast<std::uint64_t>(signal), scratch(), 0, sizeof by_default.mask});
  }
}

// A process cannot send what the kernel sends; a tracer can change what is delivered.
void Tracee::deliver(const siginfo_t& told) {
  const int signal = told.si_signo;
  if (const std::string status = Target(thread_).proc_file("status");
      (blocked_ & bit_of(signal)) != 0 || (mask_in(status, "SigIgn:\t") & bit_of(signal)) != 0) {
    take_default_action(signal);
  }
  blocked_ &= ~bit_of(signal);
  const std::uint64_t others = ~bit_of(signal);
  if (!trace(PTRACE_SETREGS, thread_, &registers_) || !trace(PTRACE_SETSIGMASK, thread_, &others, sizeof others) ||
      !sys::call(SYS_tkill, thread_, signal) || !trace(PTRACE_CONT, thread_) || !wait_for(signal, -1)) {
    return;
  }
  (void)trace(PTRACE_SETSIGINFO, thread_, &told);
  signal_ = signal;
}

void on_a_tracers_thread(FunctionRef<void()> work) {
  std::set<int> left;
  try {
    std::thread([&] {
      work();
      left.swap(left_over);
    }).join();                         // its end detaches (exit_ptrace)
  } catch (const std::system_error&) { // no thread to be had: nothing is done
    return;
  }
  for (const int thread : left) {
    give_back(thread);
  }
}

} // namespace daxemu::supervise
