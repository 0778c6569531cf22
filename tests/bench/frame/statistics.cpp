#include "tests/bench/frame/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace daxemu::bench {

double median(std::vector<double> values) {
  if (values.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::size_t interval_rank(std::size_t count) {
  constexpr double kTail = 0.025;
  const auto n = static_cast<double>(count);
  double below = 0; // the probability of fewer than `rank` heads
  for (std::size_t rank = 0; rank < count; ++rank) {
    const auto k = static_cast<double>(rank);
    below += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0));
    if (below > kTail) {
      return rank;
    }
  }
  return 0;
}

Measured measured(std::vector<double> values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end());
  const std::size_t rank = interval_rank(values.size());
  Measured found{median(values), -kInfinity, kInfinity, values.size()};
  if (rank > 0) {
    found.low = values[rank - 1];
    found.high = values[values.size() - rank];
  }
  return found;
}

Verdict verdict(const Measured& found, Goal goal, double limit) {
  const bool upward = goal == Goal::at_least;
  if (upward ? found.low >= limit : found.high <= limit) {
    return Verdict::met;
  }
  return (upward ? found.high < limit : found.low > limit) ? Verdict::not_met : Verdict::undecided;
}

Runs over_runs(std::vector<Measured> runs, Goal goal, double limit) {
  Runs result{{}, {}, Verdict::undecided};
  if (runs.empty()) {
    return result;
  }
  std::stable_sort(runs.begin(), runs.end(), [goal](const Measured& one, const Measured& other) { // the best first
    return goal == Goal::at_least ? one.value > other.value : one.value < other.value;
  });
  result.count = runs.size();
  result.middle = runs[runs.size() / 2];
  result.worst = runs.back();
  result.met = static_cast<std::size_t>(std::count_if(
      runs.begin(), runs.end(), [&](const Measured& run) { return verdict(run, goal, limit) == Verdict::met; }));
  const Verdict middle = verdict(result.middle, goal, limit);
  result.all = result.met == result.count   ? Verdict::met
               : middle == Verdict::not_met ? Verdict::not_met
                                            : Verdict::undecided;
  return result;
}

const char* name_of(Verdict verdict) {
  constexpr const char* kNames[] = {"met", "not met", "undecided"};
  return kNames[static_cast<std::size_t>(verdict)];
}

} // namespace daxemu::bench
