// The signals that end an instruction which runs alone (beside_errors.hpp): the trap behind it, and what it may bring
// about itself. What the program wants done with them is kept here and is what it asks for and gets; the kernel has
// ours from the first such instruction on, and until then what the program gave it. Ours are SIGTRAP, as long as the
// program does not ignore it, and what the program has a handler for: whatever ends the process ends it as ever.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

#include "runtime/preload/memory/signals/kept_action.hpp"

namespace daxemu::preload {

class StepSignals {
public:
  static constexpr std::uint64_t kAll = bit_of(SIGTRAP) | bit_of(SIGSEGV) | bit_of(SIGFPE) | bit_of(SIGILL);

  // Somebody may be let through from now on: the program's calls have to come here.
  void arm() { armed_.store(true, std::memory_order_release); }
  [[nodiscard]] bool takes(int signal) const {
    return signal > 0 && signal < 64 && (kAll & bit_of(signal)) != 0 && armed_.load(std::memory_order_acquire);
  }
  // sigaction(2) of one of these as the program sees it.
  int set_action(int signal, const struct sigaction* action, struct sigaction* old);

  // An instruction of this thread is about to run alone. False: it cannot.
  [[nodiscard]] bool begin();
  void end() { running_.fetch_sub(1, std::memory_order_seq_cst); }
  void after_fork_in_child() { running_.store(0); }

private:
  static void receive(int signal, siginfo_t* info, void* context);
  void pass_on(int signal, siginfo_t* info, void* context, const std::uint64_t* interrupted);
  [[nodiscard]] struct sigaction kernel_form(int signal, const struct sigaction& action) const;
  [[nodiscard]] KeptAction& kept(int signal);
  // One-shot: is `action` still the program's? Then it is no longer.
  bool use_up(int signal, const struct sigaction& action);
  void die_of(int signal, siginfo_t* info);
  bool install();
  // No instruction runs alone any more, in no thread.
  void wait_for_all();

  std::array<KeptAction, 4> kept_{};
  std::atomic<bool> armed_{false};
  std::atomic<bool> installed_{false};
  std::atomic<bool> ignores_traps_{false};
  std::atomic<int> running_{0};
};

inline constinit StepSignals step_signals;

} // namespace daxemu::preload
