// A trace as a file: the Trace Event Format that Chrome's about:tracing and Perfetto read.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "emu/store/store.hpp"
#include "emu/trace/ring.hpp"

namespace daxemu::cli {

// A device as the reader of a trace needs to know it.
struct TracedDevice {
  std::string name;
  std::uint32_t minor = 0;
  std::uint64_t size = 0; // bytes
  std::uint64_t align = 0;
  std::vector<store::RangeRecord> ranges; // where its bytes are, physically
};

struct TraceAbout {
  std::vector<std::string> command;
  std::vector<TracedDevice> devices;
  double length_us = 0; // of the command's run
};

// Devices of the platform as they are now, those deleted meanwhile left out.
[[nodiscard]] std::vector<TracedDevice> traced_devices(const store::Store& store);

// One JSON object. Times are microseconds since the first event. Each event has its own process and thread; a pin is an
// asynchronous span from pin to unpin. `otherData` holds what the viewers do not ask for: command, devices, losses.
void write_trace(std::ostream& out, const trace::Ring::Contents& contents, const TraceAbout& about);

} // namespace daxemu::cli
