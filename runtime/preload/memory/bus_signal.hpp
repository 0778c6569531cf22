// SIGBUS between the kernel and the program. What is beyond a device's end needs no help: the kernel sends it. This
// class stands before the program's handler where siginfo has to be put right (a poisoned extent is BUS_MCEERR_AR with
// its size), or where the faulting thread itself makes extents present (the inline engine). While the program has no
// handler, and another engine works, nothing is installed, unless somebody reads reasons (emu/trace/why.hpp).
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>

#include "runtime/fault/space/address_space.hpp"
#include "runtime/preload/memory/signals/kept_action.hpp"

namespace daxemu::preload {

class BusSignal {
public:
  // sigaction(2) of SIGBUS as the program sees it: its own handler, flags and mask come back.
  int set_action(const struct sigaction* action, struct sigaction* old);

  // The inline engine: SIGBUS comes here first, whatever the program's action is.
  void resolve_with(fault::AddressSpace& space);
  // Somebody reads reasons: those of SIGBUS are told before the program, or its end, has it.
  void explain();
  // A device is about to be mapped of whose memory lines fail: whoever touches others is let through
  // (beside_errors.hpp).
  void fail_by_lines();
  // With the inline engine a mask must not hold SIGBUS back: removes it from `set`; returns whether it was in it.
  bool let_through(sigset_t& set) const;
  // The inline engine: does this thread believe that it has SIGBUS blocked?
  static constinit thread_local bool held_back; // so said here, too, for no one to look for what would make it
  [[nodiscard]] bool inline_engine() const { return space_.load(std::memory_order_acquire) != nullptr; }

  // force_sig_mceerr(): this thread's SIGBUS for a memory failure, now. Kills the process if SIGBUS is blocked or
  // ignored, or has no handler.
  void force_memory_failure(const fault::PoisonHit& hit);

private:
  static void receive(int signal, siginfo_t* info, void* context);
  void deliver(int signal, siginfo_t* info, void* context);
  // Has the kernel give us SIGBUS in place of what the program has now; `inline_space`: to resolve with, or nullptr.
  void take_over(fault::AddressSpace* inline_space);
  // In a handler: what SIGBUS does by default, for the same reason.
  void die_of(const siginfo_t& info);
  [[nodiscard]] struct sigaction program_action() const;
  void remember(const struct sigaction& action);
  // Is `action`, which is one-shot, still the program's? Then it is no longer.
  bool use_up(const struct sigaction& action);
  [[nodiscard]] struct sigaction kernel_form(const struct sigaction& action) const;

  KeptAction own_;
  KeptAction lent_; // the action of a child that runs in this memory (OwnProcess)
  std::atomic<pid_t> lent_to_{0};
  std::atomic<fault::AddressSpace*> space_{nullptr};
  std::atomic<bool> explains_{false};
  std::atomic<bool> by_lines_{false};
};

extern constinit BusSignal bus_signal;

} // namespace daxemu::preload
