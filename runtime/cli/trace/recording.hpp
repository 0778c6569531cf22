// A command's run with its events: what `daxemu trace` writes to a file and `daxemu report` draws.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/trace/ring.hpp"
#include "runtime/cli/stage/stage.hpp"
#include "runtime/cli/trace/trace_json.hpp"

namespace daxemu::cli {

struct RecordingFlags {
  std::uint64_t events = 1ULL << 18; // 32M of memory when full
  bool symbols = false;
};
void add_recording_flags(CLI::App& verb, RecordingFlags& flags);
// Errors (Problem, EINVAL): a number of events that cannot be.
[[nodiscard]] Outcome<void> check_recording(const RecordingFlags& flags);

struct Recording {
  trace::Ring::Contents contents;
  TraceAbout about;
  ChildEnd end;
};
// Lets the command play on its stage (`verb` has set it up) and records. Refused on the machine's own device, of which
// nothing is seen.
[[nodiscard]] tl::expected<Recording, Refusal> record(const Stage& stage, const RecordingFlags& flags,
                                                      const std::vector<std::string>& command);
// Tells on standard error what the ring had no room for.
void tell_losses(const trace::Ring::Contents& contents);

} // namespace daxemu::cli
