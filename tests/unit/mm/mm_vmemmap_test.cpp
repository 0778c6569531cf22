// What struct pages cost: the kernel's numbers, and daxemu's own.
#include "emu/mm/vmemmap.hpp"

#include <gtest/gtest.h>

#include "tests/unit/mm/mm_devices.hpp"

namespace daxemu::mm {
namespace {

constexpr std::uint64_t kG = 1ULL << 30;
constexpr std::uint64_t kT = 1ULL << 40;

TEST(Vmemmap, CostOfADevice) {
  struct Row {
    std::uint64_t size;
    unsigned order;
    std::uint64_t plain;
    std::uint64_t dedup;
    std::uint64_t pages_each;
    std::uint64_t kept_each;
    const char* fact;
  };
  const Row rows[] = {
      {kT, 9, 16 * kG, 4 * kG, 8, 2, "6 of 8 saved at 2M (vmemmap_dedup.rst, Device DAX)"},
      {kT, 18, 16 * kG, 1024 * 2 * 4096, 4096, 2, "4094 of 4096 saved at 1G"},
      {kT, 0, 16 * kG, 16 * kG, 0, 0, "vmemmap_shift 0: nothing to share (__populate_section_memmap)"},
      {kG, 7, 16ULL << 20, 16ULL << 20, 2, 2, "2 pages describe the folio already (vmemmap_can_optimize)"},
      {kG, 8, 16ULL << 20, 8ULL << 20, 4, 2, "2 of 4"},
      {2ULL << 20, 9, 8 * 4096, 2 * 4096, 8, 2, "a single extent"},
  };
  for (const Row& row : rows) {
    const auto cost = vmemmap_cost(row.size, row.order);
    ASSERT_TRUE(cost);
    EXPECT_EQ(cost->plain, row.plain) << row.fact;
    EXPECT_EQ(cost->dedup, row.dedup) << row.fact;
    EXPECT_EQ(cost->altmap, row.plain) << "an altmap is not deduplicated";
    EXPECT_EQ(cost->pages_each, row.pages_each) << row.fact;
    EXPECT_EQ(cost->kept_each, row.kept_each) << row.fact;
  }
  EXPECT_EQ(vmemmap_cost((2ULL << 20) + 4096, 9).error(), Errno{EINVAL});
  EXPECT_EQ(vmemmap_cost(0, 0).error(), Errno{EINVAL});
}

TEST(Vmemmap, DaxemuSpends64BytesPerTouchedExtentAndNothingBefore) {
  constexpr std::uint64_t kExtents = kT / (2ULL << 20);
  const UniqueFd file = folio_file(kExtents);
  auto table = FolioTable::map(file.get(), kExtents);
  ASSERT_TRUE(table);
  EXPECT_EQ(folio_file_resident(file.get()), 0U);
  for (std::uint64_t extent = 0; extent < 4096; ++extent) {
    (*table)[ExtentIndex(extent)].flags |= kFolioTouched;
  }
  EXPECT_EQ(folio_file_resident(file.get()), 4096U * 64);
  EXPECT_LE(vmemmap_cost(kT, 9)->daxemu_most, kExtents * 64 + (64 << 10));
}

} // namespace
} // namespace daxemu::mm
