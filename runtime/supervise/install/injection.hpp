// Calls that a thread of the program makes because we have it make them: what only it can do to its own memory. Its
// call waits at the filter; it is stopped on its way back, makes others, and goes on with their result.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/result.hpp"
#include "runtime/supervise/install/listener.hpp"
#include "runtime/supervise/spaces/tracee.hpp"

namespace daxemu::supervise {

class Injection {
public:
  // Errors: EPERM (a debugger has it, or ptrace(2) is not allowed), ESRCH (it ended).
  [[nodiscard]] static Result<Injection> into(const Listener& listener, const Call& call);

  // Errors: the call's; ESRCH.
  [[nodiscard]] Result<long> make(long number, const std::array<std::uint64_t, 6>& word) {
    return tracee_.make(number, word);
  }
  // What lies there is nobody's while it is stopped.
  [[nodiscard]] std::uint64_t scratch() const { return tracee_.scratch(); }
  [[nodiscard]] Tracee& thread() { return tracee_; }
  // What its own call is to give; ENOSYS if nothing is said.
  void set_result(const Result<long>& result) { tracee_.go_on_with(result); }

private:
  explicit Injection(Tracee tracee) : tracee_(std::move(tracee)) {}

  Tracee tracee_;
};

// Is it possible at all? Tried on a child. Errors: ptrace(2)'s.
[[nodiscard]] Result<void> try_injection();

} // namespace daxemu::supervise
