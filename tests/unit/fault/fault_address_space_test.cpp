// Mappings of a device in one process: made, touched, changed, gone; on each backing and with each engine.
#include <cstring>
#include <tuple>

#include <sys/file.h>
#include <sys/wait.h>

#include "emu/base/units.hpp"
#include "emu/store/generation.hpp"
#include "tests/unit/fault/fault_bus.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

using store::BackingKind;
using store::EngineKind;

constexpr int kRw = PROT_READ | PROT_WRITE;

struct Kind {
  const char* name;
  std::uint64_t align;
  BackingKind backing;
  EngineKind engine;
};
void PrintTo(const Kind& row, std::ostream* out) {
  *out << row.name;
}

class Mappings : public ::testing::TestWithParam<Kind> {
protected:
  static constexpr std::uint64_t kExtents = 8;
  std::uint64_t align = GetParam().align;
  // Both live as long as the threads that look at them.
  TestPlatform& platform =
      *new TestPlatform(std::max(kExtents * align, kPmdSize), align, GetParam().backing, GetParam().engine);
  AddressSpace& space = *new AddressSpace(*platform.store);
  UniqueFd fd = platform.open(O_RDWR);
  bool counts_touches = GetParam().engine != EngineKind::populate;

  char* map(std::uint64_t length, std::uint64_t offset = 0, int flags = MAP_SHARED, void* hint = nullptr,
            int prot = kRw) {
    auto mapped = space.map(*platform.device, fd.get(), hint, length, prot, flags, offset);
    EXPECT_TRUE(mapped) << mapped.error().value;
    return mapped ? static_cast<char*>(*mapped) : nullptr;
  }
};

TEST_P(Mappings, TheEngineIsTheOneAskedFor) {
  map(align);
  EXPECT_EQ(space.engine(), GetParam().engine);
}

TEST_P(Mappings, AreAlignedAndZeroAndShared) {
  char* one = map(4 * align);
  char* two = map(4 * align, align);
  ASSERT_TRUE(is_aligned(reinterpret_cast<std::uint64_t>(one), align));
  EXPECT_EQ(one[0], 0);
  EXPECT_EQ(one[4 * align - 1], 0);
  one[align] = 'x';
  EXPECT_EQ(two[0], 'x');
  two[2 * align + 5] = 'y';
  EXPECT_EQ(one[3 * align + 5], 'y');
}

TEST_P(Mappings, TouchesAreCountedByExtent) {
  char* at = map(4 * align);
  if (counts_touches) {
    EXPECT_EQ(platform.extents(), 0U);
    at[0] = 1;
    EXPECT_EQ(platform.extents(), 1U);
    EXPECT_EQ(platform.faults(), 1U);
    at[align / 2] = 1; // the same extent
    EXPECT_EQ(platform.faults(), 1U);
    at[3 * align] = 1;
    EXPECT_EQ(platform.extents(), 2U);
    EXPECT_EQ(platform.sum(&store::CounterStripe::bytes), 2 * align);
    char* again = map(align);
    EXPECT_EQ(again[0], 1); // another mapping: another fault, no new extent
    EXPECT_EQ(platform.faults(), 3U);
    EXPECT_EQ(platform.extents(), 2U);
  } else {
    EXPECT_EQ(platform.extents(), 4U);
  }
  EXPECT_TRUE(space.unmap(at, 4 * align));
}

TEST_P(Mappings, KeepTheOpenFile) {
  const auto lock_of_another = [&] { return ::flock(platform.open(O_RDWR).get(), LOCK_EX | LOCK_NB); };
  ASSERT_EQ(::flock(fd.get(), LOCK_EX), 0);
  char* at = map(2 * align);
  char* second = map(align);
  char* others = nullptr;
  {
    const UniqueFd other = platform.open(O_RDWR);
    auto mapped = space.map(*platform.device, other.get(), nullptr, align, kRw, MAP_SHARED, 0);
    ASSERT_TRUE(mapped);
    others = static_cast<char*>(*mapped);
  }
  fd.reset();
  EXPECT_EQ(lock_of_another(), -1);
  ASSERT_TRUE(space.unmap(at, align));
  ASSERT_TRUE(space.unmap(second, align));
  EXPECT_EQ(lock_of_another(), -1); // half of the first is left
  ASSERT_TRUE(space.unmap(others, align));
  EXPECT_EQ(lock_of_another(), -1); // another open file's
  ASSERT_TRUE(space.unmap(at + align, align));
  EXPECT_EQ(lock_of_another(), 0);
}

TEST_P(Mappings, BeyondTheEndIsSigbus) {
  const std::uint64_t size = platform.device->size.load();
  char* at = map(size + align);
  at[size - 1] = 1;
  EXPECT_TRUE(bus::on_touch(at + size + 17));
  EXPECT_EQ(bus::info.si_code, BUS_ADRERR);
  EXPECT_EQ(bus::info.si_addr, at + size + 17);
  struct stat st {};
  ::fstat(platform.bytes.get(), &st);
  EXPECT_EQ(static_cast<std::uint64_t>(st.st_size), size); // hugetlbfs would have grown it
}

TEST_P(Mappings, KernelModeTouchesWork) {
  char* at = map(2 * align);
  UniqueFd zero(::open("/dev/zero", O_RDONLY));
  ASSERT_EQ(::read(zero.get(), at + align, 100), 100); // into an untouched extent
  if (counts_touches) {
    EXPECT_EQ(platform.extents(), 1U);
  }
  if (align > kPageSize) { // hugetlb and shmem both: nothing behind the page that was written is in the way
    EXPECT_EQ(at[align + kPageSize], 0);
  }
}

TEST_P(Mappings, APipeTakesWhatIsPresentAndOnlyWritable) {
  if (!counts_touches) {
    return; // whom the kernel serves needs nothing made present
  }
  char* place = map(3 * align);
  place[0] = 'x';
  ASSERT_TRUE(space.protect(place, align, PROT_WRITE));
  EXPECT_FALSE(space.pretouch(place, 2 * align, PROT_READ));
  EXPECT_EQ(platform.extents(), 1U);
  EXPECT_TRUE(space.pretouch(place, 2 * align, PROT_READ | kPresentDoes));
  EXPECT_EQ(platform.extents(), 2U);
  ASSERT_TRUE(space.protect(place + 2 * align, align, PROT_WRITE)); // which nobody touched
  EXPECT_FALSE(space.pretouch(place, 3 * align, PROT_READ | kPresentDoes));
  EXPECT_EQ(platform.extents(), 2U);
}

TEST_P(Mappings, PartialChangesRespectExtents) {
  char* at = map(4 * align);
  if (align > kPageSize) {
    EXPECT_EQ(space.unmap(at, kPageSize).error(), Errno{EINVAL});
    EXPECT_EQ(space.unmap(at + kPageSize, align - kPageSize).error(), Errno{EINVAL});
    EXPECT_EQ(space.protect(at + kPageSize, align, PROT_READ).error(), Errno{EINVAL});
    EXPECT_TRUE(space.protect(at + kPageSize, align, kRw)); // no change, so no split
  }
  ASSERT_TRUE(space.protect(at + align, align, PROT_READ));
  EXPECT_EQ(space.find(at + align)->prot, static_cast<std::uint32_t>(PROT_READ));
  EXPECT_EQ(space.find(at)->prot, static_cast<std::uint32_t>(kRw));
  ASSERT_TRUE(space.unmap(at + 2 * align, align));
  EXPECT_FALSE(space.find(at + 2 * align));
  at[3 * align] = 3;
  EXPECT_EQ(space.find(at + 3 * align)->offset.value(), 3 * align);
  EXPECT_TRUE(space.overlaps(at, 4 * align));
  ASSERT_TRUE(space.unmap(at, 4 * align));
  EXPECT_FALSE(space.overlaps(at, 4 * align));
}

TEST_P(Mappings, MisalignedOnesAreRefusedOrFindTheExtentsStart) {
  if (align == kPageSize) {
    GTEST_SUCCEED(); // every page boundary is an extent's
    return;
  }
  const auto try_map = [&](void* hint, std::uint64_t length, int flags, std::uint64_t offset) {
    auto mapped = space.map(*platform.device, fd.get(), hint, length, kRw, flags, offset);
    return mapped ? 0 : mapped.error().value;
  };
  EXPECT_EQ(try_map(nullptr, align + kPageSize, MAP_SHARED, 0), EINVAL);
  EXPECT_EQ(try_map(nullptr, align, MAP_PRIVATE, 0), EINVAL);
  char* free_area = map(4 * align);
  ASSERT_TRUE(space.unmap(free_area, 4 * align));
  EXPECT_EQ(try_map(free_area + kPageSize, align, MAP_SHARED, 0), EINVAL);
  // The entry of an extent cannot begin inside it (guest; sequences, odd-file-offset).
  auto odd = space.map(*platform.device, fd.get(), free_area, align, kRw, MAP_SHARED, align + kPageSize);
  ASSERT_TRUE(odd) << odd.error().value;
  EXPECT_EQ(*odd, free_area);
  EXPECT_FALSE(bus::on_touch(free_area));
  static_cast<char*>(*odd)[kPageSize] = 9;
  EXPECT_EQ(map(align, align)[kPageSize], 9);
  // From inside the last extent on there is no whole one.
  const std::uint64_t last = platform.device->size.load() - align;
  auto beyond = space.map(*platform.device, fd.get(), free_area + 2 * align, align, kRw, MAP_SHARED, last + kPageSize);
  ASSERT_TRUE(beyond) << beyond.error().value;
  EXPECT_TRUE(bus::on_touch(static_cast<char*>(*beyond)));
}

TEST_P(Mappings, FixedOnesReplace) {
  char* at = map(4 * align);
  at[align] = 7;
  char* moved = map(align, align, MAP_SHARED | MAP_FIXED, at + 2 * align);
  EXPECT_EQ(moved, at + 2 * align);
  EXPECT_EQ(moved[0], 7);
  auto taken = space.map(*platform.device, fd.get(), at, align, kRw, MAP_SHARED | MAP_FIXED_NOREPLACE, 0);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error(), Errno{EEXIST});
  auto foreign = space.map_foreign(at + align, align, kRw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  ASSERT_TRUE(foreign);
  EXPECT_FALSE(space.find(at + align));
  EXPECT_EQ(at[align], 0);
  if (align > kPageSize) {
    EXPECT_EQ(space.map_foreign(at, kPageSize, kRw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0).error(),
              Errno{ENOMEM});
  }
}

TEST_P(Mappings, ReadOnlyDescriptorsStayReadOnly) {
  const UniqueFd reader = platform.open(O_RDONLY);
  EXPECT_EQ(space.map(*platform.device, reader.get(), nullptr, align, kRw, MAP_SHARED, 0).error(), Errno{EACCES});
  auto mapped = space.map(*platform.device, reader.get(), nullptr, align, PROT_READ, MAP_SHARED, 0);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(*static_cast<char*>(*mapped), 0);
  EXPECT_EQ(space.protect(*mapped, align, kRw).error(), Errno{EACCES});
}

TEST_P(Mappings, PopulateTouchesEveryExtent) {
  map(3 * align, 0, MAP_SHARED | MAP_POPULATE);
  EXPECT_EQ(platform.extents(), 3U);
}

TEST_P(Mappings, OfADisabledDeviceAreRefused) {
  platform.device->state = store::DeviceState::disabled;
  EXPECT_EQ(space.map(*platform.device, fd.get(), nullptr, align, kRw, MAP_SHARED, 0).error(), Errno{ENXIO});
}

TEST_P(Mappings, PoisonedExtentsAreSigbus) {
  auto folios = mm::FolioTable::open(platform.device->folios_location.c_str(), kExtents);
  ASSERT_TRUE(folios);
  (*folios)[ExtentIndex(2)].flags.fetch_or(mm::kFolioHwpoison);
  char* at = map(4 * align);
  at[align] = 1;
  EXPECT_TRUE(bus::on_touch(at + 2 * align + 5));
  at[3 * align] = 1;
}

TEST_P(Mappings, UnbindingTakesTheExtentsAway) {
  char* at = map(4 * align);
  at[0] = 1;
  platform.device->state = store::DeviceState::disabled;
  platform.device->incarnation.fetch_add(1);
  store::await_followers(*platform.store, store::announce(platform.store->platform()));
  EXPECT_TRUE(bus::on_touch(at));
  EXPECT_TRUE(bus::on_touch(at + align));
  platform.device->state = store::DeviceState::enabled;
  char* again = map(align);
  EXPECT_EQ(again[0], 1); // the data survives
  EXPECT_TRUE(space.unmap(at, 4 * align));
}

TEST_P(Mappings, PoisonReachesWhatIsMappedAlready) {
  char* at = map(4 * align);
  at[0] = 1;
  at[2 * align] = 1;
  auto folios = mm::FolioTable::open(platform.device->folios_location.c_str(), kExtents);
  ASSERT_TRUE(folios);
  (*folios)[ExtentIndex(2)].flags.fetch_or(mm::kFolioHwpoison);
  store::await_followers(*platform.store, store::announce(platform.store->platform()));
  EXPECT_TRUE(bus::on_touch(at + 2 * align + 9));
  EXPECT_EQ(space.poison_at(at + 2 * align + 9).address, at + 2 * align);
  EXPECT_EQ(space.poison_at(at + 2 * align + 9).lsb, static_cast<short>(log2_of(align)));
  EXPECT_EQ(space.poison_at(at).address, nullptr);
  EXPECT_EQ(at[0], 1);
}

// What one mapping gives up is still there in another, where poison has to find it.
TEST_P(Mappings, PoisonReachesWhatASecondMappingShows) {
  char* one = map(4 * align);
  char* two = map(4 * align);
  for (const std::uint64_t extent : {0, 1, 2, 3}) {
    one[extent * align] = 1;
    EXPECT_EQ(two[extent * align], 1);
  }
  ASSERT_TRUE(space.unmap(one, 2 * align));
  PoisonHit hit;
  ASSERT_TRUE(space.advise(one + 2 * align, align, MADV_DONTNEED, &hit));
  auto folios = mm::FolioTable::open(platform.device->folios_location.c_str(), kExtents);
  ASSERT_TRUE(folios);
  (*folios)[ExtentIndex(1)].flags.fetch_or(mm::kFolioHwpoison);
  (*folios)[ExtentIndex(2)].flags.fetch_or(mm::kFolioHwpoison);
  store::await_followers(*platform.store, store::announce(platform.store->platform()));
  EXPECT_FALSE(bus::on_touch(two));
  EXPECT_TRUE(bus::on_touch(two + align));
  EXPECT_TRUE(bus::on_touch(two + 2 * align));
  EXPECT_FALSE(bus::on_touch(two + 3 * align));
  ASSERT_TRUE(space.unmap(two, 4 * align));
}

TEST_P(Mappings, ChildrenGoOnWithTheirOwnEngine) {
  char* at = map(4 * align);
  at[0] = 1;
  const std::uint64_t before = platform.faults();
  space.before_fork();
  const pid_t child = ::fork();
  if (child == 0) {
    space.after_fork_in_child();
    at[1] = static_cast<char>(at[0] + 1);
    at[align] = 3;
    UniqueFd zero(::open("/dev/zero", O_RDONLY));
    const bool read = ::read(zero.get(), at + 2 * align, 10) == 10;
    ::_exit(read && space.engine() == GetParam().engine ? 7 : 1);
  }
  space.after_fork_in_parent();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_EQ(at[1], 2);
  if (counts_touches) {
    EXPECT_EQ(platform.faults(), before + 3);
    EXPECT_EQ(platform.extents(), 3U);
  }
  EXPECT_EQ(at[align], 3);
}

TEST_P(Mappings, DontneedKeepsTheDataAndDropsTheExtent) {
  char* at = map(4 * align);
  at[5] = 1;
  PoisonHit hit;
  ASSERT_TRUE(space.advise(at, kPageSize, MADV_DONTNEED, &hit));
  if (counts_touches) {
    unsigned char core[2] = {9, 9};
    ASSERT_TRUE(space.in_core(at, kPageSize, core));
    EXPECT_EQ(core[0], 0);
    EXPECT_EQ(at[5], 1);
    EXPECT_EQ(platform.faults(), 2U);
    ASSERT_TRUE(space.in_core(at, kPageSize, core));
    EXPECT_EQ(core[0], 1);
  } else {
    EXPECT_EQ(at[5], 1);
  }
}

TEST_P(Mappings, MremapMovesGrowsAndShrinks) {
  char* at = map(2 * align);
  at[0] = 1;
  at[align] = 2;
  auto shrunk = space.remap(at, 2 * align, align, 0, nullptr);
  ASSERT_TRUE(shrunk);
  EXPECT_EQ(*shrunk, at);
  EXPECT_FALSE(space.find(at + align));
  auto grown = space.remap(at, align, 3 * align, MREMAP_MAYMOVE, nullptr);
  ASSERT_TRUE(grown) << grown.error().value;
  char* now = static_cast<char*>(*grown);
  EXPECT_EQ(now[0], 1);
  EXPECT_EQ(now[align], 2);
  char* target = map(4 * align);
  auto moved = space.remap(now, 3 * align, 3 * align, MREMAP_MAYMOVE | MREMAP_FIXED, target);
  ASSERT_TRUE(moved);
  EXPECT_EQ(*moved, target);
  EXPECT_FALSE(space.find(now));
  EXPECT_EQ(target[align], 2);
}

TEST_P(Mappings, MremapBeyondTheAddressSpaceChangesNothing) {
  char* at = map(2 * align);
  at[0] = 1;
  void* top = reinterpret_cast<void*>(~std::uint64_t{0} & ~(align - 1));
  EXPECT_EQ(space.remap(at, align, 2 * align, MREMAP_MAYMOVE | MREMAP_FIXED, top).error(), Errno{EINVAL});
  EXPECT_EQ(space.remap(at, align, ~std::size_t{0} - align, MREMAP_MAYMOVE | MREMAP_FIXED, at).error(), Errno{EINVAL});
  EXPECT_TRUE(space.find(at) && space.find(at + align));
  EXPECT_EQ(at[0], 1);
}

TEST_P(Mappings, MsyncAndMlockAnswerAsDeviceDax) {
  char* at = map(2 * align);
  EXPECT_EQ(space.sync(at, align, MS_SYNC).error(), Errno{EINVAL});
  EXPECT_TRUE(space.sync(at, align, MS_ASYNC));
  EXPECT_TRUE(space.lock_memory(at, align, 0));
  EXPECT_EQ(space.lock_memory(at, 2 * align, 8).error(), Errno{EINVAL});
  if (counts_touches) {
    EXPECT_EQ(platform.extents(), 1U); // populated, as any mlock
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Mappings,
    ::testing::Values(Kind{"hugetlb_2M_handler", kPmdSize, BackingKind::hugetlb, EngineKind::handler},
                      Kind{"shmem_2M_handler", kPmdSize, BackingKind::shmem, EngineKind::handler},
                      Kind{"shmem_4K_handler", kPageSize, BackingKind::shmem, EngineKind::handler},
                      Kind{"hugetlb_2M_populate", kPmdSize, BackingKind::hugetlb, EngineKind::populate},
                      Kind{"shmem_2M_populate", kPmdSize, BackingKind::shmem, EngineKind::populate}),
    [](const auto& kind) { return kind.param.name; });

} // namespace
} // namespace daxemu::fault
