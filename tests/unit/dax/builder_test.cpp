// Regions and devices as they are added to a store: names, sizes, addresses, refusals.
#include "emu/dax/builder.hpp"

#include <filesystem>
#include <fstream>

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/base/units.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/device/extents.hpp"
#include "tests/unit/readable.hpp"

namespace daxemu::dax {
namespace {

store::Store empty_store(store::Capacity capacity = {}) {
  auto fd = sys::memfd_create("builder-test", MFD_CLOEXEC);
  EXPECT_TRUE(fd);
  auto store = store::Store::create(UniqueFd(*fd), "lab", capacity);
  EXPECT_TRUE(store);
  return std::move(*store);
}
DeviceSpec device(std::uint32_t id, std::uint64_t size, std::uint64_t align) {
  DeviceSpec spec;
  spec.name = {0, id};
  spec.size = size;
  spec.align = align;
  return spec;
}
RegionSpec region(store::RegionKind kind, std::uint64_t size, std::uint64_t align, std::uint32_t id = 0) {
  return {.kind = kind, .id = id, .data_size = size, .align = align, .numa_node = 0};
}

struct NameRow {
  const char* text;
  bool good;
  std::uint32_t region;
  std::uint32_t id;
};
void PrintTo(const NameRow& row, std::ostream* out) {
  *out << readable(row.text);
}
class DeviceNameRows : public ::testing::TestWithParam<NameRow> {};
TEST_P(DeviceNameRows, Parse) {
  const auto name = parse_device_name(GetParam().text);
  ASSERT_EQ(name.has_value(), GetParam().good);
  if (name) {
    EXPECT_EQ(name->region, GetParam().region);
    EXPECT_EQ(name->id, GetParam().id);
  }
}
INSTANTIATE_TEST_SUITE_P(Rows, DeviceNameRows,
                         ::testing::Values(NameRow{"dax0.0", true, 0, 0}, NameRow{"dax12.34", true, 12, 34},
                                           NameRow{"/dev/dax1.0", true, 1, 0}, NameRow{"dax", false, 0, 0},
                                           NameRow{"dax0", false, 0, 0}, NameRow{"dax0.", false, 0, 0},
                                           NameRow{"dax.0", false, 0, 0}, NameRow{"dax0.0x", false, 0, 0},
                                           NameRow{"dax00.0", false, 0, 0}, NameRow{"dax-1.0", false, 0, 0},
                                           NameRow{"pmem0", false, 0, 0}, NameRow{"", false, 0, 0},
                                           NameRow{"dax99999999999.0", false, 0, 0}));

struct GeometryRow {
  std::uint64_t size;
  std::uint64_t align;
  bool good;
  const char* says;
};
void PrintTo(const GeometryRow& row, std::ostream* out) {
  *out << row.size << '-' << row.align;
}
class GeometryRows : public ::testing::TestWithParam<GeometryRow> {};
TEST_P(GeometryRows, Check) {
  const auto fine = check_geometry(GetParam().size, GetParam().align);
  ASSERT_EQ(fine.has_value(), GetParam().good);
  if (!fine) {
    EXPECT_NE((fine.error().what + fine.error().remedy).find(GetParam().says), std::string::npos)
        << fine.error().what << "; " << fine.error().remedy;
  }
}
INSTANTIATE_TEST_SUITE_P(Rows, GeometryRows,
                         ::testing::Values(GeometryRow{2 << 20, 2 << 20, true, ""},
                                           GeometryRow{2 << 20, 4096, true, ""}, GeometryRow{4096, 4096, false, "2M"},
                                           GeometryRow{3 << 20, 2 << 20, false, "--size 2M or 4M"},
                                           GeometryRow{1 << 20, 2 << 20, false, "--size 2M or 4M"},
                                           GeometryRow{0, 2 << 20, false, "2M"},
                                           GeometryRow{1536 << 20, 1 << 30, false, "--size 1G or 2G"},
                                           GeometryRow{4 << 20, 4 << 20, false, "--align 4M"},
                                           GeometryRow{4 << 20, 0, false, "4K, 2M or 1G"}));

TEST(Builder, AnHmemDeviceStartsAtItsRegion) {
  auto store = empty_store();
  ASSERT_TRUE(add_region(store, region(store::RegionKind::hmem, 4ULL << 30, kPmdSize)));
  auto added = add_device(store, device(0, 4ULL << 30, kPmdSize));
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(phys_of(**added, ByteOffset(0)), Result<PhysAddr>(PhysAddr(kFirstRegionStart)));
  EXPECT_EQ(phys_of(**added, ByteOffset((4ULL << 30) - 1)),
            Result<PhysAddr>(PhysAddr(kFirstRegionStart + (4ULL << 30) - 1)));
  EXPECT_EQ(phys_of(**added, ByteOffset(4ULL << 30)).error(), Errno{ENXIO});
  EXPECT_EQ(extent_count(**added), 2048U);
}

TEST(Builder, APmemDeviceStartsBehindTheInfoBlock) {
  for (const auto& [align, offset] : {std::pair{kPageSize, kPmdSize}, {kPmdSize, kPmdSize}, {kPudSize, kPudSize}}) {
    auto store = empty_store();
    ASSERT_TRUE(add_region(store, region(store::RegionKind::pmem, 2ULL << 30, align)));
    auto added = add_device(store, device(0, 2ULL << 30, align));
    ASSERT_TRUE(added) << added.error().what;
    EXPECT_EQ(phys_of(**added, ByteOffset(0))->value(), kFirstRegionStart + offset);
    EXPECT_EQ(store.region_of(**added).size, (2ULL << 30) + offset);
  }
}

TEST(Builder, DevicesOfARegionDoNotOverlapAndItFills) {
  auto store = empty_store();
  ASSERT_TRUE(add_region(store, region(store::RegionKind::hmem, 8 << 20, kPmdSize)));
  auto first = add_device(store, device(0, 4 << 20, kPmdSize));
  auto second = add_device(store, device(1, 4 << 20, kPmdSize));
  ASSERT_TRUE(first && second);
  EXPECT_EQ((*second)->ranges[0].phys_start, (*first)->ranges[0].phys_start + (4 << 20));
  EXPECT_EQ((*second)->minor, 1U);
  auto third = add_device(store, device(2, 2 << 20, kPmdSize));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ENOSPC);
  EXPECT_EQ(store.devices().size(), 2U);
}

TEST(Builder, RegionsDoNotOverlapEither) {
  auto store = empty_store();
  auto first = add_region(store, region(store::RegionKind::hmem, 3 << 20, kPmdSize, 0));
  auto second = add_region(store, region(store::RegionKind::pmem, 4 << 20, kPmdSize, 1));
  ASSERT_TRUE(first && second);
  EXPECT_GE((*second)->phys_start, (*first)->phys_start + (*first)->size);
  EXPECT_TRUE(is_aligned((*second)->phys_start, kPudSize));
  EXPECT_EQ(add_region(store, region(store::RegionKind::hmem, 2 << 20, kPmdSize, 1)).error().code, EEXIST);
}

TEST(Builder, RefusesTakenNamesUnknownRegionsAndFullTables) {
  auto store = empty_store({.regions = 1, .devices = 1, .processes = 1});
  EXPECT_EQ(add_device(store, device(0, 2 << 20, kPmdSize)).error().code, ENODEV);
  ASSERT_TRUE(add_region(store, region(store::RegionKind::hmem, 8 << 20, kPmdSize)));
  ASSERT_TRUE(add_device(store, device(0, 2 << 20, kPmdSize)));
  EXPECT_EQ(add_device(store, device(0, 2 << 20, kPmdSize)).error().code, EEXIST);
  EXPECT_EQ(add_device(store, device(1, 2 << 20, kPmdSize)).error().code, ENOSPC);
  EXPECT_EQ(add_region(store, region(store::RegionKind::hmem, 8 << 20, kPmdSize, 1)).error().code, ENOSPC);
}

// Where kmem takes soft-reserved memory, device_dax is told the name of each device: as many as there can be.
TEST(Builder, EveryDeviceCanHaveTheDriverThatItWasTold) {
  auto store = empty_store();
  store.platform().kernel = KernelId::linux_6_12;
  const std::uint32_t most = store.platform().device_capacity;
  ASSERT_TRUE(add_region(store, region(store::RegionKind::hmem, std::uint64_t{most} * kPmdSize, kPmdSize)));
  for (std::uint32_t id = 0; id < most - 1; ++id) {
    const auto added = add_device(store, device(id, kPmdSize, kPmdSize));
    ASSERT_TRUE(added) << added.error().what;
    ASSERT_EQ(driver_of(**added), &kDeviceDax);
  }
  // A program fills the list with names of devices that there are not.
  Result<void> told;
  for (std::int32_t id = 0; told; ++id) {
    told = add_driver_id(store, kDeviceDax, {.region = 9, .id = id});
  }
  EXPECT_EQ(told.error(), Errno{ENOMEM});
  const auto refused = add_device(store, device(most, kPmdSize, kPmdSize));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ENOMEM);
  EXPECT_NE(refused.error().what.find("device_dax cannot be told to take dax0.1024"), std::string::npos);
  EXPECT_NE(refused.error().remedy.find("1280 names"), std::string::npos) << refused.error().remedy;
}

TEST(Builder, TheMajorIsOneNoDriverHas) {
  const auto file = std::filesystem::temp_directory_path() / ("daxemu-devices-" + std::to_string(::getpid()));
  std::ofstream(file) << "Character devices:\n  1 mem\n254 gpiochip\n253 rtc\n\nBlock devices:\n252 virtblk\n";
  EXPECT_EQ(free_char_major(file.c_str()), 252U);
  std::filesystem::remove(file);
  EXPECT_EQ(free_char_major("/nonexistent"), 254U);
}

} // namespace
} // namespace daxemu::dax
