// Extents on small pages that leave the userfaultfd when they are touched: how many holes in it a process may have.
#include <fstream>

#include "emu/base/units.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

using store::BackingKind;

// What is unmapped piece by piece of one hole is one hole for as long as any of it is left: else a program that does so
// gets more holes than the process has mappings for, and its own mmap(2) fails in the end.
TEST(Holes, AreCountedAsTheyAre) {
  std::ifstream file("/proc/sys/vm/max_map_count");
  std::uint64_t budget = 0;
  file >> budget;
  budget /= 8;
  if (budget == 0 || budget > 16'384) {
    GTEST_SKIP() << "so many mappings take long to make";
  }
  constexpr std::uint64_t kRun = 64;
  const MappedWhole whole(kRun + 2 * budget + 64, kPmdSize, BackingKind::shmem);
  ASSERT_TRUE(whole.bytes != nullptr);
  PoisonHit hit;
  ASSERT_TRUE(whole.space.advise(whole.bytes, (kRun + 2 * budget + 64) * kPmdSize, MADV_RANDOM, &hit));
  std::uint64_t next = kRun + 2;
  const auto faults_of_two_pages = [&] {
    const std::uint64_t before = whole.platform.faults();
    whole.bytes[next * kPmdSize] = 1;
    whole.bytes[next * kPmdSize + kPageSize] = 1;
    next += 2;
    return whole.platform.faults() - before;
  };
  for (std::uint64_t at = 0; at < kRun; ++at) {
    whole.bytes[at * kPmdSize] = 1;
  }
  for (std::uint64_t holes = 1; holes < budget; ++holes) {
    ASSERT_EQ(faults_of_two_pages(), 1U) << holes;
  }
  EXPECT_EQ(faults_of_two_pages(), 2U);                // page by page
  for (std::uint64_t at = 0; at + 2 < kRun; at += 2) { // from its start, and in its middle
    ASSERT_TRUE(whole.space.unmap(whole.bytes + at * kPmdSize, kPmdSize));
  }
  EXPECT_EQ(faults_of_two_pages(), 2U);
  ASSERT_TRUE(whole.space.unmap(whole.bytes, (kRun + 2) * kPmdSize));
  EXPECT_EQ(faults_of_two_pages(), 2U); // in place of the one that was past the budget
}

} // namespace
} // namespace daxemu::fault
