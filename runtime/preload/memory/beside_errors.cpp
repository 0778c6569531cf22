#include "runtime/preload/memory/beside_errors.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include <sys/syscall.h>
#include <ucontext.h>

#include "emu/nd/media/media_errors.hpp"
#include "runtime/fault/engines/overseer.hpp"
#include "runtime/fault/process/signals_blocked.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/live_space.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_REAL(sigaction, int(int, const struct sigaction*, struct sigaction*));

constexpr greg_t kTrapFlag = 0x100; // X86_EFLAGS_TF

constexpr std::uint64_t bit_of(int signal) {
  return 1ULL << (signal - 1);
}
// What an instruction may still get while it runs alone: what it brings about itself.
constexpr std::uint64_t kOfItself =
    bit_of(SIGTRAP) | bit_of(SIGBUS) | bit_of(SIGSEGV) | bit_of(SIGILL) | bit_of(SIGFPE);

// What an instruction that runs alone may end with: a trap behind it, or that it cannot be carried out.
constexpr std::array kTaken = {SIGTRAP, SIGSEGV};

// The mask that a handler's return sets, in the kernel's form.
std::uint64_t mask_of(const ucontext_t& at) {
  std::uint64_t mask = 0;
  std::memcpy(&mask, &at.uc_sigmask, sizeof mask);
  return mask;
}
void set_mask(ucontext_t& at, std::uint64_t mask) {
  std::memcpy(&at.uc_sigmask, &mask, sizeof mask);
}

bool runs_alone(const void* context) {
  return context != nullptr && (static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] & kTrapFlag) != 0;
}

bool is_beside(const fault::AddressSpace& space, const void* address) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto piece = space.first_piece(at, at + 1);
  return piece && nd::error_line_at(space.store(), piece->view->device(), piece->offset) == nd::ErrorLine::beside;
}

} // namespace

// Who changes actions, with signals blocked.
class BesideErrors::Turn {
public:
  explicit Turn(BesideErrors& all) : all_(all) {
    while (all_.changing_.exchange(true, std::memory_order_acquire)) {
      (void)sys::call(SYS_sched_yield);
    }
  }
  ~Turn() { all_.changing_.store(false, std::memory_order_release); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

private:
  fault::SignalsBlocked quiet_; // first in, last out
  BesideErrors& all_;
};

constinit BesideErrors beside_errors;
constinit thread_local BesideErrors::Alone BesideErrors::alone;

bool BesideErrors::let_through(fault::AddressSpace& space, const void* address, void* context) {
  drop_stale(context);
  const auto shown = std::span(alone.shown).first(alone.count);
  const bool is_new = std::ranges::find(shown, address) == shown.end(); // else another thread has hidden it meanwhile
  if (context == nullptr || !OwnProcess::calls() || (is_new && alone.count == Alone::kMost) ||
      !is_beside(space, address) || fault::overseer() != fault::Overseer::none || !space.show_failed(address)) {
    return false;
  }
  if (alone.count == 0) {
    take_signals();
    auto& at = *static_cast<ucontext_t*>(context);
    alone.mask = mask_of(at);
    set_mask(at, (alone.mask | ~kOfItself) & ~bit_of(SIGTRAP));
    at.uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
  }
  if (is_new) {
    alone.shown[alone.count++] = address;
  }
  return true;
}

void BesideErrors::give_up(void* context) {
  drop_stale(context);
  if (alone.count != 0) {
    finish(context);
  }
}

// An instruction that ran alone has got a signal whose handler never came back to it.
void BesideErrors::drop_stale(void* context) {
  if (alone.count != 0 && !runs_alone(context)) {
    finish(nullptr);
  }
}

void BesideErrors::finish(void* context) {
  fault::AddressSpace* space = live_space.get();
  for (; alone.count != 0; --alone.count) {
    space->hide_failed(alone.shown[alone.count - 1]);
  }
  if (context != nullptr) {
    auto& at = *static_cast<ucontext_t*>(context);
    at.uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
    set_mask(at, alone.mask);
  }
  give_signals_back();
}

void BesideErrors::take_signals() {
  const Turn turn(*this);
  if (users_++ == 0) {
    struct sigaction ours {};
    ours.sa_sigaction = receive;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&ours.sa_mask);
    for (std::size_t at = 0; at < kTaken.size(); ++at) {
      (void)real_sigaction(kTaken[at], &ours, &before_[at]);
    }
  }
}

void BesideErrors::give_signals_back() {
  const Turn turn(*this);
  if (--users_ != 0) {
    return;
  }
  for (std::size_t at = 0; at < kTaken.size(); ++at) {
    struct sigaction now {};
    if (real_sigaction(kTaken[at], nullptr, &now) == 0 && now.sa_sigaction == receive) {
      (void)real_sigaction(kTaken[at], &before_[at], nullptr);
    }
  }
}

struct sigaction BesideErrors::program_action(int signal) {
  const Turn turn(*this);
  return before_[signal == kTaken.front() ? 0 : 1];
}

void BesideErrors::receive(int signal, siginfo_t* info, void* context) {
  const int kept = errno;
  const bool is_over = alone.count != 0 && runs_alone(context);
  if (alone.count != 0) {
    beside_errors.finish(is_over ? context : nullptr);
  }
  if (!is_over || signal != SIGTRAP) {
    beside_errors.pass_on(signal, info, context);
  }
  errno = kept;
}

// It is the program's: another thread's, or the instruction cannot be carried out for another reason.
void BesideErrors::pass_on(int signal, siginfo_t* info, void* context) {
  const struct sigaction action = program_action(signal);
  if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && info->si_code > 0)) { // force_sig_fault()
    const struct sigaction fatal {};
    (void)real_sigaction(signal, &fatal, nullptr);
    (void)sys::call(SYS_tgkill, sys::getpid(), sys::gettid(), signal);
  } else if (action.sa_handler != SIG_IGN) {
    if ((action.sa_flags & SA_SIGINFO) != 0) {
      action.sa_sigaction(signal, info, context);
    } else {
      action.sa_handler(signal);
    }
  }
}

} // namespace daxemu::preload
