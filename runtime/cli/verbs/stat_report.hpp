// What `daxemu stat` says of a command: its times and what the devices around it counted, as text or as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/state/statistics.hpp"

namespace daxemu::cli {

struct CommandTimes {
  double elapsed = 0; // seconds on the wall
  double user = 0;    // seconds of CPU, the command's and its waited-for children's
  double system = 0;
};

struct DeviceStat {
  std::string name; // daxX.Y
  std::uint64_t size = 0;
  std::uint64_t align = 0;
  std::uint64_t extents = 0; // it has
  std::string backing;
  std::string reason;   // of the backing
  DeviceTotals counted; // while the command ran
};

struct StatReport {
  std::vector<std::string> command;
  int exit_code = 0; // as a shell shows it: 128 and the number of the signal that ended it
  CommandTimes times;
  std::vector<DeviceStat> devices; // empty on the kernel's own device, whose counters we do not have
};

// Like perf stat's: one paragraph per device, then the times.
[[nodiscard]] std::string stat_text(const StatReport& report);
// One object. Sizes in bytes, times in seconds.
[[nodiscard]] std::string stat_json(const StatReport& report);

} // namespace daxemu::cli
