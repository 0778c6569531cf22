// The runner: contenders take turns, one that fails is left out, and what it writes is what the table reads.
#include "tests/bench/frame/pairs.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/bench/frame/samples.hpp"

namespace daxemu::bench {
namespace {

class BenchPairs : public ::testing::Test {
protected:
  BenchPairs() : file_(std::filesystem::temp_directory_path() / ("daxemu-pairs-" + std::to_string(::getpid()))) {}
  ~BenchPairs() override { std::filesystem::remove(file_); }
  Pairs with(std::vector<std::string> words) {
    words_ = std::move(words);
    words_.insert(words_.begin(), "program");
    words_.insert(words_.end(), {"--out", file_});
    argv_.clear();
    for (std::string& word : words_) {
      argv_.push_back(word.data());
    }
    argv_.push_back(nullptr);
    count_ = static_cast<int>(words_.size());
    return Pairs(count_, argv_.data());
  }
  Contender takes(const std::string& name, double time) {
    return {name, [this, name, time] {
              order_ += name;
              return Turn{time, {{"twice", 2 * time}}, ""};
            }};
  }
  Samples written() {
    Samples samples;
    EXPECT_TRUE(read(file_, samples));
    return samples;
  }

  std::filesystem::path file_;
  std::vector<std::string> words_;
  std::vector<char*> argv_;
  int count_ = 0;
  std::string order_;
};

TEST_F(BenchPairs, TakeTurnsAndEveryOtherRoundBeginsWithTheOther) {
  Pairs pairs = with({"--pairs", "3"});
  pairs.add({"us", {takes("A", 1), takes("B", 2)}});
  EXPECT_EQ(pairs.run(), 0);
  EXPECT_EQ(order_, "ABBAAB");
  Samples samples = written();
  EXPECT_EQ(samples["A"].all(), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(samples["B#twice"].all(), (std::vector<double>{4, 4, 4}));
  EXPECT_EQ(samples["B"].unit, "us");
}

TEST_F(BenchPairs, AtLeastFifteenUnlessToldOtherwise) {
  Pairs pairs = with({});
  pairs.add({"us", {takes("A", 1)}});
  pairs.add({"us", {takes("B", 1)}, 2});
  EXPECT_EQ(pairs.run(), 0);
  EXPECT_EQ(written()["A"].values.size(), 15U);
  EXPECT_EQ(written()["B"].values.size(), 30U);
}

TEST_F(BenchPairs, OneThatFailsIsLeftOutAndTheOthersGoOn) {
  Pairs pairs = with({"--pairs", "4"});
  int turns = 0;
  pairs.add({"us",
             {{"bad",
               [&turns] {
                 return ++turns < 3 ? Turn{1, {}, ""} : Turn{0, {}, "no pages"};
               }},
              takes("A", 1)}});
  EXPECT_EQ(pairs.run(), 0);
  EXPECT_EQ(turns, 3);
  EXPECT_EQ(written()["A"].values.size(), 4U);
  EXPECT_EQ(written()["bad"].values.size(), 0U); // no goal is met by the turns before
}

TEST_F(BenchPairs, OnlyWhatIsAskedForAndTheRestOfTheWordsIsTheProgramsOwn) {
  Pairs pairs = with({"folder", "--only", "B", "--pairs", "1"});
  EXPECT_EQ(count_, 2);
  EXPECT_STREQ(argv_[1], "folder");
  EXPECT_EQ(argv_[2], nullptr);
  bool ready = false;
  pairs.add({"us", {takes("A", 1)}, 1, [&] { ready = true; }});
  pairs.add({"us", {takes("B", 1), takes("C", 1)}});
  EXPECT_EQ(pairs.run(), 0);
  EXPECT_EQ(order_, "BC");
  EXPECT_FALSE(ready);
}

TEST_F(BenchPairs, AFileThatCannotBeWrittenIsSaid) {
  file_ = "/nonexistent/folder/file";
  Pairs pairs = with({"--pairs", "1"});
  pairs.add({"us", {takes("A", 1)}});
  EXPECT_EQ(pairs.run(), 2);
}

} // namespace
} // namespace daxemu::bench
