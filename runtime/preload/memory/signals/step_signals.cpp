#include "runtime/preload/memory/signals/step_signals.hpp"

#include <cerrno>
#include <ctime>

#include <sys/syscall.h>

#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/beside_errors.hpp"

namespace daxemu::preload {
namespace {

DAXEMU_REAL(sigaction, int(int, const struct sigaction*, struct sigaction*));

constexpr std::array kSignals = {SIGTRAP, SIGSEGV, SIGFPE, SIGILL};

} // namespace

KeptAction& StepSignals::kept(int signal) {
  std::size_t at = 0;
  while (kSignals[at] != signal) {
    ++at;
  }
  return kept_[at];
}

// The kernel does the rest: masks, stacks, one-shot.
struct sigaction StepSignals::kernel_form(int signal, const struct sigaction& action) const {
  const bool is_trap = signal == SIGTRAP && action.sa_handler != SIG_IGN; // which an exec keeps
  if (!installed_.load(std::memory_order_relaxed) || !(is_trap || is_handler(action))) {
    return action;
  }
  struct sigaction form = action;
  form.sa_sigaction = receive;
  form.sa_flags |= SA_SIGINFO;
  if (is_trap) { // it comes where none of the program's handlers would, and more than once
    form.sa_flags |= is_handler(action) ? 0 : SA_ONSTACK;
    form.sa_flags &= ~static_cast<int>(SA_RESETHAND);
  }
  return form;
}

int StepSignals::set_action(int signal, const struct sigaction* action, struct sigaction* old) {
  struct sigaction wanted {};
  if (action != nullptr) {
    wanted = *action; // here, where a bad pointer is the program's fault and nothing is held
  }
  struct sigaction before {};
  int done = 0;
  if (!OwnProcess::calls()) { // the kernel's actions are the child's own; what is kept is its parent's
    done = real_sigaction(signal, action == nullptr ? nullptr : &wanted, &before);
    if (done == 0 && before.sa_sigaction == receive) {
      before = kept(signal).read();
    }
  } else {
    const SignalGuard guard;
    const bool ignores = signal == SIGTRAP && action != nullptr && wanted.sa_handler == SIG_IGN;
    if (ignores) { // a trap that is ignored kills (force_sig_fault)
      ignores_traps_.store(true, std::memory_order_seq_cst);
      wait_for_all();
    }
    const struct sigaction form = kernel_form(signal, wanted);
    done = real_sigaction(signal, action == nullptr ? nullptr : &form, &before);
    if (done == 0) {
      if (before.sa_sigaction == receive) {
        before = kept(signal).read();
      }
      if (action != nullptr) {
        kept(signal).write(wanted);
      }
    }
    if (signal == SIGTRAP && action != nullptr) {
      ignores_traps_.store(ignores, std::memory_order_seq_cst);
    }
  }
  if (done == 0 && old != nullptr) {
    tell_action(old, before);
  }
  return done;
}

// They end by themselves, but for one whose handler left by a way that is not known here.
void StepSignals::wait_for_all() {
  constexpr int kMostWaits = 1000;
  for (int waited = 0; running_.load(std::memory_order_seq_cst) > 0 && waited < kMostWaits; ++waited) {
    const timespec pause{0, 1'000'000};
    (void)sys::call(SYS_nanosleep, reinterpret_cast<long>(&pause), 0);
  }
}

bool StepSignals::begin() {
  running_.fetch_add(1, std::memory_order_seq_cst);
  if (!ignores_traps_.load(std::memory_order_seq_cst)) {
    struct sigaction now {};
    // Looked at each time: a program may have gone to the kernel past us.
    if (real_sigaction(SIGTRAP, nullptr, &now) == 0 && (now.sa_sigaction == receive || install())) {
      return true;
    }
  }
  end();
  return false;
}

bool StepSignals::install() {
  const SignalGuard guard;
  struct sigaction traps {};
  if (real_sigaction(SIGTRAP, nullptr, &traps) != 0 || traps.sa_handler == SIG_IGN) {
    return false;
  }
  installed_.store(true, std::memory_order_relaxed);
  for (const int signal : kSignals) {
    struct sigaction now {};
    if (real_sigaction(signal, nullptr, &now) != 0 || now.sa_sigaction == receive) {
      continue;
    }
    kept(signal).write(now);
    const struct sigaction form = kernel_form(signal, now);
    if (form.sa_sigaction == receive && real_sigaction(signal, &form, nullptr) != 0) {
      return false;
    }
  }
  return true;
}

void StepSignals::receive(int signal, siginfo_t* info, void* context) {
  const int before = errno;
  std::uint64_t mask = 0;
  switch (beside_errors.end_step(signal, *info, context, mask)) {
  case BesideErrors::Step::none:
    step_signals.pass_on(signal, info, context, nullptr);
    break;
  case BesideErrors::Step::broken_off:
    step_signals.pass_on(signal, info, context, &mask);
    break;
  case BesideErrors::Step::done:
    break;
  }
  errno = before;
}

// It is the program's. `interrupted`: the mask of the thread, which had more blocked than the program knows.
void StepSignals::pass_on(int signal, siginfo_t* info, void* context, const std::uint64_t* interrupted) {
  const struct sigaction action = kept(signal).read();
  if (!is_handler(action)) {
    if (action.sa_handler == SIG_DFL || info->si_code > 0) { // force_sig_fault()
      die_of(signal, info);
    }
    return;
  }
  if (signal == SIGTRAP && (action.sa_flags & static_cast<int>(SA_RESETHAND)) != 0 && !use_up(signal, action)) {
    pass_on(signal, info, context, interrupted); // another thread has used it up, or set another
    return;
  }
  if (interrupted != nullptr) {
    set_mask(mask_inside(action, signal, *interrupted));
  }
  call_handler(action, signal, info, context);
}

bool StepSignals::use_up(int signal, const struct sigaction& action) {
  const SignalGuard guard;
  const struct sigaction now = kept(signal).read();
  if (now.sa_sigaction != action.sa_sigaction || now.sa_flags != action.sa_flags) {
    return false;
  }
  kept(signal).write({});
  return true;
}

// What it does by default, for the same reason, when this handler has returned.
void StepSignals::die_of(int signal, siginfo_t* info) {
  const struct sigaction fatal {};
  (void)real_sigaction(signal, &fatal, nullptr);
  (void)sys::call(SYS_rt_tgsigqueueinfo, sys::getpid(), sys::gettid(), signal, reinterpret_cast<long>(info));
}

} // namespace daxemu::preload
