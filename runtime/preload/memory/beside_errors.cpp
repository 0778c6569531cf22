#include "runtime/preload/memory/beside_errors.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include <sys/syscall.h>
#include <ucontext.h>

#include "emu/nd/media/media_errors.hpp"
#include "runtime/fault/engines/overseer.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/memory/signals/step_signals.hpp"

namespace daxemu::preload {
namespace {

constexpr greg_t kTrapFlag = 0x100; // X86_EFLAGS_TF

// What an instruction may still get while it runs alone: what it brings about itself.
constexpr std::uint64_t kOfItself = StepSignals::kAll | bit_of(SIGBUS);

// The mask that a handler's return sets, in the kernel's form.
std::uint64_t mask_of(const ucontext_t& at) {
  std::uint64_t mask = 0;
  std::memcpy(&mask, &at.uc_sigmask, sizeof mask);
  return mask;
}
void set_mask_of(ucontext_t& at, std::uint64_t mask) {
  std::memcpy(&at.uc_sigmask, &mask, sizeof mask);
}

bool runs_alone(const void* context) {
  return context != nullptr && (static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] & kTrapFlag) != 0;
}

nd::ErrorLine line_at(const fault::AddressSpace& space, std::uint64_t at) {
  const auto piece = space.first_piece(at, at + 1);
  return piece ? nd::error_line_at(space.store(), piece->view->device(), piece->offset) : nd::ErrorLine::unlisted;
}

} // namespace

constinit BesideErrors beside_errors;
constinit thread_local BesideErrors::Alone BesideErrors::alone;

bool BesideErrors::let_through(fault::AddressSpace& space, const void* address, void* context) {
  drop_stale(context);
  const auto shown = std::span(alone.shown).first(alone.count);
  const bool is_new = std::ranges::find(shown, address) == shown.end(); // else another thread has hidden it meanwhile
  if (context == nullptr || !OwnProcess::calls() || (is_new && alone.count == Alone::kMost) ||
      line_at(space, reinterpret_cast<std::uint64_t>(address)) != nd::ErrorLine::beside ||
      fault::overseer() != fault::Overseer::none || (alone.count == 0 && !step_signals.begin())) {
    return false;
  }
  if (!space.show_failed(address)) {
    if (alone.count == 0) {
      step_signals.end();
    }
    return false;
  }
  if (alone.count == 0) {
    auto& at = *static_cast<ucontext_t*>(context);
    alone.mask = mask_of(at);
    alone.at = at.uc_mcontext.gregs[REG_RIP];
    alone.left = at.uc_mcontext.gregs[REG_RCX];
    set_mask_of(at, (alone.mask | ~kOfItself) & ~bit_of(SIGTRAP));
    at.uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
  }
  if (is_new) {
    alone.shown[alone.count++] = address;
  }
  return true;
}

bool BesideErrors::give_up(void* context, std::uint64_t& mask) {
  drop_stale(context);
  if (alone.count == 0) {
    return false;
  }
  mask = alone.mask;
  finish(context);
  return true;
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
    set_mask_of(at, alone.mask);
  }
  step_signals.end();
  if (alone.owes_trap) {
    alone.owes_trap = false;
    (void)sys::call(SYS_tgkill, sys::getpid(), sys::gettid(), SIGTRAP); // waits, as the one sent would have
  }
}

BesideErrors::Step BesideErrors::end_step(int signal, const siginfo_t& info, void* context, std::uint64_t& mask) {
  drop_stale(context);
  if (alone.count == 0) {
    return Step::none;
  }
  if (signal == SIGTRAP && info.si_code <= 0 && (alone.mask & bit_of(SIGTRAP)) != 0) {
    alone.owes_trap = true;
    return Step::done;
  }
  const bool is_behind = signal == SIGTRAP && info.si_code == TRAP_TRACE;
  if (is_behind && goes_on(context)) {
    return Step::done;
  }
  mask = alone.mask;
  finish(context);
  return is_behind ? Step::done : Step::broken_off;
}

bool BesideErrors::goes_on(void* context) {
  constexpr unsigned kFew = 2; // extents: those behind it are to go
  constexpr std::uint64_t kLongest = 8;
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  if (registers[REG_RIP] != alone.at || registers[REG_RCX] != alone.left - 1 || alone.count > kFew) {
    return false;
  }
  alone.left = registers[REG_RCX];
  const fault::AddressSpace& space = *live_space.get();
  return std::ranges::none_of(std::array{REG_RSI, REG_RDI}, [&](int with) {
    const auto next = static_cast<std::uint64_t>(registers[with]);
    return line_at(space, next) == nd::ErrorLine::bad || line_at(space, next + kLongest - 1) == nd::ErrorLine::bad;
  });
}

} // namespace daxemu::preload
