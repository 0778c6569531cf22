// What a trace tells of a run, summed up for a picture: the state of each part of a device over time, how long first
// touches waited, how long pages were pinned, and what happened besides.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "emu/base/result.hpp"

namespace daxemu::cli {

// A part of a device (some extents) in a part of the run, as it was at its end.
struct HistoryCell {
  double touched = 0; // of its extents, 0 to 1
  std::uint32_t faults = 0;
  bool mapped = false;
  bool pinned = false;
  bool poisoned = false;

  // The same picture? (not the same numbers)
  [[nodiscard]] bool looks_like(const HistoryCell& other) const {
    return touched == other.touched && mapped == other.mapped && pinned == other.pinned && poisoned == other.poisoned;
  }
};

struct DeviceHistory {
  std::string name;
  std::uint64_t size = 0;  // bytes
  std::uint64_t align = 0; // bytes
  std::uint64_t faults = 0;
  std::uint64_t touched = 0; // extents
  std::uint64_t maps = 0;
  std::uint64_t sigbus = 0;
  std::uint64_t poisoned = 0;
  std::size_t rows = 0;
  std::vector<HistoryCell> cells; // rows times RunHistory::columns, row by row

  [[nodiscard]] std::uint64_t extents() const { return align == 0 ? 0 : size / align; }
  // The first extent of a row; of the row behind the last one: extents().
  [[nodiscard]] std::uint64_t first_of(std::size_t row) const { return extents() * row / rows; }
};

struct PinSpan {
  std::string device;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  int pid = 0;
  double begin_us = 0;
  double end_us = 0; // the run's end, if it was still held
  bool held = false;
  std::string by; // the kernel's own call, as "vmsplice"; empty: pin_user_pages
};

struct ThreadHistory {
  int pid = 0;
  int tid = 0;
  std::string process;
  std::uint64_t faults = 0;
  double waited_us = 0;
  double longest_us = 0;
};

struct Happening {
  double at_us = 0;
  std::string kind;
  std::string text;
  int pid = 0;
  bool refused = false; // a call or a write was
  std::string remedy = {};
};

// Latencies by powers of two: bin 0 below 1 us, bin n from 2^(n-1) to 2^n us.
inline constexpr std::size_t kLatencyBins = 24;
struct Latencies {
  std::array<std::uint64_t, kLatencyBins> bins{};
  std::uint64_t count = 0;
  double median_us = 0;
  double p99_us = 0;
  double longest_us = 0;
};

struct RunHistory {
  std::vector<std::string> command;
  double length_us = 0;
  std::size_t columns = 0;
  std::vector<DeviceHistory> devices; // those that something happened to first
  Latencies latencies;
  std::vector<PinSpan> pins; // by begin
  std::vector<ThreadHistory> threads;
  std::vector<Happening> happenings;
  std::map<int, std::string> processes;                     // by pid; of those that forked, their parent's name
  std::vector<std::pair<std::string, std::uint64_t>> sites; // code that touched first, and how often
  std::uint64_t events = 0;
  std::uint64_t overwritten = 0; // what a ring too small did not keep
  std::uint64_t lost = 0;

  [[nodiscard]] std::string process_of(int pid) const {
    const auto found = processes.find(pid);
    return found == processes.end() ? std::string() : found->second;
  }
};

// From the file that `daxemu trace` writes, parsed. Errors (Problem, EINVAL): it is no such file.
[[nodiscard]] Outcome<RunHistory> history_of(const nlohmann::json& trace);

} // namespace daxemu::cli
