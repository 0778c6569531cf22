// A program that goes through a device extent by extent: what is mapped before it is touched, and what never is.
#include <algorithm>
#include <chrono>
#include <thread>

#include "emu/base/units.hpp"
#include "emu/store/generation.hpp"
#include "tests/unit/fault/fault_bus.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

using store::BackingKind;
using store::EngineKind;

struct Kind {
  const char* name;
  std::uint64_t align;
  BackingKind backing;
};
void PrintTo(const Kind& row, std::ostream* out) {
  *out << row.name;
}

class MapAheadOf : public ::testing::TestWithParam<Kind> {
protected:
  static constexpr std::uint64_t kExtents = 32;
  std::uint64_t align = GetParam().align;
  // Both live as long as the threads that look at them.
  TestPlatform& platform =
      *new TestPlatform(std::max(kExtents * align, kPmdSize), align, GetParam().backing, EngineKind::handler);
  AddressSpace& space = *new AddressSpace(*platform.store);
  UniqueFd fd = platform.open(O_RDWR);

  char* map(std::uint64_t extents = kExtents) {
    auto mapped =
        space.map(*platform.device, fd.get(), nullptr, extents * align, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    EXPECT_TRUE(mapped) << mapped.error().value;
    return mapped ? static_cast<char*>(*mapped) : nullptr;
  }
  void touch(char* base, std::uint64_t from, std::uint64_t to) const {
    for (std::uint64_t at = from; at < to; ++at) {
      base[at * align] = static_cast<char>(at + 1);
    }
  }
  // Every extent's page is in the page cache, none mapped.
  void bring_all() {
    char* base = map();
    touch(base, 0, kExtents);
    ASSERT_TRUE(space.unmap(base, kExtents * align));
  }
  [[nodiscard]] std::uint64_t ahead() const { return platform.sum(&store::CounterStripe::ahead); }
  [[nodiscard]] bool resident(char* base, std::uint64_t extent) {
    unsigned char core = 0;
    EXPECT_TRUE(space.in_core(base + extent * align, kPageSize, &core));
    return core != 0;
  }
  void poison(std::uint64_t extent) {
    auto folios = mm::FolioTable::open(platform.device->folios_location.c_str(), kExtents);
    ASSERT_TRUE(folios);
    (*folios)[ExtentIndex(extent)].flags.fetch_or(mm::kFolioHwpoison);
    store::await_followers(*platform.store, store::announce(platform.store->platform()));
  }
};

TEST_P(MapAheadOf, SequentialTouchesNeedFewFaults) {
  bring_all();
  const std::uint64_t faults = platform.faults();
  const std::uint64_t before = ahead();
  char* base = map();
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    EXPECT_EQ(base[at * align], static_cast<char>(at + 1)) << at;
  }
  EXPECT_LE(platform.faults() - faults, 8U);
  EXPECT_EQ(platform.faults() - faults + ahead() - before, kExtents); // each extent once
  EXPECT_EQ(platform.extents(), kExtents);
}

TEST_P(MapAheadOf, FreshExtentsAreZeroAndCountedOnce) {
  char* base = map();
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    EXPECT_EQ(base[at * align + align - 1], 0) << at;
    base[at * align] = 1;
  }
  EXPECT_EQ(platform.faults() + ahead(), kExtents);
  EXPECT_EQ(platform.extents(), kExtents);
  EXPECT_EQ(platform.sum(&store::CounterStripe::bytes), kExtents * align);
}

TEST_P(MapAheadOf, ThreeTouchesMapNothingElse) {
  bring_all();
  const std::uint64_t before = ahead();
  char* base = map();
  touch(base, 4, 7);
  EXPECT_EQ(ahead(), before);
  EXPECT_FALSE(resident(base, 7));
}

TEST_P(MapAheadOf, PoisonIsNeverMapped) {
  bring_all();
  poison(5);
  char* base = map();
  const std::uint64_t before = ahead();
  touch(base, 0, 4); // would map four more
  EXPECT_EQ(ahead(), before + 1);
  EXPECT_TRUE(bus::on_touch(base + 5 * align));
  EXPECT_FALSE(resident(base, 6));
  touch(base, 6, kExtents);
  EXPECT_EQ(platform.sigbus(), 1U);
}

TEST_P(MapAheadOf, PoisonReachesWhatWasMappedAhead) {
  bring_all();
  char* base = map();
  const std::uint64_t before = ahead();
  touch(base, 0, 4);
  ASSERT_EQ(ahead(), before + 4);
  poison(5);
  EXPECT_TRUE(bus::on_touch(base + 5 * align + 1));
  EXPECT_EQ(base[4 * align], 5);
}

TEST_P(MapAheadOf, TouchesAllOverMapPresentPagesAround) {
  bring_all();
  poison(26);
  char* base = map();
  const std::uint64_t before = ahead();
  for (std::uint64_t at = 1; at <= 19; at += 3) { // seven
    EXPECT_EQ(base[at * align], static_cast<char>(at + 1));
  }
  EXPECT_EQ(ahead(), before);
  // Where an extent is a page of 4K, one around it is as dear as a fault.
  const bool cheap = GetParam().align != kPageSize;
  EXPECT_EQ(base[22 * align], 23);
  EXPECT_EQ(ahead(), before + (cheap ? 3U : 0U));
  EXPECT_EQ(resident(base, 20) && resident(base, 21) && resident(base, 23), GetParam().backing == BackingKind::hugetlb);
  EXPECT_FALSE(resident(base, 24));
  EXPECT_EQ(base[25 * align], 26);
  EXPECT_EQ(ahead(), before + (cheap ? 4U : 0U)); // not past the poison
  EXPECT_FALSE(resident(base, 27));
  EXPECT_TRUE(bus::on_touch(base + 26 * align));
}

TEST_P(MapAheadOf, TouchesAllOverFreshExtentsMakeNoOtherPages) {
  char* base = map();
  std::uint64_t touched = 0;
  for (std::uint64_t at = 0; at < 2 * kExtents; at += 5) {
    base[at % kExtents * align] = 1;
    ++touched;
  }
  struct stat about {};
  ASSERT_EQ(::fstat(platform.bytes.get(), &about), 0);
  const std::uint64_t page = GetParam().backing == BackingKind::hugetlb ? align : kPageSize;
  EXPECT_EQ(static_cast<std::uint64_t>(about.st_blocks) * 512, touched * page);
  // What is many small pages is left to the kernel with its neighbours, of which it makes none that nobody touches.
  EXPECT_EQ(ahead() > 0, page != align);
}

TEST_P(MapAheadOf, EndsWhereTheMappingDoes) {
  bring_all();
  const std::uint64_t before = ahead();
  char* base = map();
  ASSERT_TRUE(space.protect(base + 5 * align, align, PROT_READ)); // a mapping of its own
  touch(base, 0, 4);
  EXPECT_EQ(ahead(), before + 1);
  ASSERT_TRUE(space.unmap(base + 20 * align, 12 * align));
  touch(base, 14, 20); // and nothing behind it
  EXPECT_EQ(ahead(), before + 3);
  EXPECT_FALSE(space.overlaps(base + 20 * align, align));
}

TEST_P(MapAheadOf, AdviceDecides) {
  bring_all();
  char* base = map();
  PoisonHit hit;
  ASSERT_TRUE(space.advise(base, kExtents * align, MADV_RANDOM, &hit));
  const std::uint64_t before = ahead();
  touch(base, 0, 8);
  EXPECT_EQ(ahead(), before);
  ASSERT_TRUE(space.advise(base, kExtents * align, MADV_SEQUENTIAL, &hit));
  touch(base, 16, 17);
  EXPECT_EQ(ahead(), before + 4);
}

TEST_P(MapAheadOf, AnExactPlatformHasAFaultForEachTouch) {
  platform.store->platform().exact = 1;
  char* base = map();
  touch(base, 0, kExtents);
  EXPECT_EQ(platform.faults(), kExtents);
  EXPECT_EQ(ahead(), 0U);
}

TEST_P(MapAheadOf, PopulatingMapsWhatWasAskedFor) {
  bring_all();
  const std::uint64_t faults = platform.faults();
  const std::uint64_t before = ahead();
  char* base = map();
  PoisonHit hit;
  ASSERT_TRUE(space.advise(base, 8 * align, 23 /* MADV_POPULATE_WRITE */, &hit));
  EXPECT_EQ(platform.faults(), faults + 8);
  EXPECT_EQ(ahead(), before);
}

TEST_P(MapAheadOf, ForgottenExtentsAreMappedAgain) {
  bring_all();
  char* base = map();
  touch(base, 0, kExtents);
  PoisonHit hit;
  ASSERT_TRUE(space.advise(base, kExtents * align, MADV_DONTNEED, &hit));
  EXPECT_FALSE(resident(base, 6));
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    EXPECT_EQ(base[at * align], static_cast<char>(at + 1)) << at;
  }
}

// Threads that touch, and one that unmaps what may be mapped ahead just then: nothing of the old mapping comes up in
// the new one.
TEST_P(MapAheadOf, MappingsMayGoWhileOthersAreTouched) {
  bring_all();
  for (int round = 0; round < 50; ++round) {
    char* base = map();
    std::thread other([&] {
      (void)space.unmap(base + 8 * align, 8 * align);
      auto mapped = space.map(*platform.device, fd.get(), base + 8 * align, 8 * align, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_FIXED, 16 * align);
      EXPECT_TRUE(mapped);
    });
    touch(base, 0, 8);
    other.join();
    for (std::uint64_t at = 8; at < 16; ++at) {
      EXPECT_EQ(base[at * align], static_cast<char>(at + 8 + 1));
    }
    ASSERT_TRUE(space.unmap(base, kExtents * align));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, MapAheadOf,
                         ::testing::Values(Kind{"hugetlb_2M", kPmdSize, BackingKind::hugetlb},
                                           Kind{"shmem_2M", kPmdSize, BackingKind::shmem},
                                           Kind{"shmem_4K", kPageSize, BackingKind::shmem}),
                         [](const auto& kind) { return kind.param.name; });

// On hugetlb the extents a stream comes to next are zeroed while the program works, and not many.
TEST(ZeroAhead, StaysAFewExtentsBeforeTheTouches) {
  constexpr std::uint64_t kExtents = 64;
  const MappedWhole whole(kExtents, kPmdSize, BackingKind::hugetlb);
  TestPlatform& platform = whole.platform;
  ASSERT_TRUE(whole.bytes != nullptr);
  const auto allocated = [&] {
    struct stat st {};
    ::fstat(platform.bytes.get(), &st);
    return static_cast<std::uint64_t>(st.st_blocks) * 512 / kPmdSize;
  };
  const auto comes_to = [&](std::uint64_t least, std::chrono::milliseconds most) { // the handler is at it
    const auto end = std::chrono::steady_clock::now() + most;
    while (allocated() < least && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return allocated() >= least;
  };
  // A touch whose handler finds the table locked zeroes nothing: the next one does, with twice the window.
  std::uint64_t touched = 0;
  std::uint64_t window = 0;
  while (touched < 8) {
    whole.bytes[touched * kPmdSize] = 1;
    ++touched;
    window = touched < 4 ? 0 : 4U << (touched - 4);
    if (window != 0 && comes_to(touched + 1, std::chrono::seconds(1))) {
      break;
    }
  }
  const std::uint64_t awaited = window / 2; // by that touch, which is there with them
  const std::uint64_t most = touched + awaited + std::min<std::uint64_t>(window, 16);
  EXPECT_TRUE(comes_to(most, std::chrono::seconds(10))) << allocated() << " of " << most;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(allocated(), most);
  EXPECT_EQ(platform.extents(), touched + awaited); // zeroed is not touched
}

// Who does nothing but touch is woken for every seventeenth extent only in the end, however fast he is. (A few faults
// more: a touch whose handler finds the table locked.)
TEST(ZeroAhead, ATouchInOrderFindsMoreAndMore) {
  constexpr std::uint64_t kExtents = 64;
  constexpr std::uint64_t kUntil =
      4 + 2; // faults: four for themselves, the last of which has a window of 4; with 8 and 16
  constexpr std::uint64_t kBy = 4 + 2 + 5 + 9; // extents that are there by then
  const MappedWhole whole(kExtents, kPmdSize, BackingKind::hugetlb);
  TestPlatform& platform = whole.platform;
  ASSERT_TRUE(whole.bytes != nullptr);
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    whole.bytes[at * kPmdSize] = 1;
  }
  EXPECT_LE(platform.faults(), kUntil + (kExtents - kBy + 16) / 17 + 4);
  EXPECT_EQ(platform.extents(), kExtents);
}

// An extent of 1G on small pages: mapped ahead or not, nothing is allocated that was not touched.
TEST(MapAheadOfLargeExtents, AllocatesNothing) {
  constexpr std::uint64_t kExtents = 8;
  const MappedWhole whole(kExtents, kPudSize, BackingKind::shmem);
  TestPlatform& platform = whole.platform;
  ASSERT_TRUE(whole.bytes != nullptr);
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    whole.bytes[at * kPudSize] = 1;
  }
  struct stat st {};
  ::fstat(platform.bytes.get(), &st);
  EXPECT_LE(static_cast<std::uint64_t>(st.st_blocks) * 512, 2 * kExtents * kPageSize);
  EXPECT_LT(platform.faults(), kExtents);
}

} // namespace
} // namespace daxemu::fault
