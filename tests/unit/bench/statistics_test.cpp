// Medians, intervals and verdicts on data of which the answer is known.
#include "tests/bench/frame/statistics.hpp"

#include <cmath>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace daxemu::bench {
namespace {

std::vector<double> one_to(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 1);
  return values;
}

TEST(BenchMedian, OddEvenAndNone) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({7}), 7);
  EXPECT_TRUE(std::isnan(median({})));
}

// The table of the binomial distribution: 1 - 2 P(X < k) is at least 0.95.
TEST(BenchInterval, RanksAreThoseOfTheSignTest) {
  EXPECT_EQ(interval_rank(5), 0U); // 1 - 2/32 = 0.9375
  EXPECT_EQ(interval_rank(6), 1U); // 1 - 2/64 = 0.969
  EXPECT_EQ(interval_rank(8), 1U);
  EXPECT_EQ(interval_rank(9), 2U);
  EXPECT_EQ(interval_rank(15), 4U); // 0.965
  EXPECT_EQ(interval_rank(20), 6U);
  EXPECT_EQ(interval_rank(30), 10U);
  EXPECT_EQ(interval_rank(100), 40U);
}

TEST(BenchInterval, OrderStatisticsOfKnownData) {
  const Measured found = measured(one_to(15));
  EXPECT_EQ(found.value, 8);
  EXPECT_EQ(found.low, 4);
  EXPECT_EQ(found.high, 12);
  EXPECT_EQ(found.count, 15U);
}

TEST(BenchInterval, TiesCollapseIt) {
  const Measured same = measured(std::vector<double>(15, 3.0));
  EXPECT_EQ(same.low, 3);
  EXPECT_EQ(same.high, 3);
  std::vector<double> mostly(15, 1.0);
  mostly[0] = 100; // one that was disturbed moves nothing
  EXPECT_EQ(measured(mostly).high, 1);
}

TEST(BenchInterval, TooFewHaveNone) {
  const Measured found = measured(one_to(5));
  EXPECT_EQ(found.value, 3);
  EXPECT_TRUE(std::isinf(found.low) && found.low < 0);
  EXPECT_TRUE(std::isinf(found.high) && found.high > 0);
  EXPECT_EQ(verdict(found, Goal::at_most, 1000), Verdict::undecided);
  EXPECT_EQ(verdict(measured({}), Goal::at_least, 0), Verdict::undecided);
}

// It holds what it promises, of a distribution with a long tail: the true median of exp(normal) is 1.
TEST(BenchInterval, HoldsTheTrueMedianInNinetyFiveOfAHundred) {
  std::mt19937 random(24);
  std::lognormal_distribution<double> long_tailed(0, 1);
  int holds = 0;
  constexpr int kTimes = 4000;
  for (int time = 0; time < kTimes; ++time) {
    std::vector<double> values(15);
    for (double& value : values) {
      value = long_tailed(random);
    }
    const Measured found = measured(values);
    holds += found.low <= 1 && 1 <= found.high ? 1 : 0;
  }
  EXPECT_GE(holds, kTimes * 95 / 100);
  EXPECT_LE(holds, kTimes * 98 / 100); // 0.965 is what 15 give; wider would be waste
}

TEST(BenchVerdict, TheLimitBelowWithinAndAbove) {
  const Measured found{1.0, 0.9, 1.1, 15};
  EXPECT_EQ(verdict(found, Goal::at_most, 1.2), Verdict::met);
  EXPECT_EQ(verdict(found, Goal::at_most, 1.1), Verdict::met); // an end of it is kept
  EXPECT_EQ(verdict(found, Goal::at_most, 1.0), Verdict::undecided);
  EXPECT_EQ(verdict(found, Goal::at_most, 0.9), Verdict::undecided);
  EXPECT_EQ(verdict(found, Goal::at_most, 0.8), Verdict::not_met);
  EXPECT_EQ(verdict(found, Goal::at_least, 0.8), Verdict::met);
  EXPECT_EQ(verdict(found, Goal::at_least, 0.9), Verdict::met);
  EXPECT_EQ(verdict(found, Goal::at_least, 1.0), Verdict::undecided);
  EXPECT_EQ(verdict(found, Goal::at_least, 1.2), Verdict::not_met);
}

Measured run_of(double value) {
  return {value, value - 0.1, value + 0.1, 15};
}

TEST(BenchRuns, MedianAndWorst) {
  const Runs fine = over_runs({run_of(3), run_of(1), run_of(5), run_of(2), run_of(4)}, Goal::at_most, 6);
  EXPECT_EQ(fine.middle.value, 3);
  EXPECT_EQ(fine.worst.value, 5);
  EXPECT_EQ(fine.met, 5U);
  EXPECT_EQ(fine.all, Verdict::met);
  const Runs upward = over_runs({run_of(3), run_of(1), run_of(5)}, Goal::at_least, 0.5);
  EXPECT_EQ(upward.worst.value, 1);
  EXPECT_EQ(upward.all, Verdict::met);
}

TEST(BenchRuns, OneRunThatMissesIsNotForgotten) {
  const Runs one_missed = over_runs({run_of(1), run_of(1), run_of(3)}, Goal::at_most, 2);
  EXPECT_EQ(one_missed.all, Verdict::undecided);
  EXPECT_EQ(one_missed.met, 2U);
  EXPECT_EQ(over_runs({run_of(1), run_of(3), run_of(3)}, Goal::at_most, 2).all, Verdict::not_met);
  EXPECT_EQ(over_runs({run_of(1), run_of(3)}, Goal::at_most, 2).middle.value, 3); // the worse one of two
  EXPECT_EQ(over_runs({}, Goal::at_most, 2).count, 0U);
}

} // namespace
} // namespace daxemu::bench
