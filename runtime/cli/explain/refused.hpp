// An event of a call that was refused, or a touch that was answered by SIGBUS, in words.
#pragma once

#include <string>
#include <string_view>

#include "emu/trace/event.hpp"

namespace daxemu::cli {

struct Refused {
  std::string call;   // "mmap", "dax0.0/size=3" of a write to an attribute, "touch of 0x7f..."
  std::string error;  // "EINVAL", "SIGBUS"
  std::string why;    // in the kernel's words where it has some
  std::string remedy; // empty: none is known
  std::string row;    // of the semantics page; empty: none asks it
};

// Is the event one?
[[nodiscard]] bool is_refused(const trace::Event& event);
// `device`: its name, empty if not known; `process`: the program's.
[[nodiscard]] Refused refused_of(const trace::Event& event, std::string_view device, std::string_view process);
// "CALL by PROCESS[PID] at PLACE: ERROR: WHY; REMEDY; see ROW in semantics.md", in one line. `place`: the caller's
// code, or empty.
[[nodiscard]] std::string line_of(const Refused& refused, std::string_view process, int pid, std::string_view place);

} // namespace daxemu::cli
