// Who holds a device: one at a time, what he is told, and how he is asked.
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/pgmap/pgmap_devices.hpp"

namespace daxemu::pgmap {
namespace {

using enum Behaviour;

TEST(DaxHolder, IsOneAtATimeAndPutsItOnlyItself) {
  DaxHolder holder;
  int first = 0;
  int second = 0;
  EXPECT_EQ(holder.get(nullptr, {}).error(), Errno{EINVAL});
  ASSERT_TRUE(holder.get(&first, {}));
  EXPECT_EQ(holder.get(&second, {}).error(), Errno{EBUSY});
  EXPECT_EQ(holder.get(&first, {}).error(), Errno{EBUSY}) << "cmpxchg(&holder_data, NULL, holder)";
  holder.put(&second);
  EXPECT_EQ(holder.who(), &first);
  holder.put(&first);
  EXPECT_EQ(holder.who(), nullptr);
  EXPECT_TRUE(holder.get(&second, {}));
}

TEST(DaxHolder, WithoutAnOperationItsAnswerIsEOPNOTSUPP) {
  mm::MemMap map;
  const Device device(map, type_named("FS_DAX_7_3"), 0, 2, {});
  int who = 0;
  for (int held = 0; held < 2; ++held) {
    EXPECT_EQ(device.pgmap->holder().notify_failure(0, 1, 0).error(), Errno{EOPNOTSUPP});
    const auto allowed = device.pgmap->holder().ask_longterm(*device.pages, 0, 2);
    EXPECT_EQ(allowed.nr_pages, 0U);
    EXPECT_EQ(allowed.error, EOPNOTSUPP);
    (void)device.pgmap->holder().get(&who, {});
  }
}

TEST(DaxHolder, HearsOfFailuresAndPassesOnWhatItDoesNotHandle) {
  struct Row {
    int says;
    int error;
    bool generic;
  };
  for (const Row& row : {Row{0, 0, false}, Row{EOPNOTSUPP, 0, true}, Row{EIO, EIO, false}}) {
    mm::MemMap map;
    const Device device(map, type_named("FS_DAX_6_1"), 0, 4, {});
    std::vector<std::uint64_t> told;
    HolderOps ops;
    ops.notify_failure = [&](std::uint64_t offset, std::uint64_t length, int flags) -> Result<void> {
      told = {offset, length, static_cast<std::uint64_t>(flags)};
      return row.says == 0 ? Result<void>() : fail(row.says);
    };
    ASSERT_TRUE(device.pgmap->holder().get(&told, ops));
    RecordedReach reach;
    const auto failed = memory_failure(*device.pgmap, Pfn(kFirstPfn + 3), reach);
    EXPECT_EQ(failed ? 0 : failed.error().value, row.error);
    EXPECT_EQ(told, (std::vector<std::uint64_t>{3 * kPageSize, kPageSize, 0}));
    EXPECT_EQ(reach.kills.size(), row.generic ? 1U : 0U);
    device.pgmap->kill();
    EXPECT_EQ(memory_failure(*device.pgmap, Pfn(kFirstPfn), reach).error(), Errno{ENXIO}) << "!dax_alive";
  }
}

TEST(DaxHolder, IsAskedFolioByFolioAndOnlyUntilItRefuses) {
  mm::MemMap map;
  const Device device(map, kIdealDax.with(holder).with(deny_longterm_fast).with(ask_before_longterm), 2, 4, {});
  std::vector<std::uint64_t> asked;
  HolderOps ops;
  ops.longterm_pin = [&](const mm::Folio& folio, std::uint64_t first, std::uint64_t nr_pages) -> Result<void> {
    asked.insert(asked.end(), {folio.extent().value(), first, nr_pages});
    return folio.extent() == ExtentIndex(2) ? fail(EACCES) : Result<void>();
  };
  ASSERT_TRUE(device.pgmap->holder().get(&asked, ops));
  auto allowed = device.pgmap->holder().ask_longterm(*device.pages, 3, 4);
  EXPECT_EQ(allowed.nr_pages, 4U);
  EXPECT_EQ(allowed.error, 0);
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{0, 3, 1, 1, 0, 3}));
  asked.clear();
  allowed = device.pgmap->holder().ask_longterm(*device.pages, 6, 9);
  EXPECT_EQ(allowed.nr_pages, 2U);
  EXPECT_EQ(allowed.error, EACCES);
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{1, 2, 2, 2, 0, 4}));
}

TEST(DaxHolder, PuttingItWaitsForWhoIsInside) {
  DaxHolder holder;
  std::atomic<bool> inside{false};
  std::atomic<bool> done{false};
  HolderOps ops;
  ops.notify_failure = [&](std::uint64_t, std::uint64_t, int) -> Result<void> {
    inside = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    done = true;
    return {};
  };
  ASSERT_TRUE(holder.get(&inside, ops));
  std::thread failing([&] { EXPECT_TRUE(holder.notify_failure(0, 1, 0)); });
  while (!inside) {
    std::this_thread::yield();
  }
  holder.put(&inside);
  EXPECT_TRUE(done);
  failing.join();
}

} // namespace
} // namespace daxemu::pgmap
