// Reads the JSON that benchmark programs write, and says what was measured beside what is to be reached.
//   daxemu-bench-table goals GOALS.tsv RUN [-- RUN...]    a Markdown table: of one run, or over several
//   daxemu-bench-table results GOALS.tsv RUN [-- RUN...]  the same as a file of results, for tests/bench/results
//   daxemu-bench-table all RUN                            every benchmark's median, as Markdown
//   daxemu-bench-table series PREFIX RUN                  "N<TAB>median" of each benchmark PREFIX/N, for gnuplot
// A RUN is [TAG=]FILE.json...; frame/goals.hpp tells what a goal is.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tests/bench/frame/goals.hpp"

namespace {

using namespace daxemu::bench;

std::string interval(const Measured& found) {
  return fmt::format("{} to {}", number(found.low), number(found.high));
}

void print_goals(const std::vector<Outcome>& outcomes) {
  fmt::print("| what | goal | measured | 95 % | pairs | verdict | instructions | worst run |\n"
             "|---|---|---|---|---|---|---|---|\n");
  for (const Outcome& one : outcomes) {
    const Runs& runs = one.runs;
    if (runs.count == 0) {
      fmt::print("| {} | {} | not measured here | - | - | - | {} | - |\n", one.what, one.wanted, one.instructions);
      continue;
    }
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} |\n", one.what, one.wanted, number(runs.middle.value),
               interval(runs.middle), runs.middle.count, one.verdict, one.instructions,
               runs.count > 1 ? number(runs.worst.value) : "-");
  }
}

// Columns: see python-free-scripts/pages.d/speed.awk, which reads them.
void print_results(const std::vector<Outcome>& outcomes) {
  for (const Outcome& one : outcomes) {
    const Runs& runs = one.runs;
    if (runs.count == 0) {
      fmt::print("{}\t{}\t0\t0\t-\t-\t-\t-\tnot measured\t0\t{}\n", one.what, one.wanted, one.instructions);
      continue;
    }
    fmt::print("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", one.what, one.wanted, runs.count, runs.middle.count,
               number(runs.middle.value), number(runs.middle.low), number(runs.middle.high), number(runs.worst.value),
               one.verdict, runs.met, one.instructions);
  }
}

void print_all(const Samples& samples) {
  fmt::print("| benchmark | median | unit | 95 % | turns |\n|---|---|---|---|---|\n");
  for (const auto& [name, sample] : samples) {
    const Measured found = measured(sample.all());
    fmt::print("| {} | {} | {} | {} | {} |\n", name, number(found.value), sample.unit, interval(found), found.count);
  }
}

void print_series(const std::string& prefix, const Samples& samples) {
  std::map<double, double> points;
  for (const auto& [name, sample] : samples) {
    if (name.starts_with(prefix + "/") && name.find('#') == std::string::npos) {
      points[std::stod(name.substr(prefix.size() + 1))] = median(sample.all());
    }
  }
  for (const auto& [x, y] : points) {
    fmt::print("{}\t{}\n", x, y);
  }
}

int usage() {
  fmt::print(stderr, "bench-table: usage: daxemu-bench-table goals GOALS.tsv | results GOALS.tsv | all | series PREFIX "
                     "[TAG=]FILE.json... [-- a further run's]\n");
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const bool of_goals = verb == "goals" || verb == "results";
  const int first = verb == "all" ? 2 : 3;
  if ((!of_goals && verb != "all" && verb != "series") || argc <= first) {
    return usage();
  }
  std::vector<Samples> runs(1);
  for (int at = first; at < argc; ++at) {
    if (std::string_view(argv[at]) == "--") {
      runs.emplace_back();
    } else if (!read(argv[at], runs.back())) {
      return 2;
    }
  }
  if (!of_goals) {
    verb == "all" ? print_all(runs.front()) : print_series(argv[2], runs.front());
    return 0;
  }
  const auto goals = read_goals(argv[2]);
  if (!goals) {
    return 2;
  }
  std::vector<Outcome> outcomes;
  for (const GoalLine& goal : *goals) {
    outcomes.push_back(outcome(goal, runs));
  }
  verb == "goals" ? print_goals(outcomes) : print_results(outcomes);
  return 0;
}
