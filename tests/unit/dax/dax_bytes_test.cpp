// The file behind a device that is resized: bytes survive growth and changes of the extent, go with a shrink, and the
// file is empty again when its device is.
#include "emu/dax/device/device_bytes.hpp"

#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/backing/spare_files.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/mm/folio_table.hpp"

namespace daxemu::dax {
namespace {

using store::BackingKind;
using store::DeviceRecord;

struct Lab {
  explicit Lab(BackingKind wanted) {
    auto fd = sys::memfd_create("bytes-test", MFD_CLOEXEC);
    auto made = store::Store::create(UniqueFd(*fd), "lab");
    EXPECT_TRUE(made);
    store.emplace(std::move(*made));
    store->platform().backing_wanted = wanted;
    EXPECT_TRUE(add_region(*store, {.data_size = 64 << 20, .align = kPmdSize}));
    auto spares = backing::add_spare_files(*store, source);
    EXPECT_TRUE(spares);
    held = std::move(*spares);
    auto change = Change::begin(*store);
    device = create_device(*store, store->regions()[0]).value();
  }
  [[nodiscard]] Result<void> size(std::uint64_t bytes) const {
    auto change = Change::begin(*store);
    return resize(*store, *device, bytes);
  }
  [[nodiscard]] Result<void> align(std::uint64_t bytes) const {
    auto change = Change::begin(*store);
    return set_align(*store, *device, bytes);
  }
  [[nodiscard]] Mapping map() const {
    auto raw = sys::open(device->backing.location.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_TRUE(raw);
    const UniqueFd fd(*raw);
    auto bytes = Mapping::of(fd.get(), device->size.load(), PROT_READ | PROT_WRITE, MAP_SHARED);
    EXPECT_TRUE(bytes);
    return std::move(*bytes);
  }
  [[nodiscard]] std::uint64_t file_size() const {
    return static_cast<std::uint64_t>(sys::fstatat(AT_FDCWD, device->backing.location.c_str(), 0)->st_size);
  }
  std::optional<store::Store> store;
  backing::MemfdSource source;
  std::vector<UniqueFd> held;
  DeviceRecord* device = nullptr;
};

void put(const Mapping& bytes, std::uint64_t at, const char* text) {
  std::strcpy(reinterpret_cast<char*>(bytes.bytes().data() + at), text);
}
std::string get(const Mapping& bytes, std::uint64_t at) {
  return reinterpret_cast<const char*>(bytes.bytes().data() + at);
}

TEST(DeviceBytes, SurviveGrowthAndShrinkToTheirSize) {
  const Lab lab(BackingKind::shmem);
  EXPECT_EQ(lab.device->backing.kind, BackingKind::none);
  ASSERT_TRUE(lab.size(2 * kPmdSize));
  EXPECT_EQ(lab.device->backing.kind, BackingKind::shmem);
  EXPECT_EQ(lab.file_size(), 2 * kPmdSize);
  put(lab.map(), 0, "first");
  put(lab.map(), kPmdSize, "second");
  ASSERT_TRUE(lab.size(8 * kPmdSize));
  EXPECT_EQ(get(lab.map(), 0), "first");
  EXPECT_EQ(get(lab.map(), kPmdSize), "second");
  EXPECT_EQ(get(lab.map(), 7 * kPmdSize), "");
  EXPECT_TRUE(mm::FolioTable::open(lab.device->folios_location.c_str(), 8));
  ASSERT_TRUE(lab.size(kPmdSize));
  EXPECT_EQ(lab.file_size(), kPmdSize);
  ASSERT_TRUE(lab.size(2 * kPmdSize));
  EXPECT_EQ(get(lab.map(), kPmdSize), "");
}

TEST(DeviceBytes, AnEmptyDeviceHasNoneAndTheFileIsCleanForTheNext) {
  const Lab lab(BackingKind::shmem);
  ASSERT_TRUE(lab.size(kPmdSize));
  put(lab.map(), 0, "secret");
  const std::string location = lab.device->backing.location.c_str();
  ASSERT_TRUE(lab.size(0));
  EXPECT_EQ(lab.device->backing.kind, BackingKind::none);
  EXPECT_EQ(lab.device->backing.st_ino, 0U);
  EXPECT_EQ(sys::fstatat(AT_FDCWD, location.c_str(), 0)->st_size, 0);
  for (int round = 0; round < 100; ++round) { // every file has its turn
    ASSERT_TRUE(lab.size(kPmdSize));
    EXPECT_EQ(get(lab.map(), 0), "");
    put(lab.map(), 0, "secret");
    ASSERT_TRUE(lab.size(0));
  }
}

TEST(DeviceBytes, FolioRecordsStartAnewWithTheExtents) {
  const Lab lab(BackingKind::shmem);
  ASSERT_TRUE(lab.size(2 * kPmdSize));
  {
    auto folios = mm::FolioTable::open(lab.device->folios_location.c_str(), 2);
    ASSERT_TRUE(folios);
    (*folios)[ExtentIndex(1)].flags = mm::kFolioTouched;
  }
  ASSERT_TRUE(lab.align(kPageSize));
  auto folios = mm::FolioTable::open(lab.device->folios_location.c_str(), 1024);
  ASSERT_TRUE(folios);
  EXPECT_EQ((*folios)[ExtentIndex(1)].flags.load(), 0U);
}

// Needs two huge pages of 2M; the suite reserves them (python-free-scripts/with-huge-pages).
TEST(DeviceBytes, MoveBetweenHugeAndSmallPagesWithTheExtents) {
  const Lab lab(BackingKind::none);
  ASSERT_TRUE(lab.size(kPmdSize));
  if (lab.device->backing.kind != BackingKind::hugetlb) {
    GTEST_SKIP() << "no free huge page of 2M here";
  }
  put(lab.map(), kPmdSize - 100, "kept");
  ASSERT_TRUE(lab.align(kPageSize));
  EXPECT_EQ(lab.device->backing.kind, BackingKind::shmem);
  EXPECT_EQ(get(lab.map(), kPmdSize - 100), "kept");
  ASSERT_TRUE(lab.align(kPmdSize)); // shmem suits any extent: nothing moves
  EXPECT_EQ(get(lab.map(), kPmdSize - 100), "kept");
}

TEST(DeviceBytes, WithoutFilesThereIsNoRoom) {
  const Lab lab(BackingKind::shmem);
  for (store::BackingSlot& slot : lab.store->backing_slots()) {
    slot.owner = 1000;
  }
  EXPECT_EQ(lab.size(kPmdSize).error(), Errno{ENOMEM});
  EXPECT_EQ(lab.device->size.load(), 0U);
  EXPECT_EQ(lab.device->nr_ranges, 0U);
}

TEST(DeviceBytes, HugePagesAskedForAndNotThereAreAnError) {
  const Lab lab(BackingKind::hugetlb);
  for (store::BackingSlot& slot : lab.store->backing_slots()) {
    if (slot.backing.kind == BackingKind::hugetlb) {
      slot.owner = 1000;
    }
  }
  EXPECT_EQ(lab.size(kPmdSize).error(), Errno{ENOMEM});
  ASSERT_TRUE(lab.align(kPageSize)); // extents of 4K cannot be huge pages
  EXPECT_TRUE(lab.size(kPmdSize));
}

} // namespace
} // namespace daxemu::dax
