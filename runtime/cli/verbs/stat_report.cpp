#include "runtime/cli/verbs/stat_report.hpp"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/base/text/size_text.hpp"
#include "runtime/cli/text/joined.hpp"

namespace daxemu::cli {
namespace {

// 1234567 -> 1,234,567
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

double per_second(std::uint64_t count, const CommandTimes& times) {
  return times.elapsed > 0 ? static_cast<double>(count) / times.elapsed : 0;
}

// 12345.6 -> "12.3 K"
std::string short_number(double value) {
  constexpr std::array kUnits = {"", " K", " M", " G", " T"};
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f}{}", value, unit == 0 ? 0 : 1, kUnits.at(unit));
}

struct Line {
  std::uint64_t DeviceTotals::*count;
  const char* key;   // in JSON
  const char* label; // for people
};
constexpr std::array kLines = {
    Line{&DeviceTotals::faults, "faults", "faults"},
    Line{&DeviceTotals::extents, "extents", "extents touched"},
    Line{&DeviceTotals::ahead, "ahead", "  mapped ahead of their touch"},
    Line{&DeviceTotals::bytes, "bytes", "bytes touched"},
    Line{&DeviceTotals::maps, "maps", "mappings made"},
    Line{&DeviceTotals::unmaps, "unmaps", "mappings gone"},
    Line{&DeviceTotals::sigbus, "sigbus", "touches answered by SIGBUS"},
};

// What stands behind '#', as in perf's output; empty: nothing to add.
std::string remark(const Line& line, const DeviceStat& device, const CommandTimes& times) {
  const std::uint64_t count = device.counted.*line.count;
  if (line.count == &DeviceTotals::faults || line.count == &DeviceTotals::bytes) {
    return count == 0 ? "" : fmt::format("{}/s", short_number(per_second(count, times)));
  }
  if (line.count == &DeviceTotals::extents && device.extents > 0) {
    return fmt::format("{:.1f}% of {}", 100.0 * static_cast<double>(count) / static_cast<double>(device.extents),
                       grouped(device.extents));
  }
  return "";
}

} // namespace

std::string stat_text(const StatReport& report) {
  std::string text = fmt::format("\n device counters for '{}'", joined(report.command, " "));
  text += report.exit_code == 0 ? ":\n" : fmt::format(" (exit status {}):\n", report.exit_code);
  if (report.devices.empty()) {
    text += "\n  the machine's own device-dax was used: it counts nothing\n";
  }
  for (const DeviceStat& device : report.devices) {
    text += fmt::format("\n {} ({}, extents of {}, backing {}: {})\n", device.name, size_text(device.size),
                        size_text(device.align), device.backing, device.reason);
    for (const Line& line : kLines) {
      const std::string more = remark(line, device, report.times);
      text += fmt::format("{:>18}  {:<28}{}{}\n", grouped(device.counted.*line.count), line.label,
                          more.empty() ? "" : "# ", more);
      text.erase(text.find_last_not_of(" \n") + 1);
      text += '\n';
    }
  }
  return text + fmt::format("\n{:>18.6f}  seconds elapsed\n{:>18.6f}  seconds user\n{:>18.6f}  seconds sys\n\n",
                            report.times.elapsed, report.times.user, report.times.system);
}

std::string stat_json(const StatReport& report) {
  nlohmann::ordered_json json;
  json["command"] = report.command;
  json["exit_code"] = report.exit_code;
  json["seconds_elapsed"] = report.times.elapsed;
  json["seconds_user"] = report.times.user;
  json["seconds_system"] = report.times.system;
  json["devices"] = nlohmann::ordered_json::array();
  for (const DeviceStat& device : report.devices) {
    nlohmann::ordered_json entry;
    entry["chardev"] = device.name;
    entry["size"] = device.size;
    entry["align"] = device.align;
    entry["extents_total"] = device.extents;
    entry["backing"] = device.backing;
    entry["backing_reason"] = device.reason;
    for (const Line& line : kLines) {
      entry[line.key] = device.counted.*line.count;
    }
    entry["faults_per_second"] = per_second(device.counted.faults, report.times);
    json["devices"].push_back(std::move(entry));
  }
  return json.dump(2) + "\n";
}

} // namespace daxemu::cli
