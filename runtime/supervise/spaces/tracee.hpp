// A thread of a program that is stopped by ptrace(2): calls that it makes because we have it make them, and signals as
// the kernel would send them.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>

#include <sys/user.h>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"

namespace daxemu::supervise {

class Tracee {
public:
  // Asks the thread to stop. While another thread of ours traces it, this waits. Errors: EPERM (a debugger has it, or
  // ptrace(2) is not allowed), ESRCH (it ended).
  [[nodiscard]] static Result<Tracee> seize(int thread);
  Tracee(Tracee&& other) noexcept;
  Tracee& operator=(Tracee&&) = delete;
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;
  // It goes on as it was, a call that it waited in too; or as go_on_with() and deliver() say.
  ~Tracee();

  // Until it has stopped. Errors: ESRCH (it ended), ETIMEDOUT: `patience_ms` (-1: none) has passed; then it is let go
  // of when the thread that seized it ends, and not before.
  [[nodiscard]] Result<void> await_stop(int patience_ms);

  [[nodiscard]] int thread() const { return thread_; }
  [[nodiscard]] const user_regs_struct& registers() const { return registers_; }
  // What is some way below the lower end of its stack is nobody's while it is stopped.
  [[nodiscard]] std::uint64_t scratch() const;
  // Errors: the call's; ESRCH; ENOEXEC (no instruction "syscall" was found in the program).
  [[nodiscard]] Result<long> make(long number, const std::array<std::uint64_t, 6>& word);
  // The call that it was in gives this.
  void go_on_with(const Result<long>& result);
  // It has this signal when it goes on, as from force_sig_info_to_task(): who blocks or ignores it is ended.
  void deliver(const siginfo_t& told);

private:
  explicit Tracee(int thread) : thread_(thread) {}
  [[nodiscard]] Result<void> wait_for(int status, int patience_ms) const;
  void take_default_action(int signal);
  [[nodiscard]] std::uint64_t find_entry() const;

  int thread_; // -1: given away
  user_regs_struct registers_{};
  std::uint64_t blocked_ = 0; // signals
  int signal_ = 0;            // to go on with
  bool stopped_ = false;
  bool has_called_ = false; // it is where a call of ours ended
  bool answered_ = false;   // go_on_with()
  std::uint64_t entry_ = 0; // of an instruction "syscall"
};

// Runs `work` on a thread of its own, at whose end whatever it has seized goes on.
void on_a_tracers_thread(FunctionRef<void()> work);

} // namespace daxemu::supervise
