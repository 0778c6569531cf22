// Which fault engines this process may use, and why not the others. For `daxemu doctor`; it allocates.
#pragma once

#include <string>

#include "emu/store/records/records.hpp"

namespace daxemu::fault {

struct Probe {
  bool full = false;                                      // a userfaultfd that serves kernel-mode faults can be had
  bool user_mode_only = false;                            // one that serves user-mode faults can
  bool tracks = false;                                    // either notes what is written to
  store::EngineKind engine = store::EngineKind::populate; // what `automatic` takes here
  std::string detail;                                     // what userfaultfd said
  std::string remedy;                                     // empty if full
};

[[nodiscard]] Probe probe();

} // namespace daxemu::fault
