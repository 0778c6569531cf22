// Reads Google Benchmark's JSON files and prints goals beside what was measured: medians, and ratios within a run.
//   daxemu-bench-table goals GOALS.tsv [TAG=]FILE.json...    a Markdown table
//   daxemu-bench-table all [TAG=]FILE.json...                every benchmark's median, as Markdown
//   daxemu-bench-table series PREFIX [TAG=]FILE.json...      "N<TAB>median" of each benchmark PREFIX/N, for gnuplot
// A goal is WHAT<TAB>KIND<TAB>NUMERATOR<TAB>DENOMINATOR<TAB>LIMIT; KIND is ratio, inverse (a ratio that is to be at
// least LIMIT), minus (difference) or value (no denominator; unit of the benchmark).
// Benchmarks of a file with a tag are called TAG:NAME; files with the same tag are runs of the same. A counter is
// NAME#COUNTER.
#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

struct Sample {
  std::vector<double> values;
  std::string unit;
};
using Samples = std::map<std::string, Sample>;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
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
  for (const auto& run : json["benchmarks"]) {
    if (run.value("run_type", "") != "iteration" || run.value("error_occurred", false)) {
      continue;
    }
    std::string name = run["name"];
    name = tag + name.substr(0, name.find("/iterations:"));
    samples[name].values.push_back(run["real_time"]);
    samples[name].unit = run["time_unit"];
    for (const char* counter :
         {"p50_ns", "p99_ns", "added_ns", "cpu_us", "mb_per_s", "per_extent_ns", "resident_MiB", "bytes_per_extent"}) {
      if (run.contains(counter)) {
        samples[name + "#" + counter].values.push_back(run[counter]);
      }
    }
  }
  return true;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::istringstream text(line);
  std::vector<std::string> fields;
  for (std::string field; std::getline(text, field, '\t');) {
    fields.push_back(field);
  }
  return fields;
}

int print_goals(const std::string& path, const Samples& samples) {
  std::ifstream goals(path);
  if (!goals) {
    fmt::print(stderr, "bench-table: {} cannot be read\n", path);
    return 2;
  }
  fmt::print("| what | goal | measured | met |\n|---|---|---|---|\n");
  for (std::string line; std::getline(goals, line);) {
    const auto fields = fields_of(line);
    if (line.empty() || line[0] == '#') {
      continue;
    }
    if (fields.size() != 5) {
      fmt::print(stderr, "bench-table: {}: no goal: {}\n", path, line);
      return 2;
    }
    const std::string& what = fields[0];
    const std::string& kind = fields[1];
    const double limit = std::stod(fields[4]);
    const auto above = samples.find(fields[2]);
    const auto below = samples.find(fields[3]);
    const char* sign = kind == "inverse" ? ">=" : "<=";
    if (above == samples.end() || (kind != "value" && below == samples.end())) {
      fmt::print("| {} | {} {} | not measured here | - |\n", what, sign, fields[4]);
      continue;
    }
    const double first = median(above->second.values);
    const double second = below == samples.end() ? 1 : median(below->second.values);
    const double value = kind == "value" ? first : kind == "minus" ? first - second : first / second;
    const bool met = kind == "inverse" ? value >= limit : value <= limit;
    fmt::print("| {} | {} {} | {:.{}f} | {} |\n", what, sign, fields[4], value, value < 10 ? 2 : 0, met ? "yes" : "no");
  }
  return 0;
}

void print_all(const Samples& samples) {
  fmt::print("| benchmark | median | unit | runs |\n|---|---|---|---|\n");
  for (const auto& [name, sample] : samples) {
    const double value = median(sample.values);
    fmt::print("| {} | {:.{}f} | {} | {} |\n", name, value, value < 100 ? 2 : 0, sample.unit, sample.values.size());
  }
}

void print_series(const std::string& prefix, const Samples& samples) {
  std::map<double, double> points;
  for (const auto& [name, sample] : samples) {
    if (name.starts_with(prefix + "/") && name.find('#') == std::string::npos) {
      points[std::stod(name.substr(prefix.size() + 1))] = median(sample.values);
    }
  }
  for (const auto& [x, y] : points) {
    fmt::print("{}\t{}\n", x, y);
  }
}

} // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  const int first = verb == "all" ? 2 : 3;
  if ((verb != "goals" && verb != "all" && verb != "series") || argc <= first) {
    fmt::print(stderr,
               "bench-table: usage: daxemu-bench-table goals GOALS.tsv | all | series PREFIX [TAG=]FILE.json...\n");
    return 2;
  }
  Samples samples;
  for (int at = first; at < argc; ++at) {
    if (!read(argv[at], samples)) {
      return 2;
    }
  }
  if (verb == "goals") {
    return print_goals(argv[2], samples);
  }
  verb == "all" ? print_all(samples) : print_series(argv[2], samples);
  return 0;
}
