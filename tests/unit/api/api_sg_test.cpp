// Scatter lists: pinned as they are filled, mapped for a bus master, released.
#include <array>
#include <cstdint>
#include <cstring>

#include <gtest/gtest.h>

#include <daxemu/daxemu.hpp>

namespace {

constexpr std::size_t kExtent = 2U << 20;
constexpr std::size_t kPage = 4096;
constexpr unsigned kFlags = DAXEMU_FOLL_WRITE | DAXEMU_FOLL_LONGTERM;

class ApiSg : public testing::Test {
protected:
  static daxemu::DeviceOptions options() {
    daxemu::DeviceOptions options;
    options.size = 4 * kExtent;
    options.mode = "emulate";
    return options;
  }
  void SetUp() override {
    platform_.use();
    daxemu::checked(daxemu_bus_master_create(true, &master_));
  }
  void TearDown() override {
    daxemu_bus_master_destroy(master_);
    EXPECT_EQ(pins(0) + pins(1) + pins(2) + pins(3), 0);
    EXPECT_EQ(daxemu_bad_releases(), bad_);
  }
  [[nodiscard]] int pins(std::size_t extent) const {
    return daxemu_folio_pincount(
        daxemu_page_folio(daxemu_pfn_to_page(device_.first_pfn() + extent * (kExtent / kPage))));
  }
  [[nodiscard]] daxemu_iov_iter iter(std::size_t offset, std::size_t count) const {
    return {mapping_.address() + offset, count};
  }

  daxemu::Platform platform_;
  daxemu::Device device_{platform_, options()};
  daxemu::Mapping mapping_{device_.map(4 * kExtent)};
  daxemu_bus_master* master_ = nullptr;
  std::array<daxemu_scatterlist, 8> entries_{};
  daxemu_sg_table table_{entries_.data(), 0, 8};
  unsigned long bad_ = daxemu_bad_releases();
};

TEST_F(ApiSg, OneEntryIsAsLongAsItsFramesAreConsecutive) {
  daxemu_iov_iter where = iter(100, 3 * kExtent);
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, 3 * kExtent, &table_, 0, kFlags), static_cast<ssize_t>(3 * kExtent));
  EXPECT_EQ(where.count, 0U);
  EXPECT_EQ(where.address, mapping_.address() + 100 + 3 * kExtent);
  ASSERT_EQ(table_.nents, 1U);
  EXPECT_EQ(daxemu_page_to_pfn(entries_[0].page), device_.first_pfn());
  EXPECT_EQ(entries_[0].offset, 100U);
  EXPECT_EQ(entries_[0].length, 3 * kExtent);
  EXPECT_EQ(pins(0), 512);
  EXPECT_EQ(pins(3), 1) << "the last 100 bytes";
  daxemu_unpin_sg(&table_, true);
  EXPECT_EQ(table_.nents, 0U);
  EXPECT_TRUE(daxemu_folio_test_dirty(daxemu_page_folio(entries_[0].page)));
}

TEST_F(ApiSg, ASegmentsLimitSplitsAndAFullTableGoesOnLater) {
  daxemu_iov_iter where = iter(kPage + 10, kExtent);
  constexpr std::size_t kSegment = 64 * kPage;
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, kExtent, &table_, kSegment, kFlags),
            static_cast<ssize_t>(8 * kSegment - 10));
  ASSERT_EQ(table_.nents, 8U);
  EXPECT_EQ(entries_[0].length, kSegment - 10) << "it ends where a page does";
  EXPECT_EQ(entries_[7].length, kSegment);
  EXPECT_EQ(where.count, 10U);
  EXPECT_EQ(pins(0), 511);
  EXPECT_EQ(pins(1), 1);
  EXPECT_EQ(daxemu_extract_iter_to_sg(&where, kExtent, &table_, kSegment, kFlags), 0) << "no entry is left";
  daxemu_unpin_sg(&table_, false);
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, kExtent, &table_, kSegment, kFlags), 10);
  EXPECT_EQ(entries_[0].length, 10U);
  daxemu_unpin_sg(&table_, false);
}

TEST_F(ApiSg, WhatGoesOnWhereTheLastEntryEndsMakesItLonger) {
  daxemu_iov_iter where = iter(kExtent, 6 * kPage + 5);
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, 2 * kPage, &table_, 0, kFlags), static_cast<ssize_t>(2 * kPage));
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, 2 * kPage, &table_, 0, kFlags), static_cast<ssize_t>(2 * kPage));
  EXPECT_EQ(table_.nents, 1U);
  EXPECT_EQ(entries_[0].length, 4 * kPage);
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, kPage + 5, &table_, 0, kFlags), static_cast<ssize_t>(kPage + 5));
  EXPECT_EQ(entries_[0].length, 5 * kPage + 5);
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, kPage, &table_, 0, kFlags), static_cast<ssize_t>(kPage));
  ASSERT_EQ(table_.nents, 2U) << "within a page: it is pinned once more";
  EXPECT_EQ(entries_[1].offset, 5U);
  EXPECT_EQ(pins(1), 6 + 2);
  daxemu_unpin_sg(&table_, false);
}

// Two devices whose frames are neighbours.
TEST_F(ApiSg, TwoDevicesAreTwoEntries) {
  const daxemu::Device next(platform_, options());
  ASSERT_EQ(next.first_pfn(), device_.first_pfn() + 4 * kExtent / kPage);
  const daxemu::Mapping behind = next.map(kExtent); // addresses are given from above
  const daxemu::Mapping before = device_.map(kExtent, 3 * kExtent);
  daxemu_iov_iter where{before.address() + kExtent - kPage, kPage};
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, kPage, &table_, 0, kFlags), static_cast<ssize_t>(kPage));
  where = {behind.address(), 2 * kPage};
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, 2 * kPage, &table_, 0, kFlags), static_cast<ssize_t>(2 * kPage));
  EXPECT_EQ(table_.nents, 2U);
  EXPECT_EQ(entries_[0].length, kPage);
  daxemu_unpin_sg(&table_, false);
  if (before.address() + kExtent == behind.address()) { // one run of frames, too
    where = {before.address() + kExtent - kPage - 1, 2 * kPage};
    ASSERT_EQ(daxemu_extract_iter_to_sg(&where, 2 * kPage, &table_, 0, kFlags), static_cast<ssize_t>(2 * kPage));
    EXPECT_EQ(table_.nents, 2U);
    EXPECT_EQ(entries_[0].length, kPage + 1);
    daxemu_unpin_sg(&table_, false);
  }
}
TEST_F(ApiSg, RefusalsAreThePinsOwn) {
  daxemu_iov_iter where = iter(0, kPage);
  EXPECT_EQ(daxemu_extract_iter_to_sg(&where, kPage, &table_, 100, kFlags), -EINVAL);
  EXPECT_EQ(daxemu_extract_iter_to_sg(&where, kPage, &table_, 0, DAXEMU_FOLL_GET), -EINVAL);
  EXPECT_EQ(daxemu_extract_iter_to_sg(&where, 0, &table_, 0, kFlags), 0);
  daxemu_iov_iter nowhere{1UL << 46, kPage};
  EXPECT_EQ(daxemu_extract_iter_to_sg(&nowhere, kPage, &table_, 0, kFlags), -EFAULT);
  for (const std::size_t count : {SIZE_MAX, SIZE_MAX - 4095, SIZE_MAX - mapping_.address(), SIZE_MAX / 2}) {
    daxemu_iov_iter endless = iter(5, count);
    EXPECT_EQ(daxemu_extract_iter_to_sg(&endless, SIZE_MAX, &table_, 0, kFlags), -EFAULT) << count;
    EXPECT_EQ(endless.count, count);
  }
  EXPECT_EQ(table_.nents, 0U);
  EXPECT_EQ(where.count, kPage);
  // It stops at what has failed, and the next call says so.
  device_.poison(2 * kExtent);
  where = iter(kExtent, 2 * kExtent);
  EXPECT_EQ(daxemu_extract_iter_to_sg(&where, 2 * kExtent, &table_, 0, kFlags), static_cast<ssize_t>(kExtent));
  EXPECT_EQ(daxemu_extract_iter_to_sg(&where, 2 * kExtent, &table_, 0, kFlags), -EHWPOISON);
  EXPECT_EQ(where.count, kExtent);
  daxemu_unpin_sg(&table_, false);
  device_.heal(2 * kExtent);
}

TEST_F(ApiSg, ABusMasterWorksThroughIt) {
  daxemu_iov_iter where = iter(3000, 300'000);
  ASSERT_EQ(daxemu_extract_iter_to_sg(&where, 300'000, &table_, 16 * kPage, kFlags), 300'000);
  ASSERT_EQ(daxemu_dma_map_sg(master_, &table_, DAXEMU_DMA_FROM_DEVICE), 0);
  std::vector<unsigned char> sent(300'000);
  for (std::size_t at = 0; at < sent.size(); ++at) {
    sent[at] = static_cast<unsigned char>(at * 7 + at / 251);
  }
  std::size_t done = 0;
  for (unsigned at = 0; at < table_.nents; ++at) {
    const daxemu_scatterlist& entry = entries_[at];
    ASSERT_EQ(daxemu_dma_write(master_, entry.dma_address, sent.data() + done, entry.length), 0) << at;
    done += entry.length;
  }
  EXPECT_EQ(done, sent.size());
  EXPECT_EQ(std::memcmp(mapping_.bytes() + 3000, sent.data(), sent.size()), 0);
  unsigned char byte = 0;
  const std::uint64_t bus = entries_[0].dma_address;
  EXPECT_EQ(daxemu_dma_read(master_, bus, &byte, 1), -EACCES) << "the other direction";
  daxemu_dma_unmap_sg(master_, &table_);
  EXPECT_EQ(daxemu_dma_write(master_, bus, &byte, 1), -EFAULT);
  daxemu_unpin_sg(&table_, false);
  table_.nents = 1;
  entries_[0].length = 0;
  EXPECT_EQ(daxemu_dma_map_sg(master_, &table_, DAXEMU_DMA_BIDIRECTIONAL), -EINVAL);
  table_.nents = 0;
}

TEST_F(ApiSg, TheObjectCleansUpBehindItself) {
  {
    daxemu::ScatterList list(mapping_.bytes() + 1, 4 * kExtent - 1, kFlags, kExtent / 64);
    EXPECT_EQ(list.bytes(), 4 * kExtent - 1);
    EXPECT_EQ(list.entries().size(), 256U) << "more than one call's";
    list.map(master_);
    std::array<unsigned char, 3> bytes{1, 2, 3};
    EXPECT_EQ(daxemu_dma_write(master_, list.entries()[255].dma_address, bytes.data(), bytes.size()), 0);
    EXPECT_EQ(mapping_.bytes()[4 * kExtent - kExtent / 64 + 2], 3);
    EXPECT_EQ(pins(3), 512);
  }
  EXPECT_EQ(pins(3), 0);
  EXPECT_THROW(daxemu::ScatterList(reinterpret_cast<void*>(1UL << 46), kPage), daxemu::Error);
}

} // namespace
