// What is said of repeated measurements: a median, the interval that holds the true one in 95 of 100 runs, and whether
// a goal is met by it. No distribution is assumed: times have long tails.
#pragma once

#include <cstddef>
#include <vector>

namespace daxemu::bench {

struct Measured {
  double value = 0; // the median
  double low = 0;   // the interval's ends; infinite where too few were measured for one
  double high = 0;
  std::size_t count = 0;
};

enum class Verdict { met, not_met, undecided };
enum class Goal { at_most, at_least };

// Of a copy, which it sorts. None: NaN.
[[nodiscard]] double median(std::vector<double> values);

// The median's interval between two order statistics: the k-th from below and from above, k the greatest for which as
// few as k - 1 heads in `count` throws of a coin have a probability of at most 0.025. 0: below six values there is
// none.
[[nodiscard]] std::size_t interval_rank(std::size_t count);
[[nodiscard]] Measured measured(std::vector<double> values);

// Undecided: the limit lies within the interval. A limit that is an end of it is kept.
[[nodiscard]] Verdict verdict(const Measured& found, Goal goal, double limit);

// Several whole runs: the median of their medians, the worst of them, and of their verdicts.
struct Runs {
  Measured middle; // the run whose median is the median of the runs (of an even number the worse of the middle two)
  Measured worst;  // the run whose median is worst
  Verdict all;     // met: in every run; not met: in the middle one; else undecided
  std::size_t met = 0;
  std::size_t count = 0;
};
[[nodiscard]] Runs over_runs(std::vector<Measured> runs, Goal goal, double limit);

[[nodiscard]] const char* name_of(Verdict verdict);

} // namespace daxemu::bench
