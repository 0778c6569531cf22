// Turns at a process's holder records: one thread at a time changes a block, and nobody is kept out for ever.
#include "emu/mm/holder_turns.hpp"

#include <csetjmp>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace daxemu::mm {
namespace {

constexpr std::uint64_t kWord = hold_word(1, 2);

TEST(HolderTurns, NoChangeOfAnyThreadIsLost) {
  HolderTurns turns;
  std::vector<HolderRecord> records(HolderTurns::kBlock + 2); // of two blocks
  constexpr int kThreads = 4;
  constexpr int kRounds = 2'000;
  std::atomic<int> waiting{kThreads};
  std::atomic<int> refused{0};
  const auto work = [&] {
    waiting.fetch_sub(1);
    while (waiting.load() > 0) {
    }
    HolderTurn turn(&turns);
    for (int round = 0; round < kRounds; ++round) {
      for (std::uint64_t extent = 0; extent < records.size(); ++extent) {
        turn.at(extent);
        claim<InTurn>(records[extent], kWord, {});
        confirm<InTurn>(records[extent], kWord);
      }
      for (std::uint64_t extent = 0; extent < records.size() && round + 1 < kRounds; ++extent) {
        turn.at(extent);
        refused += begin_drop<InTurn>(records[extent], kWord) ? 0 : 1;
        end_drop<InTurn>(records[extent], kWord);
      }
    }
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(refused.load(), 0);
  for (const HolderRecord& record : records) {
    EXPECT_EQ(record.claimed.load(), kThreads * kWord);
    EXPECT_EQ(record.applied.load(), kThreads * kWord);
  }
}

TEST(HolderTurns, WhatIsNotHeldIsRefusedInATurnToo) {
  HolderTurns turns;
  HolderRecord record;
  HolderTurn turn(&turns);
  turn.at(0);
  claim<InTurn>(record, kWord, {});
  confirm<InTurn>(record, kWord);
  EXPECT_EQ(begin_drop<InTurn>(record, hold_word(2, 0)).error(), Errno{ERANGE});
  EXPECT_EQ(begin_drop<InTurn>(record, hold_word(0, 3)).error(), Errno{ERANGE});
  EXPECT_EQ(record.applied.load(), kWord);
  EXPECT_TRUE(begin_drop<InTurn>(record, kWord));
  EXPECT_EQ(record.applied.load(), 0U);
}

TEST(HolderTurns, ASignalHandlerInTheMiddleOfATurnHasItToo) {
  HolderTurns turns;
  HolderTurn outer(&turns);
  outer.at(3);
  {
    HolderTurn inner(&turns);
    inner.at(4); // of the same block
  }
  std::atomic<HolderTurns::Owner>& place = turns.of(0);
  EXPECT_NE(place.load(), 0U) << "the inner one has given back what is the outer one's";
  outer.leave();
  EXPECT_EQ(place.load(), 0U);
}

TEST(HolderTurns, AnotherBlockIsAnotherTurn) {
  HolderTurns turns;
  HolderTurn turn(&turns);
  turn.at(0);
  turn.at(HolderTurns::kBlock);
  EXPECT_EQ(turns.of(0).load(), 0U);
  EXPECT_NE(turns.of(1).load(), 0U);
}

TEST(HolderTurns, ATurnThatWasNeverGivenBackIsNotWaitedForForEver) {
  HolderTurns turns;
  std::thread([&] {
    static std::jmp_buf back;
    if (setjmp(back) == 0) {
      auto* const lost = new HolderTurn(&turns); // never destroyed, as what siglongjmp() passes over
      lost->at(0);
      std::longjmp(back, 1); // NOLINT(cert-err52-cpp): what a program's handler does
    }
  }).join();
  ASSERT_NE(turns.of(0).load(), 0U);
  HolderTurn turn(&turns);
  turn.at(0);
  turn.leave();
  EXPECT_EQ(turns.of(0).load(), 0U);
}

TEST(HolderTurns, AForkedChildFindsAllOfThemFree) {
  HolderTurns turns;
  std::thread([&] { turns.of(5).store(1); }).join();
  turns.forget();
  EXPECT_EQ(turns.of(5).load(), 0U);
}

} // namespace
} // namespace daxemu::mm
