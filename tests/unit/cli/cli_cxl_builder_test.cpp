// A platform with a CXL bus, as it is built: memdevs with files of their own, regions, and the devices that these
// became.
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emu/backing/file_source.hpp"
#include "emu/cxl/objects.hpp"
#include "runtime/cli/plan/cxl/cxl_presets.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"

namespace daxemu::cli {
namespace {

using store::DeviceState;

constexpr std::uint64_t kGiB = 1ULL << 30;

PlatformPlan plan_of(const PresetWish& wish) {
  PlatformPlan plan;
  plan.backing = store::BackingKind::shmem;
  plan.cxl = *cxl_preset(wish);
  return plan;
}

TEST(CxlBuilder, MemdevsHaveFilesThatNobodyElseTakes) {
  PresetWish wish;
  wish.name = "pmem";
  wish.size = kGiB;
  wish.with_region = false;
  backing::MemfdSource source;
  const auto built = build_platform(plan_of(wish), "test", source);
  ASSERT_TRUE(built) << built.error().what;
  const store::Store& store = built->store;
  ASSERT_EQ(cxl::memdevs(store).size(), 2U);
  for (std::uint32_t at = 0; at < 2; ++at) {
    const store::CxlMemdevRecord& memdev = cxl::memdevs(store)[at];
    for (const std::uint32_t number : {memdev.bytes_slot, memdev.labels_slot}) {
      ASSERT_NE(number, 0U);
      const store::BackingSlot& slot = store.backing_slots()[number - 1];
      EXPECT_EQ(slot.owner.load(), store::kCxlOwner | at);
      const std::uint64_t size = std::filesystem::file_size(slot.backing.location.c_str());
      EXPECT_EQ(size, number == memdev.bytes_slot ? kGiB : memdev.label_size);
    }
  }
  EXPECT_EQ(cxl::regions(store).size(), 0U);
}

TEST(CxlBuilder, EveryRegionThatThereCanBeFindsAFile) {
  backing::MemfdSource source;
  const auto built = build_platform(plan_of({}), "test", source);
  ASSERT_TRUE(built) << built.error().what;
  std::size_t bytes = 0;
  for (const store::BackingSlot& slot : built->store.backing_slots()) {
    bytes += slot.owner.load() == 0 && slot.backing.kind == store::BackingKind::shmem ? 1 : 0;
  }
  std::size_t nodes = 0;
  for (const store::NodeSlot& slot : built->store.node_slots()) {
    nodes += slot.owner.load() == 0 ? 1 : 0;
  }
  EXPECT_GE(bytes, store::kMaxCxlRegions);
  EXPECT_GE(nodes, store::kMaxCxlRegions);
}

TEST(CxlBuilder, NeitherBusesNorNumbersOfTheMachineAreTaken) {
  backing::MemfdSource source;
  const auto built = build_platform(plan_of({}), "test", source);
  ASSERT_TRUE(built) << built.error().what;
  const store::Platform& platform = built->store.platform();
  EXPECT_NE(built->store.cxl().major, platform.dax_major);
  EXPECT_NE(built->store.cxl().major, platform.nd_major);
  for (const store::CxlPciRecord& function : cxl::pci_functions(built->store)) {
    const std::string bus = fmt::format("/sys/class/pci_bus/0000:{:02x}", function.bus);
    EXPECT_FALSE(std::filesystem::exists(bus)) << bus;
  }
}

struct DriverRow {
  dax::FirstDriver driver;
  DeviceState state;
};
void PrintTo(const DriverRow& row, std::ostream* out) {
  constexpr std::array kNames = {"device_dax", "kmem", "fsdev_dax", "none", "kernels"};
  *out << kNames.at(static_cast<std::size_t>(row.driver));
}
class CxlDriver : public ::testing::TestWithParam<DriverRow> {};
TEST_P(CxlDriver, HasTheDeviceOfTheRegion) {
  PlatformPlan plan = plan_of({});
  plan.cxl.regions.at(0).driver = GetParam().driver;
  backing::MemfdSource source;
  const auto built = build_platform(plan, "test", source);
  ASSERT_TRUE(built) << built.error().what;
  ASSERT_EQ(cxl::regions(built->store).size(), 1U);
  EXPECT_EQ(cxl::regions(built->store)[0].state, store::CxlRegionState::commit);
  const store::DeviceRecord* device = built->store.device_named("dax0.0");
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->state.load(), GetParam().state);
  EXPECT_EQ(device->size.load(), 4 * kGiB);
  EXPECT_EQ(built->store.platform().autoprobe_off, 0U) << "later devices are probed";
}
INSTANTIATE_TEST_SUITE_P(Rows, CxlDriver,
                         ::testing::Values(DriverRow{dax::FirstDriver::device_dax, DeviceState::enabled},
                                           DriverRow{dax::FirstDriver::kmem, DeviceState::system_ram},
                                           DriverRow{dax::FirstDriver::kernels, DeviceState::system_ram},
                                           DriverRow{dax::FirstDriver::none, DeviceState::disabled}));

TEST(CxlBuilder, EachPresetIsBuiltInAllWays) {
  for (const char* name : {"one-host", "two-hosts", "switch", "pmem"}) {
    for (const std::uint32_t ways : {1U, 2U, 4U, 8U, 16U}) {
      if (ways > 8 && std::string_view(name) != "two-hosts") {
        continue; // of one decoder
      }
      PresetWish wish;
      wish.name = name;
      wish.ways = ways;
      backing::MemfdSource source;
      const auto built = build_platform(plan_of(wish), "test", source);
      ASSERT_TRUE(built) << name << " in " << ways << " ways: " << built.error().what;
      const store::CxlRegionRecord& region = cxl::regions(built->store)[0];
      EXPECT_EQ(region.ways, ways);
      EXPECT_EQ(region.state, store::CxlRegionState::commit);
      EXPECT_EQ(region.id, 0U);
    }
  }
}

TEST(CxlBuilder, TheMocksTopologyIsBuilt) {
  PresetWish wish;
  wish.name = kMockPreset;
  backing::MemfdSource source;
  const auto built = build_platform(plan_of(wish), "test", source);
  ASSERT_TRUE(built) << built.error().what;
  EXPECT_EQ(cxl::memdevs(built->store).size(), 10U);
  EXPECT_EQ(cxl::regions(built->store)[0].granularity, 4096U);
}

} // namespace
} // namespace daxemu::cli
