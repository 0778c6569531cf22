// What is to be reached, and what a run has reached of it. A line of goals.tsv is
//   WHAT  KIND  NUMERATOR  DENOMINATOR  LIMIT  [INSTRUCTIONS  [first]]
// KIND: ratio and value are to be at most LIMIT, minus (the difference) too, inverse (a ratio) at least; a value has no
// denominator ("-"). Names as in Samples; "A * B" is the product of two. LIMIT "-": it is only shown. INSTRUCTIONS: the
// sample that says how many instructions were added, which no noise changes. "first": only the first run of
// several measures it (what takes a guest minutes), and the verdict says so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/bench/frame/samples.hpp"
#include "tests/bench/frame/statistics.hpp"

namespace daxemu::bench {

struct GoalLine {
  std::string what;
  std::string kind;
  std::string above;
  std::string below;
  std::string limit;
  std::string instructions;
  bool first_only = false;

  [[nodiscard]] Goal goal() const { return kind == "inverse" ? Goal::at_least : Goal::at_most; }
  [[nodiscard]] std::string wanted() const; // "<= 1.05"
};

// One goal and what came of it, in one run or in several.
struct Outcome {
  std::string what;
  std::string wanted;
  Runs runs; // count 0: not measured
  // "met": in every run. Where not all have measured it, what is known and ", measured in N of M runs" or, if that is
  // how it is meant, ", of the first run only". "-": it has no goal.
  std::string verdict = "-";
  std::string instructions = "-";
};

// nullopt: it has said why to stderr.
[[nodiscard]] std::optional<std::vector<GoalLine>> read_goals(const std::string& path);

// Of the turns that both sides have: the median of the pairs' ratios or differences. Nothing: not measured.
[[nodiscard]] std::optional<Measured> evaluate(const GoalLine& goal, const Samples& samples);

// Over the runs' samples.
[[nodiscard]] Outcome outcome(const GoalLine& goal, const std::vector<Samples>& runs);

[[nodiscard]] std::string number(double value); // as many digits as one reads

} // namespace daxemu::bench
