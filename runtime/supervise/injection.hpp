// Calls that a thread of the program makes because we have it make them: what only it can do to its own memory. Its
// call waits at the filter; by ptrace(2) it is stopped on its way back, makes others, and goes on with their result.
#pragma once

#include <array>
#include <cstdint>

#include <sys/user.h>

#include "emu/base/result.hpp"
#include "runtime/supervise/listener.hpp"

namespace daxemu::supervise {

class Injection {
public:
  // Errors: EPERM (a debugger has it, or ptrace(2) is not allowed), ESRCH (it ended).
  [[nodiscard]] static Result<Injection> into(const Listener& listener, const Call& call);
  Injection(Injection&& other) noexcept;
  Injection& operator=(Injection&&) = delete;
  Injection(const Injection&) = delete;
  Injection& operator=(const Injection&) = delete;
  ~Injection(); // it goes on

  // Errors: the call's; ESRCH.
  [[nodiscard]] Result<long> make(long number, const std::array<std::uint64_t, 6>& word);
  // The lower end of its stack: what lies some way below is nobody's while it is stopped.
  [[nodiscard]] std::uint64_t stack() const { return registers_.rsp; }
  // It is to have SIGBUS for `address` when it goes on, as for a machine check of 2^`bits` bytes there.
  void fail_memory(std::uint64_t address, short bits);
  // What its own call is to give.
  void set_result(const Result<long>& result) { result_ = result; }

private:
  explicit Injection(int thread) : thread_(thread) {}
  [[nodiscard]] bool wait_for(int status) const;

  int thread_; // -1: given away
  user_regs_struct registers_{};
  std::uint64_t blocked_ = 0; // signals
  int signal_ = 0;            // to go on with
  Result<long> result_ = fail(ENOSYS);
};

// Is it possible at all? Tried on a child. Errors: ptrace(2)'s.
[[nodiscard]] Result<void> try_injection();

} // namespace daxemu::supervise
