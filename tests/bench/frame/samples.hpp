// What benchmark programs have measured, out of the JSON that they write: Google Benchmark's form, by which each
// repetition is an entry.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace daxemu::bench {

struct Sample {
  std::map<long, double> values; // by the turn in which they were measured; of several files one behind the other
  std::string unit;

  [[nodiscard]] std::vector<double> all() const;
};
// A counter of a benchmark is NAME#COUNTER.
using Samples = std::map<std::string, Sample>;

// [TAG=]FILE: benchmarks of a file with a tag are called TAG:NAME. False: it has said why to stderr.
[[nodiscard]] bool read(const std::string& argument, Samples& samples);

} // namespace daxemu::bench
