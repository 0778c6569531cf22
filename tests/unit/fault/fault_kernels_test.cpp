// What madvise(2) and mremap(2) of a device do otherwise from kernel to kernel: each row of the table as an answer.
#include "emu/base/units.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kAlign = kPmdSize;
constexpr int kPopulateWrite = 23; // newer than the C library's headers
constexpr int kMove = MREMAP_MAYMOVE | MREMAP_FIXED;

class Kernels : public ::testing::TestWithParam<KernelId> {
protected:
  TestPlatform& platform = *new TestPlatform(8 * kAlign, kAlign, store::BackingKind::shmem, store::EngineKind::handler);
  AddressSpace& space = *new AddressSpace(*platform.store);
  UniqueFd fd = platform.open(O_RDWR);
  const Profile& kernel = profile_of(GetParam());
  char* stretch = nullptr; // of addresses with nothing in it

  void SetUp() override {
    platform.store->platform().kernel = GetParam();
    // Far below where the kernel puts what asks for no address, such as our own threads.
    void* taken =
        ::mmap(reinterpret_cast<void*>(0x200000000000), 17 * kAlign, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(taken, MAP_FAILED);
    ASSERT_EQ(::munmap(taken, 17 * kAlign), 0);
    stretch = reinterpret_cast<char*>(align_up(reinterpret_cast<std::uint64_t>(taken), kAlign));
  }
  // Extents of the device, or memory of others, at that extent of the stretch.
  char* map(int at, int extents, std::uint64_t offset = 0) {
    auto mapped = space.map(*platform.device, fd.get(), stretch + at * kAlign, extents * kAlign, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_FIXED_NOREPLACE, offset);
    EXPECT_TRUE(mapped) << mapped.error().value;
    return mapped ? static_cast<char*>(*mapped) : nullptr;
  }
  char* map_others(int at, int extents) {
    void* mapped = ::mmap(stretch + at * kAlign, extents * kAlign, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT_NE(mapped, MAP_FAILED);
    return static_cast<char*>(mapped);
  }
  Result<void*> remap(int from, int old_extents, int extents, int flags, int to) {
    return space.remap(stretch + from * kAlign, old_extents * kAlign, extents * kAlign, flags, stretch + to * kAlign);
  }
  bool is_ours(int at) { return space.find(stretch + at * kAlign).has_value(); }
};

TEST_P(Kernels, PopulateGoesOnBehindAHoleOrNot) {
  map(0, 1);
  map(2, 1, kAlign);
  PoisonHit hit;
  EXPECT_EQ(space.advise(stretch, 3 * kAlign, kPopulateWrite, &hit).error(), Errno{ENOMEM});
  EXPECT_EQ(platform.extents(), kernel.populate_ends_at_hole ? 1U : 2U);
}

TEST_P(Kernels, PopulateSaysWhatItMeetsFirst) {
  map(1, 1);
  ASSERT_TRUE(space.protect(stretch + kAlign, kAlign, PROT_READ));
  PoisonHit hit;
  EXPECT_EQ(space.advise(stretch, 2 * kAlign, kPopulateWrite, &hit).error(),
            Errno{kernel.populate_ends_at_hole ? ENOMEM : EINVAL});
}

TEST_P(Kernels, MremapLooksAtItsParametersOrAtTheMappingFirst) {
  map(4, 1);
  EXPECT_EQ(remap(0, 1, 1, kMove, 0).error(), Errno{kernel.mremap_checks_first ? EINVAL : EFAULT});
  EXPECT_EQ(remap(0, 1, 2, kMove, 4).error(), Errno{EFAULT});
  EXPECT_TRUE(is_ours(4));
}

TEST_P(Kernels, ARefusedMremapHasUnmappedItsTargetOrNot) {
  map(0, 1);
  map(4, 2, 2 * kAlign);
  EXPECT_EQ(remap(0, 2, 1, kMove, 4).has_value(), true); // what is cut off may be nothing
  EXPECT_EQ(remap(5, 2, 3, kMove, 8).error(), Errno{EFAULT});
  map(8, 2, 4 * kAlign);
  EXPECT_EQ(remap(5, 2, 3, kMove, 8).error(), Errno{EFAULT});
  EXPECT_EQ(is_ours(8), kernel.mremap_checks_first);
}

TEST_P(Kernels, ARefusedMremapOfOthersMemoryHasToo) {
  map(12, 1); // so that the calls are ours to answer
  map_others(0, 1)[0] = 'a';
  map_others(4, 1);
  EXPECT_EQ(remap(0, 0, 1, kMove, 4).error(), Errno{EINVAL}); // only what is shared can be duplicated
  EXPECT_EQ(stretch[0], 'a');
  EXPECT_EQ(::msync(stretch + 4 * kAlign, kAlign, MS_ASYNC) == 0, kernel.mremap_checks_first);
}

TEST_P(Kernels, MremapMovesOthersMemoryOfSeveralMappingsOrNot) {
  map(12, 1); // so that the calls are ours to answer
  map_others(0, 1)[0] = 'a';
  map_others(2, 1)[0] = 'b';
  map(6, 1, kAlign);
  auto moved = remap(0, 3, 3, kMove, 4);
  if (!kernel.mremap_moves_several) {
    EXPECT_EQ(moved.error(), Errno{EFAULT});
    EXPECT_FALSE(is_ours(6)); // was unmapped first
    EXPECT_EQ(stretch[0], 'a');
    return;
  }
  ASSERT_TRUE(moved);
  EXPECT_EQ(*moved, stretch + 4 * kAlign);
  EXPECT_EQ(stretch[4 * kAlign], 'a');
  EXPECT_EQ(stretch[6 * kAlign], 'b');
  EXPECT_FALSE(is_ours(6));
}

TEST_P(Kernels, MremapMovesADevicesMappingOnlyByItself) {
  map_others(0, 1)[0] = 'a';
  map(1, 1);
  EXPECT_EQ(remap(0, 2, 2, kMove, 4).error(), Errno{EFAULT});
  EXPECT_TRUE(is_ours(1));
  if (kernel.mremap_moves_several) {
    EXPECT_EQ(stretch[4 * kAlign], 'a'); // what came before it has moved
  } else {
    EXPECT_EQ(stretch[0], 'a');
  }
  EXPECT_EQ(remap(1, 2, 2, kMove, 8).error(), Errno{EFAULT}); // beyond its end
  EXPECT_TRUE(remap(1, 1, 1, kMove, 8));
  EXPECT_TRUE(is_ours(8));
}

TEST_P(Kernels, WhatIsSealedStaysOrCannotBe) {
  map(0, 3);
  if (!kernel.has_mseal) {
    EXPECT_EQ(space.seal(stretch, 3 * kAlign, 0).error(), Errno{ENOSYS});
    return;
  }
  EXPECT_EQ(space.seal(stretch, 3 * kAlign, 1).error(), Errno{EINVAL});
  EXPECT_EQ(space.seal(stretch, 4 * kAlign, 0).error(), Errno{ENOMEM}); // a hole, and nothing is sealed
  ASSERT_TRUE(space.seal(stretch + kAlign, kAlign, 0));
  EXPECT_EQ(space.unmap(stretch, 3 * kAlign).error(), Errno{EPERM});
  EXPECT_EQ(space.unmap(stretch + kAlign, kAlign / 2).error(), Errno{EPERM}); // before EINVAL
  EXPECT_EQ(space.protect(stretch, 3 * kAlign, PROT_READ).error(), Errno{EPERM});
  EXPECT_EQ(space.find(stretch)->prot, static_cast<std::uint32_t>(PROT_READ)); // what lies before has changed
  EXPECT_EQ(space.find(stretch + kAlign)->prot, static_cast<std::uint32_t>(PROT_READ | PROT_WRITE));
  EXPECT_EQ(remap(1, 1, 1, kMove, 4).error(), Errno{EPERM});
  EXPECT_EQ(remap(0, 1, 1, kMove, 1).error(), Errno{EPERM});
  EXPECT_EQ(remap(1, 2, 2, kMove, 4).error(), Errno{kernel.mremap_moves_several ? EFAULT : EPERM});
  auto over = space.map_foreign(stretch, 3 * kAlign, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  EXPECT_EQ(over.error(), Errno{EPERM});
  EXPECT_TRUE(is_ours(0) && is_ours(1) && is_ours(2));
  EXPECT_TRUE(space.unmap(stretch, kAlign));
}

INSTANTIATE_TEST_SUITE_P(All, Kernels,
                         ::testing::Values(KernelId::linux_6_1, KernelId::linux_6_12, KernelId::linux_7_3),
                         [](const auto& kernel) {
                           std::string name(profile_of(kernel.param).name);
                           for (char& letter : name) {
                             letter = letter == '-' || letter == '.' ? '_' : letter;
                           }
                           return name;
                         });

} // namespace
} // namespace daxemu::fault
