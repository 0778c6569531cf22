#include "tests/bench/frame/pairs.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/bench/frame/statistics.hpp"
#include "tests/bench/quick.hpp"

namespace daxemu::bench {

Pairs::Pairs(int& argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN); // a twin that has gone is a contender that fails
  int kept = 1;
  for (int at = 1; at < argc; ++at) {
    const std::string_view word(argv[at]);
    const bool followed = at + 1 < argc;
    if (word == "--pairs" && followed) {
      pairs_ = std::max(1, std::atoi(argv[++at]));
    } else if (word == "--out" && followed) {
      out_ = argv[++at];
    } else if (word == "--only" && followed) {
      only_ = argv[++at];
    } else {
      argv[kept++] = argv[at];
    }
  }
  argc = kept;
  argv[argc] = nullptr;
}

void Pairs::measure(const Group& group) {
  std::vector<bool> fails(group.contenders.size());
  std::vector<std::vector<double>> times(group.contenders.size());
  const int rounds = quick() ? 1 : pairs_ * group.times;
  if (group.ready) {
    group.ready();
  }
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t step = 0; step < group.contenders.size(); ++step) {
      const std::size_t at = round % 2 == 0 ? step : group.contenders.size() - 1 - step;
      if (fails[at]) {
        continue;
      }
      Turn turn = group.contenders[at].turn();
      fails[at] = !turn.failed.empty();
      times[at].push_back(turn.time);
      rows_.push_back({group.contenders[at].name, group.unit, round, std::move(turn)});
    }
  }
  if (group.done) {
    group.done();
  }
  for (std::size_t at = 0; at < group.contenders.size(); ++at) {
    const Measured found = measured(times[at]);
    const auto failed = std::find_if(rows_.rbegin(), rows_.rend(),
                                     [&](const Row& row) { return row.name == group.contenders[at].name; });
    if (fails[at]) {
      fmt::print("{}: {}\n", group.contenders[at].name, failed->turn.failed);
    } else {
      fmt::print("{}: {:.3f} {} ({:.3f} to {:.3f}, {} turns)\n", group.contenders[at].name, found.value, group.unit,
                 found.low, found.high, found.count);
    }
  }
  std::fflush(stdout);
}

bool Pairs::write() const {
  auto entries = nlohmann::json::array();
  for (const Row& row : rows_) {
    nlohmann::json entry = {{"name", row.name},
                            {"run_type", "iteration"},
                            {"repetition_index", row.round},
                            {"real_time", row.turn.time},
                            {"time_unit", row.unit}};
    if (!row.turn.failed.empty()) {
      entry["error_occurred"] = true;
      entry["error_message"] = row.turn.failed;
    }
    for (const auto& [name, value] : row.turn.counters) {
      entry[name] = value;
    }
    entries.push_back(std::move(entry));
  }
  std::ofstream file(out_);
  file << nlohmann::json{{"context", {{"pairs", pairs_}}}, {"benchmarks", entries}}.dump(1) << '\n';
  file.close();
  return static_cast<bool>(file);
}

int Pairs::run() {
  for (const Group& group : groups_) {
    if (std::any_of(group.contenders.begin(), group.contenders.end(),
                    [&](const Contender& one) { return one.name.find(only_) != std::string::npos; })) {
      measure(group);
    }
  }
  if (!out_.empty() && !write()) {
    fmt::print(stderr, "bench: {} cannot be written; name a file in a folder that is there\n", out_);
    return 2;
  }
  return 0;
}

} // namespace daxemu::bench
