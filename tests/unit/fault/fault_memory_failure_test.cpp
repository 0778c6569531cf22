// MADV_HWPOISON on mappings of a device: which of several is told, and what of them goes.
#include <csignal>

#include <unistd.h>

#include "emu/base/units.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kAlign = kPmdSize;
constexpr std::uint64_t kExtents = 8;

class MemoryFailure : public ::testing::Test {
protected:
  // Both live as long as the threads that look at them.
  TestPlatform& platform =
      *new TestPlatform(kExtents * kAlign, kAlign, store::BackingKind::shmem, store::EngineKind::handler);
  AddressSpace& space = *new AddressSpace(*platform.store);
  UniqueFd fd = platform.open(O_RDWR);

  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "may not inject failures";
    }
  }
  char* map(std::uint64_t extents, std::uint64_t offset, void* at = nullptr) {
    auto mapped = space.map(*platform.device, fd.get(), at, extents * kAlign, PROT_READ | PROT_WRITE,
                            MAP_SHARED | (at == nullptr ? 0 : MAP_FIXED), offset);
    EXPECT_TRUE(mapped) << mapped.error().value;
    return mapped ? static_cast<char*>(*mapped) : nullptr;
  }
  // Where the SIGBUS would say it is; nullptr: there is none.
  char* fail_at(char* at) {
    PoisonHit hit;
    EXPECT_TRUE(space.advise(at, kPageSize, MADV_HWPOISON, &hit));
    return static_cast<char*>(hit.address);
  }
  bool resident(char* at) {
    unsigned char core = 0;
    EXPECT_TRUE(space.in_core(at, kPageSize, &core));
    return core != 0;
  }
};

TEST_F(MemoryFailure, TheExtentGoesFromAllMappings) {
  char* one = map(2, 0);
  char* two = map(2, kAlign);
  one[kAlign] = two[0] = 1;
  one[0] = 1;
  EXPECT_EQ(fail_at(one + kAlign + kPageSize), one + kAlign);
  EXPECT_FALSE(resident(one + kAlign));
  EXPECT_FALSE(resident(two));
  EXPECT_TRUE(resident(one));
  EXPECT_EQ(two[0], 1);
}

TEST_F(MemoryFailure, TheMappingThatBeginsFirstInTheFileIsTold) {
  char* two = map(2, kAlign);
  char* one = map(2, 0);
  two[0] = one[kAlign] = 1;
  EXPECT_EQ(fail_at(two), one + kAlign);
}

TEST_F(MemoryFailure, OfEqualsTheOneWhoseBoundariesMovedLastIsTheLast) {
  char* one = map(2, 0);
  char* two = map(2, 0);
  one[0] = two[0] = 1;
  EXPECT_EQ(fail_at(two), one);
  ASSERT_TRUE(space.unmap(one + kAlign, kAlign));
  one[0] = two[0] = 1;
  EXPECT_EQ(fail_at(one), two);
}

TEST_F(MemoryFailure, WhatIsNotPresentIsNotTold) {
  char* one = map(1, 0);
  char* two = map(1, 0);
  two[0] = 1;
  EXPECT_EQ(fail_at(two), two);
  EXPECT_FALSE(resident(one));
}

// dax_set_mapping(): a file offset inside an extent is the page's for good, if it was touched through that one first.
TEST_F(MemoryFailure, TheFirstTouchSaysWhereThePageIs) {
  char* inside = map(1, kAlign / 2, map(1, 0));
  inside[kPageSize] = 1;
  EXPECT_EQ(fail_at(inside), inside);
  EXPECT_FALSE(resident(inside));
  char* whole = map(1, 0);
  whole[0] = inside[0] = 1;
  EXPECT_EQ(fail_at(inside), whole + kAlign / 2);
  EXPECT_FALSE(resident(inside));
  EXPECT_FALSE(resident(whole));
}

TEST_F(MemoryFailure, OfAFileOffsetInsideAnExtentNobodyIsTold) {
  char* whole = map(1, 0);
  whole[0] = 1;
  ASSERT_TRUE(space.unmap(whole, kAlign));
  char* at = map(1, kAlign / 2, map(1, 0));
  at[0] = 1;
  EXPECT_EQ(fail_at(at), nullptr);
  EXPECT_TRUE(resident(at));
}

TEST_F(MemoryFailure, OnlyWritableMemoryHasToBePresent) {
  char* at = map(2, 0);
  at[0] = 1;
  ASSERT_TRUE(space.protect(at, 2 * kAlign, PROT_WRITE));
  EXPECT_EQ(fail_at(at), at);
  PoisonHit hit;
  const auto absent = space.advise(at + kAlign, kPageSize, MADV_HWPOISON, &hit);
  EXPECT_EQ(absent.error(), Errno{EFAULT});
}

TEST_F(MemoryFailure, NothingIsNoFailure) {
  PoisonHit hit;
  EXPECT_TRUE(space.advise(map(1, 0), 0, MADV_HWPOISON, &hit));
  EXPECT_EQ(hit.address, nullptr);
}

// A driver that is gone says no when what lay there has gone already.
TEST_F(MemoryFailure, ADeadDeviceStillUnmapsWhatAMappingWouldReplace) {
  char* at = map(3, 0);
  platform.device->state = store::DeviceState::disabled;
  platform.device->incarnation.fetch_add(1);
  const auto refused = [&](char* place, std::uint64_t length) {
    auto mapped = space.map(*platform.device, fd.get(), place, length, PROT_READ, MAP_SHARED | MAP_FIXED, 0);
    return mapped ? 0 : mapped.error().value;
  };
  EXPECT_EQ(refused(at + kAlign / 2, kAlign), ENOMEM);
  EXPECT_TRUE(space.find(at + kAlign));
  EXPECT_EQ(refused(at + kAlign, kAlign), ENXIO);
  EXPECT_FALSE(space.find(at + kAlign));
  EXPECT_TRUE(space.find(at + 2 * kAlign));
}

// What could not be faulted in can be once the mapping begins and ends with extents again.
TEST_F(MemoryFailure, ARefusedCutLeavesWholeMappingsWhole) {
  char* area = map(4, 0);
  ASSERT_TRUE(space.unmap(area + 2 * kAlign, 2 * kAlign));
  auto grown = space.remap(area, 2 * kAlign, 2 * kAlign + kAlign / 2, 0, nullptr);
  ASSERT_TRUE(grown);
  EXPECT_FALSE(space.prefault(reinterpret_cast<std::uint64_t>(area), reinterpret_cast<std::uint64_t>(area) + 1));
  EXPECT_FALSE(space.unmap(area + kAlign, kPageSize)); // cut at its start, refused at its end
  EXPECT_TRUE(space.prefault(reinterpret_cast<std::uint64_t>(area), reinterpret_cast<std::uint64_t>(area) + 1));
}

} // namespace
} // namespace daxemu::fault
