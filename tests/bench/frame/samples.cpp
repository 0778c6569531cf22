#include "tests/bench/frame/samples.hpp"

#include <algorithm>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace daxemu::bench {
namespace {

constexpr long kApart = 1'000'000;              // turns of one name in a file that does not number them
constexpr long kFilesApart = 1'000'000'000'000; // turns of one file and of the next

bool is_counter(const std::string& key) {
  static const std::set<std::string> kOthers = {"family_index", "per_family_instance_index",
                                                "repetitions",  "repetition_index",
                                                "threads",      "iterations",
                                                "real_time",    "cpu_time"};
  return kOthers.count(key) == 0;
}

// Google Benchmark's own additions to a name, which are no part of what was measured.
std::string name_of(const nlohmann::json& run) {
  std::string name = run["name"];
  name = name.substr(0, name.find("/iterations:"));
  for (const std::string_view word : {"/manual_time", "/real_time"}) {
    if (const auto at = name.find(word); at != std::string::npos) {
      name.erase(at, word.size());
    }
  }
  return name;
}

// Where the turns of a further file begin: behind all that those before had, of whatever name. Else one that has failed
// in the first file, and not in the second, would be paired with what stood beside it there.
long turns_before(const Samples& samples, const std::string& tag) {
  long files = 0;
  for (const auto& [name, sample] : samples) {
    if (name.starts_with(tag)) { // files with different tags are there to be compared
      files = std::max(files, sample.values.empty() ? 0 : sample.values.rbegin()->first / kFilesApart + 1);
    }
  }
  return files * kFilesApart;
}

void keep(Sample& sample, long turn, double value, const std::string& unit) {
  while (sample.values.count(turn) != 0) {
    turn += kApart;
  }
  sample.values[turn] = value;
  sample.unit = unit;
}

} // namespace

std::vector<double> Sample::all() const {
  std::vector<double> found;
  for (const auto& [turn, value] : values) {
    found.push_back(value);
  }
  return found;
}

bool read(const std::string& argument, Samples& samples) {
  const auto equals = argument.find('=');
  const std::string tag = equals == std::string::npos ? "" : argument.substr(0, equals) + ":";
  const std::string path = equals == std::string::npos ? argument : argument.substr(equals + 1);
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (json.is_discarded() || !json.contains("benchmarks")) {
    fmt::print(stderr, "bench-table: {} is no JSON of Google Benchmark; run the benchmark again\n", path);
    return false;
  }
  const long before = turns_before(samples, tag);
  std::set<std::string> failed; // turns before the one that failed say nothing: no goal is met by them
  for (const auto& run : json["benchmarks"]) {
    if (run.value("run_type", "") != "iteration") {
      continue;
    }
    const std::string name = tag + name_of(run);
    if (run.value("error_occurred", false)) {
      failed.insert(name);
      continue;
    }
    const long turn = before + run.value("repetition_index", 0L);
    keep(samples[name], turn, run["real_time"], run["time_unit"]);
    for (const auto& [key, value] : run.items()) {
      if (value.is_number() && is_counter(key)) {
        keep(samples[name + "#" + key], turn, value, "");
      }
    }
  }
  std::erase_if(samples, [&](const auto& sample) { // its counters too
    return failed.count(sample.first.substr(0, sample.first.find('#'))) != 0;
  });
  return true;
}

} // namespace daxemu::bench
