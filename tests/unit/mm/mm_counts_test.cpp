// Counts of a folio: taken and dropped in one step, never wrapped, the idle transition told to one caller only.
#include "emu/mm/folio_counts.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "emu/mm/device_pages.hpp"

namespace daxemu::mm {
namespace {

TEST(FolioCounts, FirstReferenceSeesItIdleAndLastOneMakesItIdle) {
  FolioRecord folio;
  EXPECT_EQ(add_counts(folio, {1, 0}), true);
  EXPECT_EQ(add_counts(folio, {512, 512}), false);
  EXPECT_EQ(drop_counts(folio, {1, 0}), false);
  EXPECT_EQ(drop_counts(folio, {511, 511}), false);
  EXPECT_EQ(drop_counts(folio, {1, 1}), true);
  EXPECT_EQ(folio.counts.load(), 0U);
}

TEST(FolioCounts, SaturationIsRefusedAndChangesNothing) {
  struct Row {
    FolioCounts held;
    FolioCounts add;
    bool fits;
  };
  constexpr std::uint32_t kFull = kMaxCount;
  const Row rows[] = {
      {{kFull, 0}, {1, 0}, false},           {{kFull - 1, 0}, {1, 0}, true},
      {{kFull - 1023, 0}, {1024, 0}, false}, // one more pin of an order-0 folio
      {{kFull - 1024, 0}, {1024, 0}, true},  {{10, kFull}, {1, 1}, false},
      {{10, kFull - 1}, {1, 1}, true},       {{1, 0}, {kFull, 0}, false},
      {{0, 0}, {0x8000'0000U, 0}, false}, // negative in the kernel's atomic_t
  };
  for (const Row& row : rows) {
    FolioRecord folio;
    folio.counts = pack_counts(row.held);
    const auto added = add_counts(folio, row.add);
    EXPECT_EQ(added.has_value(), row.fits) << row.held.refs << "+" << row.add.refs;
    if (!row.fits) {
      EXPECT_EQ(added.error(), Errno{ENOMEM});
      EXPECT_EQ(folio.counts.load(), pack_counts(row.held));
    }
  }
}

TEST(FolioCounts, UnderflowIsRefusedAndChangesNothing) {
  struct Row {
    FolioCounts held;
    FolioCounts drop;
  };
  for (const Row& row : {Row{{0, 0}, {1, 0}}, Row{{2, 0}, {3, 0}}, Row{{5, 1}, {2, 2}}, Row{{1, 5}, {2, 2}}}) {
    FolioRecord folio;
    folio.counts = pack_counts(row.held);
    EXPECT_EQ(drop_counts(folio, row.drop).error(), Errno{ERANGE});
    EXPECT_EQ(folio.counts.load(), pack_counts(row.held));
  }
}

TEST(FolioCounts, PinsCountInThePincountOfLargeFoliosAndWithABiasInSmallOnes) {
  EXPECT_EQ(pack_counts(counts_for(9, 0, 512)), pack_counts({512, 512}));
  EXPECT_EQ(pack_counts(counts_for(9, 3, 1)), pack_counts({4, 1}));
  EXPECT_EQ(pack_counts(counts_for(0, 0, 1)), pack_counts({1024, 0}));
  EXPECT_EQ(pack_counts(counts_for(0, 2, 2)), pack_counts({2050, 0}));
}

TEST(FolioCounts, ConcurrentHoldersAreToldOfEachIdleTransitionOnce) {
  FolioRecord folio;
  std::atomic<std::int64_t> became_busy{0};
  std::atomic<std::int64_t> became_idle{0};
  auto work = [&] {
    for (int round = 0; round < 50'000; ++round) {
      became_busy += add_counts(folio, {1, 1}).value() ? 1 : 0;
      became_idle += drop_counts(folio, {1, 1}).value() ? 1 : 0;
    }
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(folio.counts.load(), 0U);
  EXPECT_EQ(became_busy.load(), became_idle.load());
  EXPECT_GT(became_idle.load(), 0);
}

} // namespace
} // namespace daxemu::mm
