// Whose call it is that this thread answers: a supervisor's events (runtime/supervise) are the program's.
#pragma once

#include <sys/types.h>

#include "emu/trace/event.hpp"
#include "emu/trace/ring.hpp"

namespace daxemu::trace {

namespace detail {
__attribute__((tls_model("initial-exec"))) inline thread_local constinit pid_t acting_for = 0;
} // namespace detail

class ActingFor {
public:
  explicit ActingFor(pid_t program) { detail::acting_for = program; }
  ~ActingFor() { detail::acting_for = 0; }
  ActingFor(const ActingFor&) = delete;
  ActingFor& operator=(const ActingFor&) = delete;
};

// By this number of syscall(2) the supervisor tells the library in it, which is another program with variables of its
// own, for whom it acts; 0: for itself. No kernel has a call of it.
inline constexpr long kActForCall = -0x646178;

// Writes an event that tells of a refusal, as the program's for whom this thread acts, if it does, with its name: no
// event of its own tells that.
void write_for_program(const Ring& to, Event event);

} // namespace daxemu::trace
