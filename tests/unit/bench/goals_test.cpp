// Goals of a file beside samples of a file: which turns make a pair, what is divided by what, what is told to be
// missing.
#include "tests/bench/frame/goals.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace daxemu::bench {
namespace {

class BenchGoals : public ::testing::Test {
protected:
  BenchGoals() : folder_(std::filesystem::temp_directory_path() / ("daxemu-goals-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
  }
  ~BenchGoals() override { std::filesystem::remove_all(folder_); }
  std::string put(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }

private:
  std::filesystem::path folder_;
};

Samples steady(double above, double below, int turns = 15) {
  Samples samples;
  for (int turn = 0; turn < turns; ++turn) {
    samples["above"].values[turn] = above * (turn + 1); // the machine slows down from turn to turn
    samples["below"].values[turn] = below * (turn + 1);
  }
  return samples;
}

TEST_F(BenchGoals, PairsOfTheSameTurnSeeThroughAMachineThatSlowsDown) {
  const auto ratio = evaluate({"", "ratio", "above", "below", "2", ""}, steady(3, 2));
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->value, 1.5);
  EXPECT_DOUBLE_EQ(ratio->low, 1.5);
  EXPECT_DOUBLE_EQ(ratio->high, 1.5);
}

TEST_F(BenchGoals, DifferencesValuesAndProducts) {
  Samples samples = steady(3, 2);
  EXPECT_DOUBLE_EQ(evaluate({"", "minus", "above", "below", "2", ""}, samples)->value, 8); // of turn 8
  EXPECT_DOUBLE_EQ(evaluate({"", "value", "above", "-", "2", ""}, samples)->value, 24);
  EXPECT_DOUBLE_EQ(evaluate({"", "ratio", "above * above", "below * below", "2", ""}, samples)->value, 2.25);
  EXPECT_FALSE(evaluate({"", "ratio", "above * nothing", "below", "2", ""}, samples));
  EXPECT_FALSE(evaluate({"", "ratio", "above", "nothing", "2", ""}, samples));
}

TEST_F(BenchGoals, ATurnThatOnlyOneHadMakesNoPair) {
  Samples samples = steady(3, 2);
  samples["below"].values.erase(0);
  samples["below"].values[99] = 1;
  EXPECT_EQ(evaluate({"", "ratio", "above", "below", "2", ""}, samples)->count, 14U);
}

TEST_F(BenchGoals, VerdictsOfOneRunOfSeveralAndOfNone) {
  const GoalLine goal{"w", "ratio", "above", "below", "1.2", "count"};
  EXPECT_EQ(outcome(goal, {steady(1, 1)}).verdict, "met");
  EXPECT_EQ(outcome(goal, {steady(1, 1), steady(2, 1), steady(1, 1)}).verdict, "undecided");
  EXPECT_EQ(outcome(goal, {steady(2, 1), steady(2, 1), steady(1, 1)}).verdict, "not met");
  EXPECT_EQ(outcome(goal, {steady(1, 1, 5)}).verdict, "undecided"); // five pairs have no interval
  EXPECT_EQ(outcome(goal, {Samples()}).runs.count, 0U);
  EXPECT_EQ(outcome(goal, {Samples()}).verdict, "-");
  EXPECT_EQ(outcome({"w", "ratio", "above", "below", "-", ""}, {steady(2, 1)}).verdict, "-");
}

TEST_F(BenchGoals, WhatNotEveryRunHasMeasuredIsNotMet) {
  GoalLine goal{"w", "ratio", "above", "below", "1.2", ""};
  const Samples none;
  EXPECT_EQ(outcome(goal, {steady(1, 1), none, none}).verdict, "undecided, measured in 1 of 3 runs");
  EXPECT_EQ(outcome(goal, {steady(2, 1), none}).verdict, "not met, measured in 1 of 2 runs");
  goal.first_only = true;
  EXPECT_EQ(outcome(goal, {steady(1, 1), none}).verdict, "met, of the first run only");
  EXPECT_EQ(outcome(goal, {steady(1, 1)}).verdict, "met");
  EXPECT_EQ(outcome(goal, {steady(1, 1), steady(1, 1)}).verdict, "met");
  EXPECT_EQ(outcome(goal, {none, none}).verdict, "-");
}

TEST_F(BenchGoals, InstructionsAreSaidOrSaidToBeMissing) {
  const GoalLine goal{"w", "ratio", "above", "below", "1.2", "count"};
  Samples samples = steady(1, 1);
  EXPECT_EQ(outcome(goal, {samples}).instructions, "not counted");
  samples["count"].values[0] = 12;
  EXPECT_EQ(outcome(goal, {Samples(), samples}).instructions, "+12");
  EXPECT_EQ(outcome({"w", "ratio", "above", "below", "1.2", ""}, {samples}).instructions, "-");
}

TEST_F(BenchGoals, AFileOfGoals) {
  const auto goals = read_goals(put("goals.tsv", "# a comment\na\tratio\tx\ty\t1.05\nb\tinverse\tx\ty\t0.9\tz\n"
                                                 "c\tratio\tx\ty\t2\t\tfirst\n"));
  ASSERT_TRUE(goals);
  ASSERT_EQ(goals->size(), 3U);
  EXPECT_FALSE((*goals)[1].first_only);
  EXPECT_TRUE((*goals)[2].first_only);
  EXPECT_EQ((*goals)[0].wanted(), "<= 1.05");
  EXPECT_EQ((*goals)[1].wanted(), ">= 0.9");
  EXPECT_EQ((*goals)[1].instructions, "z");
}

TEST_F(BenchGoals, WhatIsNoGoalIsRefused) {
  for (const char* line : {"a\tratio\tx\ty", "a\tless\tx\ty\t1", "a\tratio\tx\ty\tmuch", "a\tvalue\tx\ty\t1",
                           "a\tratio\tx\ty\t1\t\tlast", "a"}) {
    EXPECT_FALSE(read_goals(put("bad.tsv", std::string(line) + "\n"))) << line;
  }
  EXPECT_FALSE(read_goals("/nonexistent/goals.tsv"));
}

TEST_F(BenchGoals, FilesOfGoogleBenchmark) {
  const std::string entries =
      R"({"name": "a/iterations:3/manual_time", "run_type": "iteration", "repetition_index": 1, "real_time": 5,
          "time_unit": "us", "cpu_time": 1, "mine": 7},
         {"name": "a/iterations:3/manual_time", "run_type": "iteration", "repetition_index": 0, "real_time": 4,
          "time_unit": "us"},
         {"name": "a_mean", "run_type": "aggregate", "real_time": 4.5, "time_unit": "us"},
         {"name": "b/real_time/threads:2", "run_type": "iteration", "real_time": 2, "time_unit": "ns"},
         {"name": "c", "run_type": "iteration", "error_occurred": true, "real_time": 0, "time_unit": "ns"})";
  const std::string path = put("run.json", "{\"benchmarks\": [" + entries + "]}");
  Samples samples;
  ASSERT_TRUE(read(path, samples));
  EXPECT_EQ(samples["a"].all(), (std::vector<double>{4, 5}));
  EXPECT_EQ(samples["a#mine"].values.at(1), 7);
  EXPECT_EQ(samples.count("a#cpu_time") + samples.count("a_mean") + samples.count("c"), 0U);
  EXPECT_EQ(samples.count("b/threads:2"), 1U);
  ASSERT_TRUE(read("again=" + path, samples));
  EXPECT_EQ(samples.count("again:a"), 1U);
  ASSERT_TRUE(read(path, samples)); // a further file of the same: behind those that are there
  EXPECT_EQ(samples["a"].all(), (std::vector<double>{4, 5, 4, 5}));
  EXPECT_FALSE(read(put("bad.json", "{"), samples));
}

// What failed in the first file is not paired with what stood beside the other there.
TEST_F(BenchGoals, TurnsOfDifferentFilesMakeNoPair) {
  const auto entry = [](const char* name, int value) {
    return fmt::format(R"({{"name": "{}", "run_type": "iteration", "repetition_index": 0, "real_time": {},
                            "time_unit": "us"}})",
                       name, value);
  };
  Samples samples;
  ASSERT_TRUE(read(put("first.json", "{\"benchmarks\": [" + entry("above", 10) + "]}"), samples));
  ASSERT_TRUE(
      read(put("next.json", "{\"benchmarks\": [" + entry("above", 30) + "," + entry("below", 10) + "]}"), samples));
  const auto found = evaluate({"", "ratio", "above", "below", "-", ""}, samples);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 1U);
  EXPECT_DOUBLE_EQ(found->value, 3);
}

TEST(BenchNumber, AsManyDigitsAsOneReads) {
  EXPECT_EQ(number(1.0349), "1.03");
  EXPECT_EQ(number(-4.2), "-4.20");
  EXPECT_EQ(number(31.27), "31.3");
  EXPECT_EQ(number(4321.6), "4322");
  EXPECT_EQ(number(1.0 / 0.0), "?");
}

} // namespace
} // namespace daxemu::bench
