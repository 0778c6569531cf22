#include "tests/bench/frame/goals.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

namespace daxemu::bench {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& between) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t at = 0; (at = text.find(between, from)) != std::string::npos; from = at + between.size()) {
    parts.push_back(text.substr(from, at - from));
  }
  parts.push_back(text.substr(from));
  return parts;
}

// By turn; empty: not all of them were measured.
std::map<long, double> product(const std::string& names, const Samples& samples) {
  std::map<long, double> found;
  bool first = true;
  for (const std::string& name : split(names, " * ")) {
    const auto sample = samples.find(name);
    if (sample == samples.end()) {
      return {};
    }
    if (first) {
      found = sample->second.values;
      first = false;
      continue;
    }
    std::map<long, double> both;
    for (const auto& [turn, value] : sample->second.values) {
      if (const auto other = found.find(turn); other != found.end()) {
        both[turn] = other->second * value;
      }
    }
    found = std::move(both);
  }
  return found;
}

bool is_number(const std::string& text) {
  char* end = nullptr;
  (void)std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

// A run that has not measured it has not met it: what is met is met in all `runs`, or it is said in which.
std::string told(const Runs& found, bool first_only, std::size_t runs) {
  if (found.count == runs) {
    return name_of(found.all);
  }
  if (first_only) { // nobody meant to measure it more often
    return fmt::format("{}, of the first run only", name_of(found.all));
  }
  const Verdict all = found.all == Verdict::met ? Verdict::undecided : found.all;
  return fmt::format("{}, measured in {} of {} runs", name_of(all), found.count, runs);
}

} // namespace

std::string GoalLine::wanted() const {
  return limit == "-" ? "-" : (goal() == Goal::at_least ? ">= " : "<= ") + limit;
}

std::string number(double value) {
  if (std::isinf(value) || std::isnan(value)) {
    return "?";
  }
  const double size = std::fabs(value);
  return fmt::format("{:.{}f}", value, size < 10 ? 2 : size < 100 ? 1 : 0);
}

std::optional<std::vector<GoalLine>> read_goals(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    fmt::print(stderr, "bench-table: {} cannot be read; name tests/bench/goals.tsv\n", path);
    return std::nullopt;
  }
  std::vector<GoalLine> goals;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') {
      continue;
    }
    auto fields = split(line, "\t");
    while (fields.size() >= 5 && fields.size() < 7) {
      fields.emplace_back();
    }
    const bool kind = fields.size() == 7 && (fields[6].empty() || fields[6] == "first") &&
                      (fields[1] == "ratio" || fields[1] == "inverse" || fields[1] == "minus" ||
                       (fields[1] == "value" && fields[3] == "-"));
    if (!kind || (fields[4] != "-" && !is_number(fields[4]))) {
      fmt::print(stderr, "bench-table: {}: no goal: {}; its form is told in tests/bench/frame/goals.hpp\n", path, line);
      return std::nullopt;
    }
    goals.push_back({fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6] == "first"});
  }
  return goals;
}

std::optional<Measured> evaluate(const GoalLine& goal, const Samples& samples) {
  const auto above = product(goal.above, samples);
  const auto below = goal.kind == "value" ? std::map<long, double>() : product(goal.below, samples);
  std::vector<double> pairs;
  for (const auto& [turn, value] : above) {
    const auto other = below.find(turn);
    if (goal.kind == "value") {
      pairs.push_back(value);
    } else if (other != below.end()) {
      pairs.push_back(goal.kind == "minus" ? value - other->second : value / other->second);
    }
  }
  if (pairs.empty()) {
    return std::nullopt;
  }
  return measured(std::move(pairs));
}

Outcome outcome(const GoalLine& goal, const std::vector<Samples>& runs) {
  Outcome result{goal.what, goal.wanted(), {{}, {}, Verdict::undecided}};
  std::vector<Measured> found;
  for (const Samples& samples : runs) {
    if (const auto one = evaluate(goal, samples)) {
      found.push_back(*one);
    }
    if (const auto counted = samples.find(goal.instructions);
        counted != samples.end() && result.instructions == "-") { // no noise: those of the first run that has them
      result.instructions = fmt::format("{:+.0f}", median(counted->second.all()));
    }
  }
  if (!goal.instructions.empty() && result.instructions == "-") {
    result.instructions = "not counted";
  }
  if (found.empty()) {
    return result;
  }
  const bool shown_only = goal.limit == "-";
  result.runs = over_runs(std::move(found), goal.goal(), shown_only ? 0 : std::strtod(goal.limit.c_str(), nullptr));
  if (!shown_only) {
    result.verdict = told(result.runs, goal.first_only, runs.size());
  }
  return result;
}

} // namespace daxemu::bench
