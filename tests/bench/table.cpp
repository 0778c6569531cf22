// Reads Google Benchmark's JSON files and prints goals beside what was measured: medians, and ratios within a run.
//   daxemu-bench-table GOALS.tsv [TAG=]FILE.json...
// A goal is WHAT<TAB>KIND<TAB>NUMERATOR<TAB>DENOMINATOR<TAB>LIMIT; KIND is ratio, or minus (difference) or value
// (no denominator; unit of the benchmark).
// Benchmarks of a file with a tag are called TAG:NAME. A counter is NAME#COUNTER.
#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

using Medians = std::map<std::string, double>;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

bool read(const std::string& argument, Medians& medians) {
  const auto equals = argument.find('=');
  const std::string tag = equals == std::string::npos ? "" : argument.substr(0, equals) + ":";
  const std::string path = equals == std::string::npos ? argument : argument.substr(equals + 1);
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (json.is_discarded() || !json.contains("benchmarks")) {
    fmt::print(stderr, "bench-table: {} is no JSON of Google Benchmark; run the benchmark again\n", path);
    return false;
  }
  std::map<std::string, std::vector<double>> samples;
  for (const auto& run : json["benchmarks"]) {
    if (run.value("run_type", "") != "iteration" || run.value("error_occurred", false)) {
      continue;
    }
    std::string name = run["name"];
    name = name.substr(0, name.find("/iterations:"));
    samples[tag + name].push_back(run["real_time"]);
    for (const char* counter : {"p50_ns", "p99_ns"}) {
      if (run.contains(counter)) {
        samples[tag + name + "#" + counter].push_back(run[counter]);
      }
    }
  }
  for (const auto& [name, values] : samples) {
    medians[name] = median(values);
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "bench-table: usage: daxemu-bench-table GOALS.tsv [TAG=]FILE.json...\n");
    return 2;
  }
  Medians medians;
  for (int at = 2; at < argc; ++at) {
    if (!read(argv[at], medians)) {
      return 2;
    }
  }
  std::ifstream goals(argv[1]);
  if (!goals) {
    fmt::print(stderr, "bench-table: {} cannot be read\n", argv[1]);
    return 2;
  }
  fmt::print("| what | goal | measured | met |\n|---|---|---|---|\n");
  for (std::string line; std::getline(goals, line);) {
    if (line.empty() || line[0] == '#') {
      continue;
    }
    std::istringstream fields(line);
    std::string what;
    std::string kind;
    std::string numerator;
    std::string denominator;
    std::string limit;
    std::getline(fields, what, '\t');
    std::getline(fields, kind, '\t');
    std::getline(fields, numerator, '\t');
    std::getline(fields, denominator, '\t');
    std::getline(fields, limit, '\t');
    const auto above = medians.find(numerator);
    const auto below = medians.find(denominator);
    if (above == medians.end() || (kind != "value" && below == medians.end())) {
      fmt::print("| {} | <= {} | not measured here | - |\n", what, limit);
      continue;
    }
    const double value = kind == "value"   ? above->second
                         : kind == "minus" ? above->second - below->second
                                           : above->second / below->second;
    fmt::print("| {} | <= {} | {:.2f} | {} |\n", what, limit, value, value <= std::stod(limit) ? "yes" : "no");
  }
  return 0;
}
