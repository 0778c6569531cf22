// What pins do beyond the flags: counts, partial success, errors in the middle, lifetime, other processes.
#include <numeric>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/gup/gup.hpp"
#include "emu/gup/ledger.hpp"
#include "tests/unit/gup/gup_table_view.hpp"

namespace daxemu::gup {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kStart = 1ULL << 40;
constexpr std::uint64_t kExtent = 512; // pages

class Pins : public testing::Test {
protected:
  mm::MemMap map_;
  pgmap::Device device_{map_, pgmap::kIdealDax, 9, 8, {}};
  TableView view_;
  TableView::Vma& vma_{view_.add(kStart, device_.pages, 8 * kExtent)};
  Gup gup_{map_};
  std::vector<mm::PagePtr> pages_ = std::vector<mm::PagePtr>(8 * kExtent);

  [[nodiscard]] mm::FolioCounts counts(std::uint64_t extent) const {
    return mm::counts_of(device_.folio(extent).record());
  }
  [[nodiscard]] static std::uint64_t at(std::uint64_t page) { return kStart + (page << kPageShift); }
  auto pin(std::uint64_t page, std::uint64_t nr_pages, std::uint32_t flags = FOLL_WRITE) {
    return gup_.pin_user_pages_fast(view_, at(page), nr_pages, flags, pages_.data(), {.tid = 5});
  }
};

TEST_F(Pins, TheHeadIsCountedOncePerGroupOfPages) {
  ASSERT_EQ(pin(100, 1000), 1000U);
  EXPECT_EQ(counts(0).pins, 412U);
  EXPECT_EQ(counts(1).pins, 512U);
  EXPECT_EQ(counts(2).pins, 76U);
  EXPECT_EQ(counts(2).refs, 76U);
  for (std::uint64_t page = 0; page < 1000; ++page) {
    ASSERT_EQ(mm::page_to_pfn(pages_[page]), Pfn(pgmap::kFirstPfn + 100 + page));
  }
  ASSERT_TRUE(gup_.unpin_user_pages(pages_.data(), 1000));
  EXPECT_EQ(counts(0).refs + counts(1).refs + counts(2).refs, 0U);
}

TEST_F(Pins, ReleaseOrderDoesNotMatter) {
  ASSERT_EQ(pin(0, 1024), 1024U);
  std::vector<mm::PagePtr> shuffled(pages_.begin(), pages_.begin() + 1024);
  for (std::size_t at = 0; at < shuffled.size(); ++at) {
    std::swap(shuffled[at], shuffled[(at * 577 + 13) % shuffled.size()]);
  }
  ASSERT_TRUE(gup_.unpin_user_pages(shuffled.data(), 700));
  EXPECT_EQ(counts(0).pins + counts(1).pins, 324U);
  ASSERT_TRUE(gup_.unpin_user_pages(shuffled.data() + 700, 324));
  EXPECT_EQ(counts(0).refs + counts(1).refs, 0U);
}

TEST_F(Pins, AFailureBehindTheFirstPageIsAPartialSuccess) {
  struct Row {
    const char* what;
    std::uint64_t start; // page
    std::uint64_t wanted;
    std::uint64_t got;
    int error; // when got is 0
  };
  TableView::populate(vma_);
  device_.folio(5).record().flags |= mm::kFolioHwpoison;
  vma_.state[5] = TableView::absent; // memory_failure() unmaps it
  const Row rows[] = {
      {"up to the poisoned extent", 4 * kExtent + 10, 1000, kExtent - 10, 0},
      {"in the poisoned extent", 5 * kExtent, 1, 0, EHWPOISON},
      {"up to the end of the VMA", 7 * kExtent + 500, 100, 12, 0},
      {"behind the VMA", 8 * kExtent, 1, 0, EFAULT},
      {"nothing asked for", 0, 0, 0, 0},
  };
  for (const Row& row : rows) {
    const auto got = pin(row.start, row.wanted);
    if (row.error != 0) {
      ASSERT_FALSE(got) << row.what;
      EXPECT_EQ(got.error(), Errno{row.error}) << row.what;
      continue;
    }
    ASSERT_EQ(got, row.got) << row.what;
    EXPECT_TRUE(gup_.unpin_user_pages(pages_.data(), row.got));
  }
  EXPECT_EQ(gup_.get_user_pages(view_, 1ULL << 60, 1, 0, pages_.data()).error(), Errno{EFAULT}) << "access_ok";
  EXPECT_EQ(gup_.get_user_pages(view_, kStart, 1ULL << 52, 0, pages_.data()).error(), Errno{EFAULT}) << "access_ok";
}

TEST_F(Pins, AnUnalignedStartMeansItsPage) {
  ASSERT_EQ(gup_.get_user_pages(view_, kStart + 5000, 1, 0, pages_.data()), 1U);
  EXPECT_EQ(mm::page_to_pfn(pages_[0]), Pfn(pgmap::kFirstPfn + 1));
  EXPECT_TRUE(gup_.put_pages(pages_.data(), 1));
}

TEST_F(Pins, WithoutAnArrayPagesAreOnlyFaultedIn) {
  EXPECT_EQ(gup_.get_user_pages(view_, at(0), 3 * kExtent, FOLL_WRITE, nullptr), 3 * kExtent);
  EXPECT_EQ(view_.faults, 3) << "one fault per extent";
  EXPECT_EQ(counts(0).refs, 0U);
  EXPECT_EQ(device_.folio(2).index(), 2 * kExtent) << "dax_set_mapping";
}

TEST_F(Pins, PinsOutliveTheMapping) {
  ASSERT_EQ(pin(0, kExtent), kExtent);
  view_.unmap(vma_);
  EXPECT_EQ(pin(0, 1).error(), Errno{EFAULT});
  EXPECT_EQ(counts(0).pins, kExtent);
  EXPECT_TRUE(gup_.unpin_user_pages(pages_.data(), kExtent));
}

TEST_F(Pins, ADyingDeviceRefusesAndWaits) {
  TableView::populate(vma_);
  ASSERT_EQ(pin(0, 1), 1U);
  device_.pgmap->kill();
  EXPECT_EQ(pin(kExtent, 1).error(), Errno{EFAULT}) << "get_dev_pagemap finds none, the fault is SIGBUS";
  EXPECT_EQ(gup_.get_user_pages(view_, at(kExtent), 1, 0, pages_.data() + 1).error(), Errno{EFAULT});
  EXPECT_FALSE(device_.pgmap->wait_dead(2ms));
  EXPECT_TRUE(gup_.unpin_user_pages(pages_.data(), 1));
  EXPECT_TRUE(device_.pgmap->wait_dead(1s));
}

TEST_F(Pins, AFullCountIsENOMEMAndNothingIsTaken) {
  TableView::populate(vma_);
  device_.folio(1).record().counts = mm::pack_counts({mm::kMaxCount - 100, 0});
  EXPECT_EQ(pin(kExtent, 200).error(), Errno{ENOMEM});
  EXPECT_EQ(pin(0, 2 * kExtent), kExtent) << "the extent before it is a partial success";
  EXPECT_EQ(counts(1).refs, mm::kMaxCount - 100);
  EXPECT_GE(device_.pages->folios().control().refused.load(), 2U);
  EXPECT_TRUE(gup_.unpin_user_pages(pages_.data(), kExtent));
}

TEST_F(Pins, ReleasingWhatIsNotHeldIsReportedAndTheRestReleased) {
  ASSERT_EQ(pin(0, 2), 2U);
  const std::vector<mm::PagePtr> wrong = {pages_[0], mm::pfn_to_page(Pfn(pgmap::kFirstPfn + kExtent)), pages_[1]};
  EXPECT_EQ(gup_.unpin_user_pages(wrong.data(), wrong.size()).error(), Errno{ERANGE});
  EXPECT_EQ(counts(0).refs, 0U);
  EXPECT_EQ(counts(1).refs, 0U);
  EXPECT_EQ(gup_.unpin_user_pages(pages_.data(), 1).error(), Errno{ERANGE});
  const mm::PagePtr foreign = mm::pfn_to_page(Pfn(7));
  EXPECT_EQ(gup_.unpin_user_pages(&foreign, 1).error(), Errno{EINVAL});
  ASSERT_EQ(gup_.get_user_pages(view_, at(0), 1, 0, pages_.data()), 1U);
  EXPECT_EQ(gup_.unpin_user_pages(pages_.data(), 1).error(), Errno{ERANGE}) << "it is a reference, not a pin";
  EXPECT_TRUE(gup_.put_pages(pages_.data(), 1));
}

TEST_F(Pins, DirtyingFormsMarkTheFolio) {
  ASSERT_EQ(pin(0, 3 * kExtent), 3 * kExtent);
  EXPECT_TRUE(gup_.unpin_user_pages_dirty_lock(pages_.data(), kExtent, true));
  EXPECT_TRUE(gup_.unpin_user_pages_dirty_lock(pages_.data() + kExtent, kExtent, false));
  EXPECT_TRUE(gup_.unpin_user_page_range_dirty_lock(pages_[2 * kExtent], kExtent, true));
  EXPECT_TRUE(device_.folio(0).dirty());
  EXPECT_FALSE(device_.folio(1).dirty());
  EXPECT_TRUE(device_.folio(2).dirty());
}

TEST_F(Pins, FolioRangesNeedNoEntryPerPage) {
  std::array<PageRange, 4> ranges{};
  const auto pinned = gup_.pin_user_folios(view_, at(5), 8 * kExtent - 5, FOLL_WRITE | FOLL_LONGTERM, ranges);
  ASSERT_TRUE(pinned);
  EXPECT_EQ(pinned->nr_pages, 8 * kExtent - 5);
  ASSERT_EQ(pinned->nr_ranges, 1U) << "one device range is one run of pages";
  EXPECT_EQ(mm::page_to_pfn(ranges[0].first), Pfn(pgmap::kFirstPfn + 5));
  EXPECT_EQ(counts(0).pins, kExtent - 5);
  EXPECT_EQ(counts(7).pins, kExtent);
  EXPECT_TRUE(gup_.unpin_user_folios({ranges.data(), 1}, true));
  EXPECT_EQ(counts(0).refs + counts(7).refs, 0U);
}

TEST_F(Pins, UnpinFoliosTakesOnePinOfEach) {
  ASSERT_EQ(pin(0, 2 * kExtent), 2 * kExtent);
  const std::array<mm::PagePtr, 2> heads = {pages_[0], pages_[kExtent]};
  EXPECT_TRUE(gup_.unpin_folios(heads.data(), heads.size()));
  EXPECT_EQ(counts(0).pins, kExtent - 1);
  EXPECT_EQ(counts(1).pins, kExtent - 1);
}

TEST(PinsOfRanges, ADeviceOfTwoRangesGivesTwoRuns) {
  const UniqueFd file = mm::folio_file(4);
  mm::MemMap map;
  mm::DevicePages::Spec spec;
  spec.order = 9;
  spec.ranges = {{Pfn(0x40'0000), 1024, 0}, {Pfn(0x80'0000), 1024, 1024}};
  spec.folios = mm::FolioTable::map(file.get(), 4).value();
  auto pages = mm::DevicePages::make(std::move(spec)).value();
  auto pgmap = pgmap::DevPagemap::memremap_pages(map, {pages, pgmap::kIdealDax, nullptr, {}}).value();
  TableView view;
  view.add(kStart, pages, 2048);
  Gup gup(map);
  std::array<PageRange, 4> ranges{};
  const auto pinned = gup.pin_user_folios(view, kStart, 2048, 0, ranges);
  ASSERT_TRUE(pinned);
  ASSERT_EQ(pinned->nr_ranges, 2U);
  EXPECT_EQ(mm::page_to_pfn(ranges[1].first), Pfn(0x80'0000));
  EXPECT_TRUE(gup.unpin_user_folios({ranges.data(), 2}, false));
  // Room for one run only: a partial success.
  const auto one = gup.pin_user_folios(view, kStart, 2048, 0, {ranges.data(), 1});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->nr_pages, 1024U);
  EXPECT_TRUE(gup.unpin_user_folios({ranges.data(), 1}, false));
  EXPECT_EQ(pages->folios()[ExtentIndex(3)].counts.load(), 0U);
}

TEST(PinsOfCoherent, OneThatCannotMoveGivesTheWholeBatchBack) {
  pgmap::CountedOps counted;
  mm::MemMap map;
  const pgmap::Device device(map, pgmap::type_named("COHERENT_6_1"), 0, 4, counted.ops());
  TableView view;
  view.ram = mm::device_at(0x1000'0000, 0, 4);
  ASSERT_TRUE(map.add(view.ram));
  auto& vma = view.add(kStart, device.pages, 4);
  TableView::populate(vma);
  Gup gup(map);
  std::array<mm::PagePtr, 4> pages{};
  ASSERT_EQ(gup.get_user_pages(view, kStart + 2 * kPageSize, 1, 0, pages.data()), 1U) << "a short reference is fine";
  EXPECT_EQ(mm::page_to_pfn(pages[0]), Pfn(pgmap::kFirstPfn + 2));
  std::array<mm::PagePtr, 4> longterm{};
  EXPECT_EQ(gup.pin_user_pages(view, kStart, 4, FOLL_LONGTERM, longterm.data()).error(), Errno{EBUSY});
  for (std::uint64_t page = 0; page < 4; ++page) {
    EXPECT_EQ(view.ram->folios()[ExtentIndex(page)].counts.load(), 0U) << "check_and_migrate_movable_pages unpins all";
  }
  ASSERT_TRUE(gup.put_pages(pages.data(), 1));
  EXPECT_EQ(gup.pin_user_pages(view, kStart, 4, FOLL_LONGTERM, longterm.data()), 4U);
  EXPECT_EQ(mm::page_to_pfn(longterm[3]), Pfn(0x1000'0003));
  EXPECT_TRUE(gup.unpin_user_pages(longterm.data(), 4));
}

TEST_F(Pins, AnotherProcesssMemoryIsPinnedThroughItsView) {
  TableView remote;
  remote.add(kStart * 2, device_.pages, kExtent, 3 * kExtent);
  EXPECT_EQ(gup_.pin_user_pages(remote, kStart * 2, kExtent, FOLL_WRITE | FOLL_LONGTERM, pages_.data()), kExtent);
  EXPECT_EQ(counts(3).pins, kExtent);
  EXPECT_TRUE(gup_.unpin_user_pages(pages_.data(), kExtent));
}

TEST_F(Pins, TheLedgerSaysWhoHoldsWhatAndForgetsTheDead) {
  ASSERT_EQ(pin(0, kExtent, FOLL_WRITE | FOLL_LONGTERM), kExtent);
  const pid_t child = ::fork();
  if (child == 0) {
    forget_holds(map_);
    (void)pin(3 * kExtent, 2 * kExtent);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  auto entries = ledger(map_);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].hold.pid, ::getpid());
  EXPECT_EQ((*entries)[0].hold.tid, 5);
  EXPECT_TRUE((*entries)[0].hold.longterm);
  EXPECT_EQ((*entries)[1].hold.pid, child);
  EXPECT_EQ((*entries)[1].hold.first, ExtentIndex(3));
  EXPECT_EQ((*entries)[1].hold.folios, 2U);
  int released = 0;
  EXPECT_EQ(reap_dead(map_, [&](const LedgerEntry& entry) { released += entry.hold.pid == child ? 1 : 0; }), 2U);
  EXPECT_EQ(released, 2);
  EXPECT_EQ(ledger(map_)->size(), 1U);
  EXPECT_EQ(counts(3).refs, 0U);
  EXPECT_TRUE(gup_.unpin_user_pages(pages_.data(), kExtent));
}

} // namespace
} // namespace daxemu::gup
