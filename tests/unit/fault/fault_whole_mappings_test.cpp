// What happens to mappings as a whole: their device goes and comes back, they get a policy, everything gets locked.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>

#include "emu/base/units.hpp"
#include "emu/store/generation.hpp"
#include "tests/unit/fault/fault_bus.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

using store::EngineKind;

class WholeMappings : public ::testing::TestWithParam<EngineKind> {
protected:
  static constexpr std::uint64_t kAlign = kPmdSize;
  // Both live as long as the threads that look at them.
  TestPlatform& platform = *new TestPlatform(8 * kAlign, kAlign, store::BackingKind::shmem, GetParam());
  AddressSpace& space = *new AddressSpace(*platform.store);
  UniqueFd fd = platform.open(O_RDWR);

  char* map(std::uint64_t length, std::uint64_t offset = 0) {
    auto mapped = space.map(*platform.device, fd.get(), nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
    EXPECT_TRUE(mapped) << mapped.error().value;
    return mapped ? static_cast<char*>(*mapped) : nullptr;
  }
  void change(store::DeviceState state) {
    platform.device->state = state;
    if (state == store::DeviceState::disabled) {
      platform.device->incarnation.fetch_add(1);
    }
    store::await_followers(*platform.store, store::announce(platform.store->platform()));
  }
  // Whether Linux has locked any of these bytes (VM_LOCKED is "lo"). VmLck will not do: the heap's growing and
  // shrinking is in it.
  static bool locked(const char* from, std::uint64_t length) {
    const auto start = reinterpret_cast<std::uint64_t>(from);
    std::ifstream maps("/proc/self/smaps");
    bool within = false;
    std::uint64_t seen = 0;
    for (std::string line; std::getline(maps, line);) {
      std::uint64_t begin = 0;
      std::uint64_t end = 0;
      if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " ", &begin, &end) == 2) {
        within = begin < start + length && end > start;
        seen += within ? std::min(end, start + length) - std::max(begin, start) : 0;
      } else if (within && line.rfind("VmFlags:", 0) == 0 && line.find(" lo") != std::string::npos) {
        return true;
      }
    }
    EXPECT_EQ(seen, length);
    return false;
  }
};

TEST_P(WholeMappings, ComeBackWithTheSameDeviceOnly) {
  char* at = map(4 * kAlign);
  at[0] = 1;
  change(store::DeviceState::disabled);
  EXPECT_TRUE(bus::on_touch(at));
  EXPECT_TRUE(space.unmap(at + kAlign, kAlign));
  change(store::DeviceState::enabled);
  EXPECT_EQ(at[0], 1);
  at[2 * kAlign] = 2; // not touched before
  EXPECT_EQ(map(4 * kAlign)[2 * kAlign], 2);
  change(store::DeviceState::disabled);
  platform.device->born += 2; // another one, in the same record
  change(store::DeviceState::enabled);
  EXPECT_TRUE(bus::on_touch(at));
  EXPECT_TRUE(bus::on_touch(at + 2 * kAlign));
}

TEST_P(WholeMappings, SplitAndMergeByTheirPolicies) {
  constexpr std::uint32_t kOne = 5;
  constexpr std::uint32_t kOther = 7;
  char* at = map(4 * kAlign);
  const auto start = reinterpret_cast<std::uint64_t>(at);
  EXPECT_TRUE(space.check_policy(at + kAlign, kAlign, kOne));
  space.note_policy(at + kAlign, kAlign, kOne);
  const auto middle = space.mapping_in(start + kAlign, start + kAlign + 1);
  ASSERT_TRUE(middle);
  EXPECT_EQ(middle->start, start + kAlign);
  EXPECT_EQ(middle->end, start + 2 * kAlign);
  EXPECT_EQ(middle->policy, kOne);
  EXPECT_TRUE(space.check_policy(at + kAlign + kPageSize, kPageSize, kOne)); // what it has already cuts nothing
  EXPECT_EQ(space.check_policy(at + kAlign + kPageSize, kPageSize, kOther).error(), Errno{EINVAL});
  space.note_policy(at, 4 * kAlign, kOne);
  const auto whole = space.mapping_in(start, start + 1);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->end, start + 4 * kAlign);
  at[kAlign] = 1;
}

TEST_P(WholeMappings, AreFaultedInButNotLockedByMlockall) {
  map(kAlign); // what we map for ourselves is there now
  if (::mlockall(MCL_FUTURE) != 0) {
    GTEST_SKIP() << "may not lock memory";
  }
  space.locked_all(MCL_FUTURE);
  const std::uint64_t touched = platform.extents();
  void* ours = ::mmap(nullptr, kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_TRUE(locked(static_cast<char*>(ours), kPageSize)); // what is not a device's is
  ::munmap(ours, kPageSize);
  EXPECT_FALSE(locked(map(2 * kAlign, 2 * kAlign), 2 * kAlign));
  EXPECT_EQ(platform.extents(), touched + 2);
  ::munlockall();
  space.locked_all(0);
  map(kAlign, 5 * kAlign);
  EXPECT_EQ(platform.extents(), touched + (GetParam() == EngineKind::populate ? 3 : 2));
}

INSTANTIATE_TEST_SUITE_P(Engines, WholeMappings, ::testing::Values(EngineKind::handler, EngineKind::populate));

} // namespace
} // namespace daxemu::fault
