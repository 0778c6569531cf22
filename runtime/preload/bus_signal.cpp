#include "runtime/preload/bus_signal.hpp"

#include <cerrno>

#include <sys/syscall.h>

#include "runtime/fault/signals_blocked.hpp"
#include "runtime/preload/memory_calls.hpp"
#include "runtime/preload/real.hpp"

#ifndef BUS_MCEERR_AR
#define BUS_MCEERR_AR 4
#endif

namespace daxemu::preload {
namespace {

constinit Real<int(int, const struct sigaction*, struct sigaction*)> real_sigaction{"sigaction"};

constexpr std::uint64_t kBusBit = 1ULL << (SIGBUS - 1);

bool is_handler(const struct sigaction& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

void call(const struct sigaction& action, int signal, siginfo_t* info, void* context) {
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(signal, info, context);
  } else {
    action.sa_handler(signal);
  }
}

} // namespace

constinit BusSignal bus_signal;
constinit thread_local bool BusSignal::held_back = false;

struct sigaction BusSignal::program_action() const {
  return actions_[current_.load(std::memory_order_acquire) % 2];
}

void BusSignal::remember(const struct sigaction& action) {
  const unsigned next = current_.load(std::memory_order_relaxed) + 1;
  actions_[next % 2] = action;
  current_.store(next, std::memory_order_release);
}

// What the kernel is given in place of the program's action. The kernel does the rest (masks, stacks, one-shot).
struct sigaction BusSignal::kernel_form(const struct sigaction& action) const {
  struct sigaction form = action;
  if (!is_handler(action) && !inline_engine()) {
    return form;
  }
  form.sa_sigaction = receive;
  form.sa_flags |= SA_SIGINFO;
  if (inline_engine()) {
    // A handler may touch extents as well; and it stays when the program's is used up.
    form.sa_flags |= SA_NODEFER | SA_ONSTACK;
    form.sa_flags &= ~static_cast<int>(SA_RESETHAND);
    sigdelset(&form.sa_mask, SIGBUS);
  }
  return form;
}

int BusSignal::set_action(const struct sigaction* action, struct sigaction* old) {
  struct sigaction wanted {};
  if (action != nullptr) {
    wanted = *action; // here, where a bad pointer is the program's fault and nothing is held
  }
  struct sigaction before {};
  int done = 0;
  {
    const fault::SignalsBlocked quiet;
    while (changing_.exchange(true, std::memory_order_acquire)) {
      (void)sys::call(SYS_sched_yield);
    }
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
    changing_.store(false, std::memory_order_release);
  }
  if (done == 0 && old != nullptr) {
    *old = before;
  }
  return done;
}

sighandler_t BusSignal::set_handler(sighandler_t handler, int flags, bool mask_itself) {
  if (handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  struct sigaction action {};
  struct sigaction old {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  if (mask_itself) {
    sigaddset(&action.sa_mask, SIGBUS);
  }
  return set_action(&action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

sighandler_t BusSignal::set_or_hold(sighandler_t disposition) {
  sigset_t bus;
  sigset_t before;
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  if (disposition == SIG_HOLD) {
    struct sigaction now {};
    if (set_action(nullptr, &now) != 0 || sigprocmask(SIG_BLOCK, &bus, &before) != 0) {
      return SIG_ERR;
    }
    return sigismember(&before, SIGBUS) == 1 ? SIG_HOLD : now.sa_handler;
  }
  const sighandler_t old = set_handler(disposition, 0, false);
  if (old == SIG_ERR || sigprocmask(SIG_UNBLOCK, &bus, &before) != 0) {
    return SIG_ERR;
  }
  return sigismember(&before, SIGBUS) == 1 ? SIG_HOLD : old;
}

void BusSignal::resolve_with(fault::AddressSpace& space) {
  if (inline_engine()) {
    return;
  }
  struct sigaction now {};
  (void)set_action(nullptr, &now);
  space_.store(&space, std::memory_order_release);
  (void)set_action(&now, nullptr);
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
  if (info->si_code == BUS_ADRERR) {
    fault::AddressSpace* inline_space = space_.load(std::memory_order_acquire);
    if (inline_space != nullptr && inline_space->resolve(info->si_addr)) {
      return; // present now
    }
    const fault::AddressSpace* space = memory_calls.live();
    if (space != nullptr) {
      if (const fault::PoisonHit hit = space->poison_at(info->si_addr); hit.address != nullptr) {
        info->si_code = BUS_MCEERR_AR;
        info->si_addr = hit.address;
        info->si_addr_lsb = hit.lsb;
      }
    }
  }
  const struct sigaction action = program_action();
  const bool fault = info->si_code > 0;
  if (!is_handler(action) || (fault && held_back)) { // force_sig_fault: a blocked or ignored one kills
    if (action.sa_handler == SIG_DFL || fault) {
      die_of(*info);
    }
    return;
  }
  if (inline_engine() && (action.sa_flags & static_cast<int>(SA_RESETHAND)) != 0) {
    remember({});
  }
  call(action, signal, info, context);
}

void BusSignal::die_of(const siginfo_t& info) {
  struct sigaction fatal {};
  (void)real_sigaction(SIGBUS, &fatal, nullptr);
  if (info.si_code <= 0) { // sent by somebody: again, now that it is deadly; a fault comes again by itself
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
  if ((mask & kBusBit) != 0 || now.sa_handler == SIG_IGN) { // force_sig_info: neither saves the process
    struct sigaction fatal {};
    (void)real_sigaction(SIGBUS, &fatal, nullptr);
    (void)sys::call(SYS_rt_sigprocmask, SIG_UNBLOCK, reinterpret_cast<long>(&kBusBit), 0, sizeof(kBusBit));
  }
  (void)sys::call(SYS_rt_tgsigqueueinfo, sys::getpid(), sys::gettid(), SIGBUS, reinterpret_cast<long>(&info));
}

} // namespace daxemu::preload
