#include "runtime/preload/memory/bus_signal.hpp"
#include "emu/base/program/at_start.hpp"

#include <cerrno>
#include <cstring>

#include <sys/syscall.h>
#include <ucontext.h>

#include "emu/trace/why.hpp"
#include "runtime/fault/process/early_kill.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/beside_errors.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/memory/signals/step_signals.hpp"

#ifndef BUS_MCEERR_AR
#define BUS_MCEERR_AR 4
#define BUS_MCEERR_AO 5
#endif

namespace daxemu::preload {
namespace {

DAXEMU_REAL(sigaction, int(int, const struct sigaction*, struct sigaction*));

constexpr std::uint64_t kBusBit = 1ULL << (SIGBUS - 1);

// Why a touch is SIGBUS, for who reads reasons. `context`: the handler's, where there is one.
void tell_reason(const siginfo_t& info, const void* context) {
  const fault::AddressSpace* space = trace::explains() && info.si_code > 0 ? live_space.get() : nullptr;
  trace::Why why = space == nullptr ? trace::Why() : space->why_sigbus(info.si_addr);
  if (why.reason == trace::Reason::touch_no_memory && info.si_code != BUS_ADRERR) {
    why.reason = trace::Reason::touch_poisoned; // MADV_HWPOISON, which marks no memory bad
  }
  if (why.reason != trace::Reason::none) {
    const auto* at = static_cast<const ucontext_t*>(context);
    trace::tell_sigbus(why, reinterpret_cast<std::uint64_t>(info.si_addr),
                       at == nullptr ? 0 : static_cast<std::uint64_t>(at->uc_mcontext.gregs[REG_RIP]));
  }
}

} // namespace

DAXEMU_OFTEN constinit BusSignal bus_signal;
constinit thread_local bool BusSignal::held_back = false;

// Signal actions are a child's own, whose memory they are kept in.
DAXEMU_START_PATH struct sigaction BusSignal::program_action() const {
  return !OwnProcess::calls() && lent_to_.load(std::memory_order_acquire) == sys::getpid() ? lent_.read() : own_.read();
}

DAXEMU_START_PATH void BusSignal::remember(const struct sigaction& action) {
  if (OwnProcess::calls()) {
    own_.write(action);
    return;
  }
  lent_.write(action);
  lent_to_.store(sys::getpid(), std::memory_order_release);
}

// What the kernel is given in place of the program's action. The kernel does the rest (masks, stacks, one-shot).
DAXEMU_START_PATH struct sigaction BusSignal::kernel_form(const struct sigaction& action) const {
  struct sigaction form = action;
  const bool by_lines =
      by_lines_.load(std::memory_order_relaxed) && action.sa_handler != SIG_IGN; // which an exec keeps
  const bool told = explains_.load(std::memory_order_relaxed) && action.sa_handler == SIG_DFL;
  if (!is_handler(action) && !inline_engine() && !by_lines && !told) {
    return form;
  }
  form.sa_sigaction = receive;
  form.sa_flags |= SA_SIGINFO;
  if (by_lines) { // it may come where none of the program's handlers would, and more than once
    form.sa_flags |= is_handler(action) ? 0 : SA_ONSTACK;
    form.sa_flags &= ~static_cast<int>(SA_RESETHAND);
  }
  if (inline_engine()) {
    // A handler may touch extents as well; and it stays when the program's is used up.
    form.sa_flags |= SA_NODEFER | SA_ONSTACK;
    form.sa_flags &= ~static_cast<int>(SA_RESETHAND);
    sigdelset(&form.sa_mask, SIGBUS);
  }
  return form;
}

DAXEMU_START_PATH int BusSignal::set_action(const struct sigaction* action, struct sigaction* old) {
  struct sigaction wanted {};
  if (action != nullptr) {
    wanted = *action; // here, where a bad pointer is the program's fault and nothing is held
  }
  struct sigaction before {};
  int done = 0;
  {
    const SignalGuard guard;
    const struct sigaction form = kernel_form(wanted);
    done = real_sigaction(SIGBUS, action == nullptr ? nullptr : &form, &before);
    if (done == 0) {
      if (before.sa_sigaction == receive) {
        before = program_action();
      }
      if (action != nullptr) {
        remember(wanted);
      }
    }
  }
  if (done == 0 && old != nullptr) {
    tell_action(old, before);
  }
  return done;
}

void BusSignal::resolve_with(fault::AddressSpace& space) {
  if (!inline_engine()) {
    take_over(&space);
  }
}

void BusSignal::explain() {
  if (!explains_.exchange(true)) {
    take_over(nullptr);
  }
}

void BusSignal::fail_by_lines() {
  if (!by_lines_.exchange(true)) {
    step_signals.arm();
    take_over(nullptr);
  }
}

void BusSignal::take_over(fault::AddressSpace* inline_space) {
  // In one turn: an action that another thread sets meanwhile must not be undone.
  const SignalGuard guard;
  struct sigaction now {};
  (void)real_sigaction(SIGBUS, nullptr, &now);
  if (now.sa_sigaction == receive) {
    now = program_action();
  }
  remember(now);
  if (inline_space != nullptr) {
    space_.store(inline_space, std::memory_order_release);
  }
  const struct sigaction form = kernel_form(now);
  (void)real_sigaction(SIGBUS, &form, nullptr);
}

bool BusSignal::let_through(sigset_t& set) const {
  if (!inline_engine() || sigismember(&set, SIGBUS) != 1) {
    return false;
  }
  sigdelset(&set, SIGBUS);
  return true;
}

void BusSignal::receive(int signal, siginfo_t* info, void* context) {
  const int kept = errno;
  bus_signal.deliver(signal, info, context);
  errno = kept;
}

void BusSignal::deliver(int signal, siginfo_t* info, void* context) {
  const bool notice = fault::translate_early_kill(*info);
  if (info->si_code == BUS_ADRERR) {
    fault::AddressSpace* inline_space = space_.load(std::memory_order_acquire);
    if (inline_space != nullptr && inline_space->resolve(info->si_addr)) {
      return; // present now
    }
    fault::AddressSpace* space = live_space.get();
    if (space != nullptr) {
      if (const fault::PoisonHit hit = space->poison_at(info->si_addr); hit.address != nullptr) {
        if (by_lines_.load(std::memory_order_relaxed) && beside_errors.let_through(*space, info->si_addr, context)) {
          return;
        }
        info->si_code = BUS_MCEERR_AR;
        info->si_addr = hit.address;
        info->si_addr_lsb = hit.lsb;
      }
    }
  }
  std::uint64_t mask = 0;
  const bool ran_alone =
      by_lines_.load(std::memory_order_relaxed) && info->si_code > 0 && !notice && beside_errors.give_up(context, mask);
  tell_reason(*info, context);
  const struct sigaction action = program_action();
  const bool fault = info->si_code > 0 && !notice;
  if (!is_handler(action) || (fault && held_back)) { // force_sig_fault: a blocked or ignored one kills
    if (action.sa_handler == SIG_DFL || fault) {
      die_of(*info);
    }
    return;
  }
  const bool stays =
      inline_engine() || by_lines_.load(std::memory_order_relaxed); // the kernel's action, when it is used up
  if (stays && (action.sa_flags & static_cast<int>(SA_RESETHAND)) != 0 && !use_up(action)) {
    deliver(signal, info, context); // another thread has used it up, or set another
    return;
  }
  if (ran_alone) { // with more blocked than the program knows
    set_mask(mask_inside(kernel_form(action), signal, mask));
  }
  call_handler(action, signal, info, context);
}

// One-shot: the first that comes takes it.
bool BusSignal::use_up(const struct sigaction& action) {
  const SignalGuard guard;
  const struct sigaction now = program_action();
  if (now.sa_sigaction != action.sa_sigaction || now.sa_flags != action.sa_flags) {
    return false;
  }
  remember({});
  return true;
}

void BusSignal::die_of(const siginfo_t& info) {
  struct sigaction fatal {};
  (void)real_sigaction(SIGBUS, &fatal, nullptr);
  if (info.si_code <= 0 ||
      info.si_code == BUS_MCEERR_AO) { // sent by somebody: again, now that it is deadly; a fault comes again by itself
    (void)sys::call(SYS_tgkill, sys::getpid(), sys::gettid(), SIGBUS);
  }
}

void BusSignal::force_memory_failure(const fault::PoisonHit& hit) {
  siginfo_t info{};
  info.si_signo = SIGBUS;
  info.si_code = BUS_MCEERR_AR;
  info.si_addr = hit.address;
  info.si_addr_lsb = hit.lsb;
  std::uint64_t mask = 0;
  (void)sys::call(SYS_rt_sigprocmask, SIG_BLOCK, 0, reinterpret_cast<long>(&mask), sizeof(mask));
  struct sigaction now {};
  (void)set_action(nullptr, &now);
  if ((mask & kBusBit) != 0 || !is_handler(now)) { // force_sig_info: neither saves the process
    tell_reason(info, nullptr);
    struct sigaction fatal {};
    (void)real_sigaction(SIGBUS, &fatal, nullptr);
    (void)sys::call(SYS_rt_sigprocmask, SIG_UNBLOCK, reinterpret_cast<long>(&kBusBit), 0, sizeof(kBusBit));
  }
  (void)sys::call(SYS_rt_tgsigqueueinfo, sys::getpid(), sys::gettid(), SIGBUS, reinterpret_cast<long>(&info));
}

} // namespace daxemu::preload
