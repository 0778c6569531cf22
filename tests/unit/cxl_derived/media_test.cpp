// The bytes of memdevs: what a region shows of them, in which order, and that they outlive it.
#include "emu/nd/media/media.hpp"

#include <chrono>
#include <random>

#include <linux/falloc.h>

#include "emu/dax/bus.hpp"
#include "emu/dax/ranges.hpp"
#include "emu/mm/folio_table.hpp"
#include "emu/nd/media/stripes.hpp"
#include "tests/unit/cxl_derived/lab.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kSize = 512ULL << 20;

TEST(CxlStripes, AStretchOfTheRegionIsAStretchOfEachTarget) {
  for (const std::uint32_t ways : {1U, 2U, 3U, 4U, 6U, 8U, 12U, 16U}) {
    for (const std::uint32_t granularity : {256U, 512U, 16384U}) {
      nd::RegionMedia media;
      media.ways = ways;
      media.granularity = granularity;
      const nd::Stripes stripes(media);
      const std::uint64_t end = 3ULL * ways * granularity;
      std::uint64_t counts[store::kMaxCxlWays] = {};
      for (std::uint64_t offset = 0; offset < end; offset += 128) {
        const std::uint64_t position = offset / granularity % ways;
        ASSERT_EQ(stripes.position_of(offset), position);
        for (std::uint64_t other = 0; other < ways; ++other) {
          ASSERT_EQ(stripes.before(offset, other), counts[other]) << ways << " ways, at " << offset;
        }
        ASSERT_EQ(stripes.offset_of(counts[position], position), offset);
        counts[position] += 128;
      }
    }
  }
}

// Each round deals one granule to each target, in an order of its own.
TEST(CxlStripes, XorArithmeticKeepsTheStretches) {
  for (const std::uint32_t bridges : {2U, 4U}) {
    for (const std::uint32_t ways : {bridges, 2 * bridges, 3 * bridges}) {
      nd::RegionMedia media;
      media.ways = ways;
      media.granularity = nd::kXorGranularity;
      const nd::Stripes modulo(media);
      media.maps = nd::XorMaps(bridges);
      const nd::Stripes stripes(media);
      std::uint64_t counts[store::kMaxCxlWays] = {};
      bool differs = false;
      for (std::uint64_t offset = 0; offset < 200ULL * ways * nd::kXorGranularity; offset += 128) {
        const std::uint64_t position = stripes.position_of(offset);
        differs = differs || position != modulo.position_of(offset);
        for (std::uint64_t other = 0; other < ways; ++other) {
          ASSERT_EQ(stripes.before(offset, other), counts[other]) << ways << " ways, at " << offset;
        }
        ASSERT_EQ(stripes.offset_of(counts[position], position), offset);
        counts[position] += 128;
      }
      EXPECT_TRUE(differs) << ways;
    }
  }
}

TEST(CxlMedia, IsWhatTheDeviceShowsAndOutlivesTheRegion) {
  Lab lab;
  put(lab.media_of(0), 5000, "old");
  CxlRegionRecord& region = lab.region(0, kWindow, kSize, 1, 256, 256ULL << 20);
  put(lab.media_of(0), (256ULL << 20) + 7, "shown");
  ASSERT_TRUE(lab.commit(region));
  EXPECT_EQ(get(lab.bytes_of(lab.device()), 7), "shown");
  EXPECT_EQ(get(lab.media_of(0), (256ULL << 20) + 7), "") << "moved, not copied";
  EXPECT_EQ(get(lab.media_of(0), 5000), "old") << "not the region's";
  put(lab.bytes_of(lab.device()), kSize - 4096, "last");
  lab.remove(region);
  EXPECT_EQ(get(lab.media_of(0), (256ULL << 20) + 7), "shown");
  EXPECT_EQ(get(lab.media_of(0), (256ULL << 20) + kSize - 4096), "last");
  EXPECT_EQ(lab.store->device_named("dax0.0"), nullptr);
}

// Byte by byte: what stands at a device address, by what the region has at the address it decodes to.
void check_interleave(std::uint32_t ways, std::uint32_t granularity) {
  Lab lab(ways);
  const std::uint64_t size = std::uint64_t{ways} * (32ULL << 20);
  CxlRegionRecord& region = lab.region(0, kWindow, size, ways, granularity, 64ULL << 20);
  ASSERT_TRUE(lab.commit(region));
  std::mt19937_64 random(ways * 1000 + granularity);
  std::vector<std::pair<std::uint64_t, std::uint8_t>> written;
  {
    const Mapping bytes = lab.bytes_of(lab.device());
    for (int count = 0; count < 2000; ++count) {
      written.emplace_back(random() % size, static_cast<std::uint8_t>(random() % 255 + 1));
      bytes.bytes()[written.back().first] = std::byte{written.back().second};
    }
    for (auto& [offset, value] : written) { // later ones may have hit earlier ones
      value = static_cast<std::uint8_t>(bytes.bytes()[offset]);
    }
  }
  lab.remove(region);
  std::vector<Mapping> media;
  for (std::uint32_t memdev = 0; memdev < ways; ++memdev) {
    media.push_back(lab.media_of(memdev));
  }
  for (const auto& [offset, value] : written) {
    const std::uint64_t granule = offset / granularity;
    const std::uint64_t dpa = (64ULL << 20) + granule / ways * granularity + offset % granularity;
    ASSERT_EQ(static_cast<std::uint8_t>(media[granule % ways].bytes()[dpa]), value) << offset;
  }
  // And again, by another order of the same memdevs if there are several.
  ASSERT_TRUE(lab.commit(region));
  const Mapping bytes = lab.bytes_of(lab.device());
  for (const auto& [offset, value] : written) {
    ASSERT_EQ(static_cast<std::uint8_t>(bytes.bytes()[offset]), value) << offset;
  }
  for (std::uint32_t memdev = 0; memdev < ways; ++memdev) {
    EXPECT_EQ(lab.media_used(memdev), 0U) << "a memdev has what no region shows";
  }
}
TEST(CxlMedia, IsInterleaved2Ways) {
  check_interleave(2, 256);
}
TEST(CxlMedia, IsInterleaved3Ways) {
  check_interleave(3, 512);
}
TEST(CxlMedia, IsInterleaved4Ways4K) {
  check_interleave(4, 4096);
}
TEST(CxlMedia, IsInterleaved12Ways) {
  check_interleave(12, 1024);
}
TEST(CxlMedia, IsInterleaved16Ways) {
  check_interleave(16, 16384);
}

TEST(CxlMedia, UntouchedMemoryCostsNothing) {
  Lab lab(2);
  CxlRegionRecord& region = lab.region(0, kWindow, 2 * kMedia, 2);
  std::chrono::nanoseconds best = std::chrono::hours(1);
  for (int round = 0; round < 10; ++round) {
    const auto before = std::chrono::steady_clock::now();
    ASSERT_TRUE(lab.commit(region));
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - before);
    EXPECT_EQ(lab.media_used(0), 0U);
    lab.remove(region);
    EXPECT_EQ(lab.media_used(0), 0U);
  }
  RecordProperty("commit_us", static_cast<int>(best.count() / 1000));
  EXPECT_LT(best, std::chrono::milliseconds(5));
}

TEST(CxlMedia, StaysWhereItIsWhenDevicesOfTheRegionChange) {
  Lab lab(2, KernelId::linux_6_1);
  CxlRegionRecord& region = lab.region(0, kWindow, kSize, 2);
  ASSERT_TRUE(lab.commit(region));
  put(lab.bytes_of(lab.device()), 0, "first");
  put(lab.bytes_of(lab.device()), 300ULL << 20, "behind");
  ASSERT_EQ(lab.write("/sys/bus/dax/drivers/device_dax/unbind", "dax0.0"), 0);
  const auto resize = [&](store::DeviceRecord& device, std::uint64_t size) {
    auto change = dax::Change::begin(*lab.store);
    return nd::with_media_returned(*lab.store, device, [&] { return dax::resize(*lab.store, device, size); });
  };
  ASSERT_TRUE(resize(lab.device(), 256ULL << 20));
  EXPECT_EQ(get(lab.bytes_of(lab.device()), 0), "first");
  auto* second = [&] {
    auto change = dax::Change::begin(*lab.store);
    return dax::create_device(*lab.store, lab.store->regions()[0]).value();
  }();
  ASSERT_TRUE(resize(*second, 128ULL << 20));
  EXPECT_EQ(get(lab.bytes_of(*second), 44ULL << 20), "behind") << "memory keeps what is in it, whoever has it";
  ASSERT_TRUE(resize(*second, 0));
  ASSERT_TRUE(resize(lab.device(), kSize));
  EXPECT_EQ(get(lab.bytes_of(lab.device()), 300ULL << 20), "behind");
  EXPECT_EQ(get(lab.bytes_of(lab.device()), 0), "first");
}

// Whoever kills `daxemu run` finds in the image what the run before left there.
TEST(CxlMedia, ImagesKeepTheirBytesWhileADeviceHasThem) {
  Lab lab(1);
  lab.make_image(0);
  put(lab.media_of(0), 7, "before");
  put(lab.media_of(0), 10 * kPmdSize, "healed");
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  ASSERT_TRUE(lab.commit(region));
  ASSERT_EQ(get(lab.bytes_of(lab.device()), 7), "before");
  put(lab.bytes_of(lab.device()), 7, "behind");
  EXPECT_EQ(get(lab.media_of(0), 7), "before") << "until the device gives it back";
  {
    auto fd = sys::open(lab.device().backing.location.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_TRUE(fd);
    const UniqueFd file(*fd); // as what failed and was healed: zero, and no page
    ASSERT_TRUE(sys::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10 * kPmdSize, kPmdSize));
  }
  lab.remove(region);
  EXPECT_EQ(get(lab.media_of(0), 7), "behind");
  EXPECT_EQ(get(lab.media_of(0), 10 * kPmdSize), "") << "what the device no longer had";
}

// Of huge pages nobody can be asked which there are but the records of the extents.
TEST(CxlMedia, OutlivesARegionInHugePages) {
  Lab lab(1, KernelId::linux_6_1, store::BackingKind::hugetlb);
  CxlRegionRecord& region = lab.region(0, kWindow, 256ULL << 20);
  const auto committed = lab.commit(region);
  if (!committed) {
    GTEST_SKIP() << "no 128 huge pages of 2M: " << committed.error().value;
  }
  ASSERT_EQ(lab.device().backing.kind, store::BackingKind::hugetlb);
  put(lab.bytes_of(lab.device()), 5 * kPmdSize + 3, "huge");
  {
    auto folios = mm::FolioTable::open(lab.device().folios_location.c_str(), 128);
    ASSERT_TRUE(folios);
    (*folios)[ExtentIndex(5)].flags = mm::kFolioTouched; // as the fault that served it does
  }
  for (int round = 0; round < 2; ++round) { // the second time nobody has touched it
    lab.remove(region);
    EXPECT_EQ(get(lab.media_of(0), 5 * kPmdSize + 3), "huge");
    EXPECT_LE(lab.media_used(0), kPmdSize);
    ASSERT_TRUE(lab.commit(region));
    EXPECT_EQ(get(lab.bytes_of(lab.device()), 5 * kPmdSize + 3), "huge");
  }
}

} // namespace
} // namespace daxemu::cxl
