#include "runtime/supervise/injection.hpp"

#include <csignal>
#include <utility>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/sys.hpp"

namespace daxemu::supervise {
namespace {

constexpr int kStopped = SIGTRAP | (PTRACE_EVENT_STOP << 8);
constexpr int kAtCall = SIGTRAP | 0x80;   // PTRACE_O_TRACESYSGOOD
constexpr std::uint64_t kInstruction = 2; // bytes of "syscall"

Result<long> trace(long request, int thread, const void* data = nullptr, std::uint64_t address = 0) {
  return sys::call(SYS_ptrace, request, thread, static_cast<long>(address), reinterpret_cast<long>(data));
}

} // namespace

Result<Injection> Injection::into(const Listener& listener, const Call& call) {
  if (const auto seized = trace(PTRACE_SEIZE, call.thread, reinterpret_cast<void*>(PTRACE_O_TRACESYSGOOD)); !seized) {
    return tl::unexpected(seized.error());
  }
  Injection made(call.thread);
  if (const auto asked = trace(PTRACE_INTERRUPT, call.thread); !asked) {
    return tl::unexpected(asked.error());
  }
  listener.answer(call, 0L); // it stops before it sees this
  if (!made.wait_for(kStopped) || !trace(PTRACE_GETREGS, made.thread_, &made.registers_) ||
      !trace(PTRACE_GETSIGMASK, made.thread_, &made.blocked_, sizeof made.blocked_)) {
    return fail(ESRCH);
  }
  const std::uint64_t all = ~std::uint64_t{0};
  (void)trace(PTRACE_SETSIGMASK, made.thread_, &all, sizeof all);
  return made;
}

Injection::Injection(Injection&& other) noexcept
    : thread_(std::exchange(other.thread_, -1)), registers_(other.registers_), blocked_(other.blocked_),
      signal_(other.signal_), result_(other.result_) {}

Injection::~Injection() {
  if (thread_ < 0) {
    return;
  }
  if (registers_.rip != 0) {
    registers_.rax = static_cast<unsigned long long>(result_ ? *result_ : -result_.error().value);
    registers_.orig_rax = static_cast<unsigned long long>(-1); // no call to be made again
    (void)trace(PTRACE_SETREGS, thread_, &registers_);
    (void)trace(PTRACE_SETSIGMASK, thread_, &blocked_, sizeof blocked_);
  }
  (void)trace(PTRACE_DETACH, thread_, reinterpret_cast<void*>(static_cast<long>(signal_)));
}

bool Injection::wait_for(int wanted) const {
  for (;;) {
    int status = 0;
    const auto ended = sys::call(SYS_wait4, thread_, reinterpret_cast<long>(&status), __WALL, 0);
    if (!ended && ended.error() == Errno{EINTR}) {
      continue;
    }
    if (!ended || !WIFSTOPPED(status)) {
      return false;
    }
    if (status >> 8 == wanted) {
      return true;
    }
    (void)trace(wanted == kAtCall ? PTRACE_SYSCALL : PTRACE_CONT, thread_);
  }
}

// A process cannot send what the kernel sends; a tracer can change what is delivered. As force_sig_mceerr(): not to be
// blocked.
void Injection::fail_memory(std::uint64_t address, short bits) {
  constexpr std::uint64_t kBit = std::uint64_t{1} << (SIGBUS - 1);
  const std::uint64_t others = ~kBit;
  blocked_ &= ~kBit;
  user_regs_struct registers = registers_;
  registers.rax = static_cast<unsigned long long>(result_ ? *result_ : -result_.error().value);
  registers.orig_rax = static_cast<unsigned long long>(-1);
  if (!trace(PTRACE_SETREGS, thread_, &registers) || !trace(PTRACE_SETSIGMASK, thread_, &others, sizeof others) ||
      !sys::call(SYS_tkill, thread_, SIGBUS) || !trace(PTRACE_CONT, thread_) || !wait_for(SIGBUS)) {
    return;
  }
  siginfo_t told{};
  told.si_signo = SIGBUS;
  told.si_code = BUS_MCEERR_AR;
  told.si_addr = reinterpret_cast<void*>(address);
  told.si_addr_lsb = bits;
  (void)trace(PTRACE_SETSIGINFO, thread_, &told);
  signal_ = SIGBUS;
}

Result<long> Injection::make(long number, const std::array<std::uint64_t, 6>& word) {
  user_regs_struct registers = registers_;
  registers.rax = static_cast<unsigned long long>(number);
  registers.orig_rax = static_cast<unsigned long long>(-1);
  registers.rip -= kInstruction;
  registers.rdi = word[0];
  registers.rsi = word[1];
  registers.rdx = word[2];
  registers.r10 = word[3];
  registers.r8 = word[4];
  registers.r9 = word[5];
  if (!trace(PTRACE_SETREGS, thread_, &registers)) {
    return fail(ESRCH);
  }
  for (int stop = 0; stop < 2; ++stop) { // where it begins, where it ends
    if (!trace(PTRACE_SYSCALL, thread_) || !wait_for(kAtCall)) {
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

Result<void> try_injection() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  if (child < 0) {
    return fail(errno);
  }
  const auto seized = trace(PTRACE_SEIZE, child);
  (void)::kill(child, SIGKILL);
  (void)::waitpid(child, nullptr, __WALL);
  return seized ? Result<void>() : tl::unexpected(seized.error());
}

} // namespace daxemu::supervise
