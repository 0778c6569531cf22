// The emulated bus master: what it reaches, and what it is told when it must not.
#include "emu/gup/dma.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include "emu/gup/gup.hpp"
#include "emu/pgmap/memory_failure.hpp"
#include "tests/unit/gup/gup_table_view.hpp"

namespace daxemu::gup {
namespace {

constexpr std::uint64_t kStart = 1ULL << 40;
constexpr std::uint64_t kFolios = 4;

class Dma : public testing::Test {
protected:
  Dma() {
    mm::DevicePages::Spec spec;
    spec.order = 2;
    spec.ranges = {{Pfn(0x1000), 8, 0}, {Pfn(0x2000), 8, 8}};
    spec.folios = mm::FolioTable::map(file_.get(), kFolios).value();
    spec.direct_map = bytes_.data();
    pages_ = mm::DevicePages::make(std::move(spec)).value();
    pgmap_ = pgmap::DevPagemap::memremap_pages(map_, {pages_, pgmap::kIdealDax, nullptr, {}}).value();
    vma_ = &view_.add(kStart, pages_, 16);
  }
  mm::PagePtr pin(std::uint64_t page, std::uint64_t nr_pages) {
    std::vector<mm::PagePtr> got(nr_pages);
    EXPECT_EQ(gup_.pin_user_pages(view_, kStart + page * kPageSize, nr_pages, FOLL_WRITE | FOLL_LONGTERM, got.data()),
              nr_pages);
    return got[0];
  }
  int write_error(const Iommu& iommu, std::uint64_t bus_address) {
    const std::byte one{1};
    const auto written = BusMaster(map_, iommu).write(bus_address, {&one, 1});
    return written ? 0 : written.error().code;
  }

  std::vector<std::byte> bytes_ = std::vector<std::byte>(16 * kPageSize);
  UniqueFd file_ = mm::folio_file(kFolios);
  mm::MemMap map_;
  std::shared_ptr<mm::DevicePages> pages_;
  std::unique_ptr<pgmap::DevPagemap> pgmap_;
  TableView view_;
  TableView::Vma* vma_ = nullptr;
  Gup gup_{map_};
};

TEST_F(Dma, MovesBytesByPhysicalAddressAndMarksDirty) {
  const Iommu iommu(Iommu::Mode::identity);
  const BusMaster master(map_, iommu);
  pin(0, 8);
  std::vector<std::byte> sent(2 * kPageSize + 100, std::byte{0x5a});
  const std::uint64_t bus = (0x1000ULL << kPageShift) + 3 * kPageSize + 50;
  view_.unmap(*vma_); // the process's mapping may go: the pin holds
  ASSERT_TRUE(master.write(bus, sent));
  EXPECT_EQ(std::memcmp(bytes_.data() + 3 * kPageSize + 50, sent.data(), sent.size()), 0);
  std::vector<std::byte> received(sent.size());
  ASSERT_TRUE(master.read(bus, received));
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(mm::folio_of(*pages_, ExtentIndex(0))->dirty());
  EXPECT_TRUE(mm::folio_of(*pages_, ExtentIndex(1))->dirty());
  EXPECT_FALSE(mm::folio_of(*pages_, ExtentIndex(2))->dirty());
}

TEST_F(Dma, AReadLeavesFoliosClean) {
  const Iommu iommu(Iommu::Mode::identity);
  pin(0, 1);
  std::array<std::byte, 8> into{};
  ASSERT_TRUE(BusMaster(map_, iommu).read(0x1000ULL << kPageShift, into));
  EXPECT_FALSE(mm::folio_of(*pages_, ExtentIndex(0))->dirty());
}

TEST_F(Dma, FaultsSayWhat) {
  Iommu identity(Iommu::Mode::identity);
  EXPECT_EQ(write_error(identity, 0x1000ULL << kPageShift), EPERM) << "nobody has pinned it";
  EXPECT_EQ(write_error(identity, 0x900ULL << kPageShift), EFAULT) << "no device there";
  const mm::PagePtr first = pin(0, 4);
  EXPECT_EQ(write_error(identity, 0x1000ULL << kPageShift), 0);
  EXPECT_EQ(write_error(identity, 0x1004ULL << kPageShift), EPERM) << "the next folio is not pinned";

  Iommu iommu(Iommu::Mode::translating);
  EXPECT_EQ(write_error(iommu, 0x1000ULL << kPageShift), EFAULT) << "the IOMMU knows no such address";
  const auto reading = iommu.map(first, 4, DmaDirection::to_device);
  const auto both = iommu.map(first, 4, DmaDirection::bidirectional);
  ASSERT_TRUE(reading && both);
  EXPECT_EQ(write_error(iommu, *reading), EACCES);
  EXPECT_EQ(write_error(iommu, *both + 3 * kPageSize), 0);
  EXPECT_EQ(write_error(iommu, *both + 4 * kPageSize), EFAULT) << "behind the window";
  ASSERT_TRUE(iommu.unmap(*both));
  EXPECT_EQ(write_error(iommu, *both), EFAULT) << "a stale address";
  EXPECT_EQ(iommu.unmap(*both).error(), Errno{ENOENT});
  EXPECT_EQ(iommu.map(nullptr, 1, DmaDirection::to_device).error(), Errno{EINVAL});
}

TEST_F(Dma, APartialTransferStopsAtTheFault) {
  const Iommu iommu(Iommu::Mode::identity);
  pin(0, 4);
  const std::vector<std::byte> sent(6 * kPageSize, std::byte{7});
  const auto written = BusMaster(map_, iommu).write(0x1000ULL << kPageShift, sent);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, EPERM);
  EXPECT_EQ(written.error().bus_address, 0x1004ULL << kPageShift);
  EXPECT_FALSE(written.error().what.empty());
  EXPECT_EQ(bytes_[4 * kPageSize - 1], std::byte{7});
  EXPECT_EQ(bytes_[4 * kPageSize], std::byte{0});
}

TEST_F(Dma, PoisonAndDeathAreSeen) {
  const Iommu iommu(Iommu::Mode::identity);
  pin(0, 1);
  pgmap::RecordedReach reach;
  ASSERT_TRUE(pgmap::memory_failure(*pgmap_, Pfn(0x1000), reach));
  EXPECT_EQ(write_error(iommu, 0x1000ULL << kPageShift), EIO);
  pin(8, 1);
  EXPECT_EQ(write_error(iommu, 0x2000ULL << kPageShift), 0);
  pages_->folios().control().pgmap_state = static_cast<std::uint32_t>(pgmap::State::dead); // by another process
  EXPECT_EQ(write_error(iommu, 0x2000ULL << kPageShift), ENODEV);
}

TEST_F(Dma, MemoryWithoutADirectMapIsENXIO) {
  pgmap::CountedOps counted;
  const pgmap::Device device(map_, pgmap::type_named("PRIVATE_6_1"), 0, 2, counted.ops(), 0x9000);
  ASSERT_TRUE(mm::add_counts(device.folio(0).record(), mm::counts_for(0, 0, 1)));
  const Iommu iommu(Iommu::Mode::identity);
  EXPECT_EQ(write_error(iommu, 0x9000ULL << kPageShift), ENXIO);
}

TEST_F(Dma, PiecesJoinWhereTheMemoryDoes) {
  const Iommu iommu(Iommu::Mode::identity);
  const BusMaster master(map_, iommu);
  pin(0, 8);
  const auto pieces = master.pieces((0x1000ULL << kPageShift) + 10, 5 * kPageSize, DmaDirection::from_device);
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 1U);
  EXPECT_EQ((*pieces)[0].data(), bytes_.data() + 10);
  EXPECT_EQ((*pieces)[0].size(), 5 * kPageSize);
}

} // namespace
} // namespace daxemu::gup
