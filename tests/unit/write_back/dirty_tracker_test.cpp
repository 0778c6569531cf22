// Which extents a write-back has to look at: what was written to, by whomever, and not much else.
#include "runtime/fault/write_back/dirty_tracker.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <set>

#include <sys/wait.h>

#include "emu/base/units.hpp"
#include "emu/mm/folio_counts.hpp"
#include "tests/unit/fault/fault_platform.hpp"
#include "tests/unit/write_back/kernel_scans.hpp"

namespace daxemu::fault {
namespace {

using store::BackingKind;
using store::EngineKind;
using Extents = std::set<std::uint64_t>;

constexpr int kRw = PROT_READ | PROT_WRITE;
constexpr std::uint64_t kExtents = 8;

struct Kind {
  const char* name;
  std::uint64_t align;
  BackingKind backing;
  EngineKind engine;
};
void PrintTo(const Kind& row, std::ostream* out) {
  *out << row.name;
}

class Tracking : public ::testing::TestWithParam<Kind> {
protected:
  std::uint64_t align = GetParam().align;
  // Live as long as the threads that look at them.
  TestPlatform& platform =
      *new TestPlatform(std::max(kExtents * align, kPmdSize), align, GetParam().backing, GetParam().engine);
  AddressSpace& space = *new AddressSpace(*platform.store);
  UniqueFd fd = platform.open(O_RDWR);
  mm::FolioTable folios = std::move(*mm::FolioTable::open(platform.device->folios_location.c_str(), kExtents));
  std::unique_ptr<DirtyTracker> tracker = std::move(*DirtyTracker::start(*platform.store, *platform.device));
  bool exact = GetParam().engine != EngineKind::populate;

  void SetUp() override {
    if (!kernel_scans()) {
      GTEST_SKIP() << kNoScan;
    }
  }

  volatile char* map(std::uint64_t extents, std::uint64_t first = 0) {
    auto mapped = space.map(*platform.device, fd.get(), nullptr, extents * align, kRw, MAP_SHARED, first * align);
    EXPECT_TRUE(mapped) << mapped.error().value;
    return static_cast<char*>(*mapped);
  }
  [[nodiscard]] Extents found() const {
    Extents extents;
    for (std::uint64_t at = 0; at < kExtents; ++at) {
      if (tracker->may_differ(ExtentIndex(at))) {
        extents.insert(at);
      }
    }
    return extents;
  }
  Extents look() {
    tracker->look(folios);
    return found();
  }
  void settle() {
    tracker->look(folios);
    tracker->settled();
  }
  // Does a look find them? Of others at most one in a test: a kernel that moves or splits a huge page (compaction,
  // DAMON) forgets that it was clean.
  [[nodiscard]] ::testing::AssertionResult finds(const Extents& extents, std::uint64_t mapped = kExtents) {
    const Extents wanted = expected(extents, mapped);
    const Extents got = look();
    std::set_difference(got.begin(), got.end(), wanted.begin(), wanted.end(), std::inserter(others_, others_.end()));
    if (std::includes(got.begin(), got.end(), wanted.begin(), wanted.end()) && others_.size() <= 1) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << ::testing::PrintToString(got) << ", not "
                                         << ::testing::PrintToString(wanted);
  }
  // What is found where nothing but `extents` was written to, of `mapped` extents.
  [[nodiscard]] Extents expected(Extents extents, std::uint64_t mapped = kExtents) const {
    if (!exact) {
      for (std::uint64_t at = 0; at < mapped; ++at) {
        extents.insert(at);
      }
    }
    return extents;
  }

private:
  Extents others_; // found without having been written to
};

const Extents kAll = {0, 1, 2, 3, 4, 5, 6, 7};

TEST_P(Tracking, FindsWhatIsWrittenToAndOnlyThat) {
  volatile char* at = map(kExtents);
  for (std::uint64_t extent = 0; extent < kExtents; ++extent) {
    at[extent * align] = 1;
  }
  EXPECT_EQ(look(), kAll) << "the first look knows of nothing before it";
  tracker->settled();
  EXPECT_TRUE(finds({}));
  at[3 * align + align / 2] = 1;
  (void)at[4 * align];
  EXPECT_TRUE(finds({3}));
  at[5 * align] = 1;
  EXPECT_TRUE(finds({3, 5})) << "until it is settled";
  tracker->settled();
  EXPECT_TRUE(finds({}));
  at[3 * align] = 2;
  EXPECT_TRUE(finds({3})) << "again";
}

TEST_P(Tracking, AFirstTouchIsAWrite) {
  volatile char* at = map(kExtents);
  at[0] = 1;
  settle();
  at[6 * align] = 1;
  EXPECT_TRUE(finds({6}));
}

TEST_P(Tracking, WhatWasWrittenAndDroppedIsFound) {
  volatile char* at = map(kExtents);
  at[0] = 1;
  at[2 * align] = 1;
  settle();
  at[2 * align] = 2;
  PoisonHit hit;
  ASSERT_TRUE(space.advise(const_cast<char*>(at), kExtents * align, MADV_DONTNEED, &hit));
  EXPECT_TRUE(look().contains(2));
}

TEST_P(Tracking, MappingsThatComeAndGoMeanEverything) {
  volatile char* at = map(kExtents);
  at[0] = 1;
  at[align] = 1;
  settle();
  volatile char* other = map(2, 1);
  other[0] = 2;
  EXPECT_EQ(look(), kAll);
  tracker->settled();
  EXPECT_TRUE(finds({}));
  other[0] = 3;
  EXPECT_TRUE(finds({1}));
  tracker->settled();
  other[align] = 3;
  ASSERT_TRUE(space.unmap(const_cast<char*>(other), 2 * align));
  EXPECT_EQ(look(), kAll);
  tracker->settled();
  at[align] = 3;
  ASSERT_TRUE(space.unmap(const_cast<char*>(at), kExtents * align));
  const auto again =
      space.map(*platform.device, fd.get(), const_cast<char*>(at), kExtents * align, kRw, MAP_SHARED | MAP_FIXED, 0);
  ASSERT_TRUE(again) << again.error().value;
  EXPECT_EQ(look(), kAll) << "at the same place, so that nothing but the count of changes tells";
}

TEST_P(Tracking, AChildsWritesAreFoundWhileItLivesAndAfter) {
  volatile char* at = map(kExtents);
  at[0] = 1;
  at[3 * align] = 1;
  settle();
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  space.before_fork();
  const pid_t child = ::fork();
  if (child == 0) {
    space.after_fork_in_child();
    at[3 * align] = 2;
    (void)!::write(said[1], "x", 1);
    ::pause();
  }
  space.after_fork_in_parent();
  char byte = 0;
  ASSERT_EQ(::read(said[0], &byte, 1), 1);
  EXPECT_TRUE(look().contains(3));
  tracker->settled();
  EXPECT_TRUE(finds({}));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(look(), kAll) << "its page table is gone";
  ::close(said[0]);
  ::close(said[1]);
}

TEST_P(Tracking, WhatIsHeldIsFoundAndOnceMoreWhenLetGo) {
  volatile char* at = map(kExtents);
  at[0] = 1;
  at[5 * align] = 1;
  settle();
  ASSERT_TRUE(mm::add_counts(folios[ExtentIndex(5)], {1, 1}));
  EXPECT_TRUE(finds({5}));
  tracker->settled();
  ASSERT_TRUE(mm::drop_counts(folios[ExtentIndex(5)], {1, 1}));
  EXPECT_TRUE(finds({5})) << "a device may have written after the last look";
  tracker->settled();
  EXPECT_TRUE(finds({}));
}

// Whoever writes all the time does not pay for being noted all the time.
TEST_P(Tracking, WhatIsWrittenToAllTheTimeIsLeftAlone) {
  volatile char* at = map(kExtents);
  at[0] = 1;
  at[2 * align] = 1;
  settle();
  const std::uint64_t extent = reinterpret_cast<std::uint64_t>(at) + 2 * align;
  const UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY));
  const auto is_protected = [&] {
    std::uint64_t entry = 0;
    EXPECT_EQ(::pread(pagemap.get(), &entry, sizeof entry, static_cast<off_t>(extent / kPageSize * sizeof entry)),
              static_cast<ssize_t>(sizeof entry));
    return (entry >> 57 & 1) != 0; // PM_UFFD_WP
  };
  int looks = 0;
  int faults = 0;
  for (; looks < 40; ++looks) {
    faults += is_protected() ? 1 : 0;
    at[2 * align] = static_cast<char>(looks);
    EXPECT_TRUE(look().contains(2));
    tracker->settled();
  }
  EXPECT_LE(faults, 7) << "of " << looks;
  for (looks = 0; looks < 64 && look().contains(2); ++looks) {
    tracker->settled();
  }
  EXPECT_TRUE(!exact || looks < 64) << "it is noted again when that has ended";
  at[2 * align] = 1;
  EXPECT_TRUE(look().contains(2));
}

TEST_P(Tracking, ADeviceWhoseExtentsWereMovedIsAnotherOne) {
  volatile char* at = map(kExtents);
  at[0] = 1;
  settle();
  platform.device->incarnation.fetch_add(1);
  EXPECT_EQ(look(), kAll);
}

TEST_P(Tracking, OneAtATime) {
  const auto second = DirtyTracker::start(*platform.store, *platform.device);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), Errno{EBUSY});
  tracker.reset();
  EXPECT_EQ(platform.device->tracker.load(), 0U);
  EXPECT_TRUE(DirtyTracker::start(*platform.store, *platform.device));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Tracking,
    ::testing::Values(Kind{"shmem_2M_handler", kPmdSize, BackingKind::shmem, EngineKind::handler},
                      Kind{"shmem_2M_populate", kPmdSize, BackingKind::shmem, EngineKind::populate},
                      Kind{"shmem_4K_handler", kPageSize, BackingKind::shmem, EngineKind::handler},
                      Kind{"hugetlb_2M_handler", kPmdSize, BackingKind::hugetlb, EngineKind::handler}),
    [](const auto& kind) { return kind.param.name; });

} // namespace
} // namespace daxemu::fault
