// Pages, folios and the map from one to the other: arithmetic on a device's geometry.
#include "emu/mm/folio.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/mm/mm_devices.hpp"

namespace daxemu::mm {
namespace {

TEST(Page, HandleIsWhereItsStructPageWouldBe) {
  EXPECT_EQ(page_bits(pfn_to_page(Pfn(0))), kVmemmapBase);
  EXPECT_EQ(page_bits(pfn_to_page(Pfn(0x140000))) - kVmemmapBase, 0x140000U * 64);
  EXPECT_EQ(page_to_pfn(pfn_to_page(Pfn(0x140000))), Pfn(0x140000));
  EXPECT_TRUE(is_page(pfn_to_page(Pfn(kMaxPfn - 1))));
  EXPECT_FALSE(is_page(pfn_to_page(Pfn(kMaxPfn))));
  EXPECT_FALSE(is_page(nullptr));
  EXPECT_FALSE(is_page(reinterpret_cast<PagePtr>(kVmemmapBase + 8)));
}

TEST(Page, FilledArraysAreConsecutiveAndBreaksAreFound) {
  std::array<PagePtr, 700> pages{};
  fill_pages(pages.data(), pfn_to_page(Pfn(77)), pages.size());
  for (std::size_t at = 0; at < pages.size(); ++at) {
    ASSERT_EQ(page_to_pfn(pages[at]), Pfn(77 + at));
  }
  EXPECT_EQ(consecutive_pages(pages.data(), pages.size()), pages.size());
  EXPECT_EQ(consecutive_pages(pages.data(), 0), 0U);
  for (const std::size_t broken : {1U, 63U, 64U, 65U, 127U, 128U, 640U, 699U}) {
    const PagePtr whole = pages[broken];
    pages[broken] = pages[0];
    EXPECT_EQ(consecutive_pages(pages.data(), pages.size()), broken);
    pages[broken] = whole;
  }
}

// An array longer than the cache is written past it, in whole lines, from call to call: wherever it starts, each
// page is what it should be, and nothing beside the array is.
TEST(Page, LongArraysAreFilledWhereverTheyStart) {
  constexpr std::size_t kCount = 3UL << 16;
  constexpr std::size_t kCache = 512UL << 10;
  std::vector<PagePtr> room(kCount + 24);
  for (std::size_t skip = 8; skip < 16; ++skip) {
    for (const std::size_t batch : {std::size_t{512}, std::size_t{509}, std::size_t{3}, kCount}) {
      std::ranges::fill(room, nullptr);
      const std::span<PagePtr> pages = std::span(room).subspan(skip, kCount);
      for (std::size_t at = 0; at < kCount; at += batch) {
        fill_pages(&pages[at], pfn_to_page(Pfn(at)), std::min(batch, kCount - at), kCache);
      }
      EXPECT_EQ(std::ranges::count(room, nullptr), 24) << skip << " " << batch;
      EXPECT_EQ(room[skip - 1], nullptr);
      EXPECT_EQ(consecutive_pages(pages.data(), kCount), kCount) << skip << " " << batch;
      EXPECT_EQ(page_to_pfn(pages[0]), Pfn(0));
    }
  }
}

class Orders : public testing::TestWithParam<unsigned> {};

TEST_P(Orders, EveryPageFindsItsHead) {
  const unsigned order = GetParam();
  const std::uint64_t each = 1ULL << order;
  constexpr std::uint64_t kFirst = 0x40'0000; // 16 GiB, aligned to every order
  MemMap map;
  auto device = device_at(kFirst, order, 3);
  ASSERT_TRUE(map.add(device));
  for (std::uint64_t folio = 0; folio < 3; ++folio) {
    const Pfn head(kFirst + folio * each);
    for (const std::uint64_t in : {std::uint64_t{0}, each / 2, each - 1}) {
      const PagePtr page = pfn_to_page(head + in);
      EXPECT_EQ(compound_head(map, page), pfn_to_page(head));
      const auto found = page_folio(map, page);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->extent(), ExtentIndex(folio));
      EXPECT_EQ(found->order(), order);
      EXPECT_EQ(found->nr_pages(), each);
      EXPECT_EQ(found->page(), pfn_to_page(head));
      EXPECT_EQ(found->ref_count(), 1U);
    }
  }
  EXPECT_FALSE(page_folio(map, pfn_to_page(Pfn(kFirst - 1))));
  EXPECT_FALSE(page_folio(map, pfn_to_page(Pfn(kFirst + 3 * each))));
}
INSTANTIATE_TEST_SUITE_P(Mm, Orders, testing::Values(0U, 1U, 2U, 4U, 9U, 13U, 18U));

TEST(Folio, MaybeDmaPinnedIsExactOnlyForLargeFolios) {
  struct Row {
    unsigned order;
    std::uint32_t gets;
    std::uint32_t pins;
    bool pinned;
    const char* why;
  };
  const Row rows[] = {
      {9, 0, 0, false, "idle"},
      {9, 5000, 0, false, "references are no pins: _pincount decides (folio_maybe_dma_pinned)"},
      {9, 0, 1, true, "one pin"},
      {0, 0, 0, false, "idle"},
      {0, 1022, 0, false, "with the pgmap's own reference 1023: below the bias"},
      {0, 1023, 0, true, "1024 references look like a pin: the kernel's documented false positive"},
      {0, 0, 1, true, "one pin is 1024 references (GUP_PIN_COUNTING_BIAS)"},
  };
  for (const Row& row : rows) {
    auto device = device_at(0x40'0000, row.order, 1);
    const Folio folio = folio_of(*device, ExtentIndex(0)).value();
    ASSERT_TRUE(add_counts(folio.record(), counts_for(row.order, row.gets, row.pins)));
    EXPECT_EQ(folio.maybe_dma_pinned(), row.pinned) << row.why;
  }
}

TEST(Folio, IndexMappingAndFlagsAreTheFoliosOwn) {
  auto device = device_at(0x40'0000, 9, 2);
  const Folio first = folio_of(*device, ExtentIndex(0)).value();
  const Folio second = folio_of(*device, ExtentIndex(1)).value();
  second.set_mapping(42, 512);
  second.record().flags |= kFolioHwpoison | kFolioDirty;
  EXPECT_EQ(first.mapping(), 0U);
  EXPECT_FALSE(first.hwpoison());
  EXPECT_EQ(second.mapping(), 42U);
  EXPECT_EQ(second.index(), 512U);
  EXPECT_TRUE(second.hwpoison());
  EXPECT_TRUE(second.dirty());
  EXPECT_EQ(folio_of(*device, ExtentIndex(2)).error(), Errno{ENXIO});
}

TEST(Folio, PrivateMemoryCountsFromZero) {
  const UniqueFd file = folio_file(1);
  auto device = device_at(0x40'0000, 0, 1, file.get(), false);
  EXPECT_EQ(folio_of(*device, ExtentIndex(0))->ref_count(), 0U);
}

TEST(DevicePages, TwoRangesAreOneDevice) {
  const UniqueFd file = folio_file(4);
  DevicePages::Spec spec;
  spec.order = 9;
  spec.ranges = {{Pfn(0x80'0000), 1024, 1024}, {Pfn(0x40'0000), 1024, 0}};
  spec.folios = FolioTable::map(file.get(), 4).value();
  auto device = DevicePages::make(std::move(spec));
  ASSERT_TRUE(device) << device.error().what;
  EXPECT_EQ((*device)->folio_count(), 4U);
  EXPECT_EQ((*device)->pgoff_of(Pfn(0x80'0000 + 513)), 1537U);
  EXPECT_EQ((*device)->pgoff_of(Pfn(0x40'0000 + 1024)), std::nullopt);
  const auto run = (*device)->run_at(1000);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->first, Pfn(0x40'0000 + 1000));
  EXPECT_EQ(run->nr_pages, 24U);
  EXPECT_EQ((*device)->run_at(2048).error(), Errno{ENXIO});
}

TEST(DevicePages, BadGeometryIsRefusedWithAReason) {
  struct Row {
    const char* says;
    unsigned order;
    std::vector<PfnRange> ranges;
    std::uint64_t folios;
  };
  const Row rows[] = {
      {"no range", 9, {}, 1},
      {"larger than 1G", 19, {{Pfn(0), 1ULL << 19, 0}}, 1},
      {"not made of whole folios", 9, {{Pfn(1), 512, 0}}, 1},
      {"not made of whole folios", 9, {{Pfn(512), 513, 0}}, 2},
      {"not made of whole folios", 9, {{Pfn(512), 0, 0}}, 1},
      {"does not follow", 9, {{Pfn(512), 512, 512}}, 2},
      {"overlaps", 9, {{Pfn(0), 1024, 0}, {Pfn(512), 512, 1024}}, 3},
      {"the ranges need 2", 9, {{Pfn(0), 1024, 0}}, 1},
      {"48 physical address bits", 9, {{Pfn(kMaxPfn), 512, 0}}, 1},
  };
  for (const Row& row : rows) {
    const UniqueFd file = folio_file(row.folios);
    DevicePages::Spec spec;
    spec.order = row.order;
    spec.ranges = row.ranges;
    spec.folios = FolioTable::map(file.get(), row.folios).value();
    auto made = DevicePages::make(std::move(spec));
    ASSERT_FALSE(made) << row.says;
    EXPECT_EQ(made.error().code, EINVAL);
    EXPECT_NE(made.error().what.find(row.says), std::string::npos) << made.error().what;
    EXPECT_FALSE(made.error().remedy.empty());
  }
}

TEST(MemMap, OverlapIsRefusedAndRemovalLeavesTheOthers) {
  MemMap map;
  auto first = device_at(0x40'0000, 9, 2);
  auto second = device_at(0x40'0400, 0, 8);
  ASSERT_TRUE(map.add(first));
  EXPECT_EQ(map.add(device_at(0x40'0200, 9, 4)).error(), Errno{EEXIST});
  ASSERT_TRUE(map.add(second));
  EXPECT_EQ(map.find(Pfn(0x40'03ff)), first.get());
  EXPECT_EQ(map.find(Pfn(0x40'0400)), second.get());
  map.remove(*first);
  EXPECT_EQ(map.find(Pfn(0x40'03ff)), nullptr);
  EXPECT_EQ(map.find(Pfn(0x40'0407)), second.get());
  EXPECT_EQ(first.use_count(), 3); // ours, and the snapshots that readers may still look at
  map.collect();
  EXPECT_EQ(first.use_count(), 1);
}

TEST(FolioTable, OnlyTouchedPiecesAreListed) {
  constexpr std::uint64_t kExtents = 1 << 20;
  const UniqueFd file = folio_file(kExtents);
  auto table = FolioTable::map(file.get(), kExtents);
  ASSERT_TRUE(table);
  EXPECT_TRUE(table->touched(file.get())->empty());
  (*table)[ExtentIndex(5)].counts = 1;
  (*table)[ExtentIndex(kExtents - 1)].counts = 1;
  const auto pieces = table->touched(file.get());
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 2U);
  EXPECT_LE((*pieces)[0].first, 5U);
  EXPECT_GT((*pieces)[0].last, 5U);
  EXPECT_EQ((*pieces)[1].last, kExtents);
  EXPECT_GT((*pieces)[1].first, kExtents - 100);
}

} // namespace
} // namespace daxemu::mm
