// SIGBUS between the kernel and the program. What is beyond a device's end needs no help: the kernel sends it. This
// class stands before the program's handler where siginfo has to be put right (a poisoned extent is BUS_MCEERR_AR with
// its size), or where the faulting thread itself makes extents present (the inline engine). While the program has no
// handler, and another engine works, nothing is installed, unless somebody reads reasons (emu/trace/why.hpp).
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include "runtime/fault/space/address_space.hpp"

namespace daxemu::preload {

class BusSignal {
public:
  // sigaction(2) of SIGBUS as the program sees it: its own handler, flags and mask come back.
  int set_action(const struct sigaction* action, struct sigaction* old);
  // signal(3) and its kin on SIGBUS: `flags` are what makes them different. Returns the previous handler or SIG_ERR.
  sighandler_t set_handler(sighandler_t handler, int flags, bool mask_itself);
  // sigset(3) of SIGBUS.
  sighandler_t set_or_hold(sighandler_t disposition);

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
  static thread_local bool held_back;
  [[nodiscard]] bool inline_engine() const { return space_.load(std::memory_order_acquire) != nullptr; }

  // force_sig_mceerr(): this thread's SIGBUS for a memory failure, now. Kills the process if SIGBUS is blocked or
  // ignored, or has no handler.
  void force_memory_failure(const fault::PoisonHit& hit);

private:
  class Turn;
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

  // The program's action, read by handlers at any time: two copies, of which `current_` names the valid one. In atomic
  // words, which a reader may find changing under it.
  static constexpr std::size_t kActionWords = sizeof(struct sigaction) / sizeof(std::uint64_t);
  static_assert(sizeof(struct sigaction) % sizeof(std::uint64_t) == 0);
  class Kept {
  public:
    [[nodiscard]] struct sigaction read() const;
    void write(const struct sigaction& action);

  private:
    using Words = std::array<std::atomic<std::uint64_t>, kActionWords>;
    std::array<Words, 2> actions_{};
    std::atomic<unsigned> current_{0};
  };
  Kept own_;
  Kept lent_; // the action of a child that runs in this memory (OwnProcess)
  std::atomic<pid_t> lent_to_{0};
  std::atomic<bool> changing_{false};
  std::atomic<fault::AddressSpace*> space_{nullptr};
  std::atomic<bool> explains_{false};
  std::atomic<bool> by_lines_{false};
};

extern constinit BusSignal bus_signal;

} // namespace daxemu::preload
