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

#include "emu/base/kernel/sys.hpp"
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

// A program's main thread that is a child of this process: its end is told to whoever started it, and not taken here.
bool is_own_child(int thread) {
  return Target(thread).process() == thread && Target::parent_of(thread, nullptr) == ::getpid();
}

// What a tracee reports next: its stop (the signal, and an event above it; 0: nothing yet). Errors: ESRCH (it ended).
Result<int> report_of(int thread, bool waits) {
  const auto next = [&](int kinds, siginfo_t& told) {
    // __WNOTHREAD: of this tracer. What has the number after an execve(2) of another thread is none of its tracees, but
    // may be our child.
    while (true) {
      const auto asked =
          sys::call(SYS_waitid, P_PID, thread, reinterpret_cast<long>(&told), kinds | __WALL | __WNOTHREAD, 0);
      if (asked || asked.error() != Errno{EINTR}) {
        return asked;
      }
    }
  };
  while (true) {
    siginfo_t told{};
    if (!next(WEXITED | WSTOPPED | WNOWAIT | (waits ? 0 : WNOHANG), told)) {
      return fail(ESRCH);
    }
    if (told.si_pid == 0) {
      return 0;
    }
    const bool stopped = told.si_code == CLD_TRAPPED || told.si_code == CLD_STOPPED;
    if (!stopped && is_own_child(thread)) {
      return fail(ESRCH);
    }
    told = {};
    if (!next((stopped ? WSTOPPED : WEXITED) | WNOHANG, told) || !stopped) {
      return fail(ESRCH);
    }
    if (told.si_pid != 0) { // else it was killed in between
      return told.si_status;
    }
  }
}

// Who was killed in the meantime cannot be detached (ptrace_check_attach()). It stays a zombie until its tracer has
// waited for it, and an execve(2) of another thread that killed it waits for that (de_thread()).
void detach(int thread, int signal = 0) {
  if (!trace(PTRACE_DETACH, thread, reinterpret_cast<void*>(static_cast<long>(signal))) && !is_own_child(thread)) {
    while (report_of(thread, true)) {
    }
  }
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
    if (seized) {
      detach(thread);
    }
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
  detach(thread_, signal_);
  give_back(thread_);
}

Result<void> Tracee::wait_for(int wanted, int patience_ms) const {
  constexpr timespec kMoment{0, 100'000};
  constexpr int kMomentsPerMs = 10;
  for (long left = static_cast<long>(patience_ms) * kMomentsPerMs;;) {
    const auto report = report_of(thread_, patience_ms < 0);
    if (!report) {
      return tl::unexpected(report.error());
    }
    if (*report == 0) {
      if (left-- == 0) {
        return fail(ETIMEDOUT);
      }
      (void)sys::call(SYS_nanosleep, reinterpret_cast<long>(&kMoment), 0);
      continue;
    }
    const bool by_us = *report >> 8 == PTRACE_EVENT_STOP;
    if (wanted == kStopped ? by_us : *report == wanted) {
      return {};
    }
    const int signal = by_us || *report >> 8 != 0 || *report == kAtCall ? 0 : *report;
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
    detach(thread_);
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
