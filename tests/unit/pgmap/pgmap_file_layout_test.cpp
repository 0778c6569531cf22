// Files on FS_DAX memory: allocation, truncation, holes; truncation against a referenced page.
#include "emu/pgmap/file_layout.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/pgmap/pgmap_devices.hpp"

namespace daxemu::pgmap {
namespace {

using namespace std::chrono_literals;

class FsDax : public testing::TestWithParam<const char*> {
protected:
  mm::MemMap map_;
  Device device_{map_, type_named(GetParam()), 0, 8, {}};
  RecordedReach reach_;
  FileLayout layout_{*device_.pgmap, reach_};
};

INSTANTIATE_TEST_SUITE_P(Kernels, FsDax, testing::Values("FS_DAX_6_1", "FS_DAX_6_12", "FS_DAX_7_3"));

TEST_P(FsDax, BlocksAreExtentsAndATouchedHoleBecomesOne) {
  const FileId file = layout_.create();
  ASSERT_TRUE(layout_.allocate(file, 2, 3));
  EXPECT_EQ(layout_.free_extents(), 5U);
  EXPECT_EQ(layout_.fault(file, 5).error(), Errno{ENXIO}) << "beyond the end";
  const auto folio = layout_.fault(file, 3);
  ASSERT_TRUE(folio);
  EXPECT_EQ(folio->mapping(), file);
  EXPECT_EQ(folio->index(), 3U);
  const auto owner = layout_.owner_of(folio->extent());
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->file, file);
  EXPECT_EQ(owner->block, 3U);
  EXPECT_TRUE(layout_.fault(file, 1)) << "a hole below the end";
  EXPECT_EQ(layout_.free_extents(), 4U);
  EXPECT_EQ(layout_.fault(99, 0).error(), Errno{ENOENT});
}

TEST_P(FsDax, FullIsENOSPCAndChangesNothing) {
  const FileId file = layout_.create();
  ASSERT_TRUE(layout_.allocate(file, 0, 6));
  EXPECT_EQ(layout_.allocate(file, 4, 5).error(), Errno{ENOSPC});
  EXPECT_EQ(layout_.free_extents(), 2U);
  EXPECT_TRUE(layout_.allocate(file, 4, 4)) << "two of the four are there already";
  EXPECT_EQ(layout_.free_extents(), 0U);
}

TEST_P(FsDax, TruncateUnmapsThenFrees) {
  const FileId file = layout_.create();
  ASSERT_TRUE(layout_.allocate(file, 0, 4));
  const auto folio = layout_.fault(file, 3);
  ASSERT_TRUE(layout_.truncate(file, 2, 0ms));
  EXPECT_EQ(reach_.unmapped.size(), 2U);
  EXPECT_EQ(layout_.free_extents(), 6U);
  EXPECT_EQ(folio->mapping(), 0U) << "dax_disassociate_entry";
  EXPECT_EQ(layout_.fault(file, 2).error(), Errno{ENXIO});
  EXPECT_TRUE(layout_.fault(file, 1));
}

TEST_P(FsDax, TruncateAgainstAReferencedPageFailsWhereTheKernelWouldWait) {
  const FileId file = layout_.create();
  ASSERT_TRUE(layout_.allocate(file, 0, 4));
  const auto folio = layout_.fault(file, 3);
  ASSERT_TRUE(mm::add_counts(folio->record(), mm::counts_for(0, 0, 1)));
  const auto refused = layout_.truncate(file, 0, 5ms);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EBUSY);
  EXPECT_NE(refused.error().what.find("block 3"), std::string::npos) << refused.error().what;
  EXPECT_EQ(layout_.free_extents(), 4U) << "nothing was freed";
  EXPECT_TRUE(layout_.punch(file, 0, 3, 0ms)) << "the other blocks are not held up";
  EXPECT_TRUE(layout_.fault(file, 3));
}

TEST_P(FsDax, TruncateWaitsForTheLastReference) {
  const FileId file = layout_.create();
  ASSERT_TRUE(layout_.allocate(file, 0, 4));
  const auto folio = layout_.fault(file, 1);
  ASSERT_TRUE(mm::add_counts(folio->record(), mm::counts_for(0, 0, 2)));
  std::atomic<bool> released{false};
  std::thread holder([&] {
    std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(device_.pgmap->put(*folio, mm::counts_for(0, 0, 1)));
    std::this_thread::sleep_for(20ms);
    released = true;
    EXPECT_TRUE(device_.pgmap->put(*folio, mm::counts_for(0, 0, 1)));
  });
  EXPECT_TRUE(layout_.truncate(file, 0, 20s));
  EXPECT_TRUE(released);
  holder.join();
  EXPECT_EQ(layout_.free_extents(), 8U);
}

TEST_P(FsDax, PoisonedExtentsAreNeitherFaultedNorHandedOut) {
  const FileId file = layout_.create();
  ASSERT_TRUE(layout_.allocate(file, 0, 1));
  const auto folio = layout_.fault(file, 0);
  ASSERT_TRUE(memory_failure(*device_.pgmap, folio->pfn(), reach_));
  EXPECT_EQ(layout_.fault(file, 0).error(), Errno{EHWPOISON});
  ASSERT_TRUE(layout_.truncate(file, 0, 0ms));
  EXPECT_EQ(layout_.allocate(file, 0, 8).error(), Errno{ENOSPC});
  EXPECT_TRUE(layout_.allocate(file, 0, 7));
}

TEST(FsDaxFailure, TheFileSystemNamesTheFilesItHits) {
  mm::MemMap map;
  RecordedReach reach;
  PagemapOps ops;
  std::function<Result<void>(Pfn, std::uint64_t)> handler;
  ops.memory_failure = [&](Pfn first, std::uint64_t pages) { return handler(first, pages); };
  const Device device(map, type_named("FS_DAX_6_1"), 0, 8, ops);
  FileLayout layout(*device.pgmap, reach);
  handler = layout.failure_handler();
  const FileId file = layout.create();
  ASSERT_TRUE(layout.allocate(file, 0, 1));
  const auto folio = layout.fault(file, 0);
  ASSERT_TRUE(memory_failure(*device.pgmap, folio->pfn(), reach));
  ASSERT_EQ(reach.kills.size(), 1U);
  EXPECT_EQ(reach.kills[0].extent, folio->extent());
  ASSERT_TRUE(memory_failure(*device.pgmap, folio->pfn() + 1, reach)) << "an extent of no file: the generic handling";
  EXPECT_EQ(reach.kills.size(), 2U);
}

} // namespace
} // namespace daxemu::pgmap
