// What a volatile CXL region becomes: a dynamic dax region that comes and goes (drivers/dax/cxl.c), as guests of 6.12
// and 7.3 showed it.
#include "emu/dax/builder.hpp"
#include "emu/dax/bus.hpp"
#include "emu/dax/memory/memory_blocks.hpp"
#include "tests/unit/cxl_derived/lab.hpp"

namespace daxemu::cxl {
namespace {

#define BUS "/sys/bus/dax"
constexpr std::uint64_t kSize = 512ULL << 20;

std::size_t ram_blocks(const Lab& lab) {
  std::size_t count = 0;
  dax::each_ram_block(*lab.store, [&](std::uint64_t, store::RegionRecord&) {
    ++count;
    return true;
  });
  return count;
}

TEST(CxlDaxRegion, HasOneDeviceOfAllOfItWhichKmemTakes) {
  Lab lab;
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  ASSERT_TRUE(lab.commit(region));
  EXPECT_EQ(region.region, 1U);
  const store::RegionRecord& record = lab.store->regions()[0];
  EXPECT_EQ(record.kind, store::RegionKind::cxl);
  EXPECT_EQ(record.seed, 0U);
  EXPECT_EQ(record.youngest, 0U) << "`create` has made none yet";
  const store::DeviceRecord& device = lab.device();
  EXPECT_EQ(device.state.load(), store::DeviceState::system_ram);
  EXPECT_EQ(device.size.load(), kSize);
  EXPECT_EQ(device.ranges[0].phys_start, kWindow);
  EXPECT_EQ(device.target_node, static_cast<std::int32_t>(kNode));
  EXPECT_EQ(ram_blocks(lab), 4U);
  EXPECT_EQ(lab.link(BUS "/devices/dax0.0"),
            "../../../devices/platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0/dax0.0");
}

TEST(CxlDaxRegion, IsDeviceDaxWhereKmemIsNotTheDefault) {
  Lab lab(2, KernelId::linux_6_1);
  ASSERT_TRUE(lab.commit(lab.region(3, kWindow + kWindowSize, kSize)));
  EXPECT_EQ(lab.device("dax3.0").state.load(), store::DeviceState::enabled);
  EXPECT_EQ(lab.link(BUS "/devices/dax3.0"),
            "../../../devices/platform/ACPI0017:00/root0/decoder0.1/region3/dax_region3/dax3.0");
}

TEST(CxlDaxRegion, OfABusThatProbesNothingIsBoundToNobody) {
  Lab lab;
  lab.store->platform().autoprobe_off = 1;
  ASSERT_TRUE(lab.commit(lab.region(0, kWindow, kSize)));
  EXPECT_EQ(lab.device().state.load(), store::DeviceState::disabled);
}

TEST(CxlDaxRegion, GoesAndItsRecordIsUsedAgain) {
  Lab lab;
  lab.store->platform().auto_online = store::OnlinePolicy::offline;
  CxlRegionRecord& first = lab.region(0, kWindow, kSize);
  CxlRegionRecord& second = lab.region(1, kWindow + kSize, kSize, 1, 256, 0, 1);
  ASSERT_TRUE(lab.commit(first));
  ASSERT_TRUE(lab.commit(second));
  const std::uint64_t born = lab.device().born;
  lab.remove(first);
  EXPECT_EQ(first.region, 0U);
  EXPECT_EQ(ram_blocks(lab), 4U);
  EXPECT_EQ(lab.names(BUS "/devices"), std::vector<std::string>{"dax1.0"});
  ASSERT_TRUE(lab.commit(first));
  EXPECT_EQ(first.region, 1U);
  EXPECT_EQ(second.region, 2U);
  EXPECT_GT(lab.device().born, born) << "mappings of the device before are dead";
  EXPECT_EQ(lab.store->platform().regions_used.load(), 2U);
  for (int round = 0; round < 200; ++round) { // no file, node, record or number leaks
    lab.remove(first);
    ASSERT_TRUE(lab.commit(first));
  }
  EXPECT_EQ(lab.device().minor, 0U);
}

TEST(CxlDaxRegion, LeavesBlocksThatAreOnline) {
  Lab lab;
  lab.store->platform().auto_online = store::OnlinePolicy::online_movable;
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  ASSERT_TRUE(lab.commit(region));
  lab.remove(region);
  EXPECT_EQ(ram_blocks(lab), 4U) << "kmem cannot take them back";
  EXPECT_EQ(lab.names("/sys/bus/memory/devices").size(), 4U);
  CxlRegionRecord& other = lab.region(1, kWindow + kSize, kSize, 1, 256, 0, 1);
  ASSERT_TRUE(lab.commit(other));
  EXPECT_EQ(other.region, 2U) << "the first record's name is that of the memory that is left";
  EXPECT_EQ(ram_blocks(lab), 8U);
}

TEST(CxlDaxRegion, StandsBesideSoftReservedMemory) {
  Lab lab;
  ASSERT_TRUE(dax::add_region(*lab.store, {.id = 5, .data_size = kSize, .align = kPmdSize, .target_node = 7}));
  dax::DeviceSpec spec;
  spec.name = {5, 0};
  spec.size = kSize;
  spec.align = kPmdSize;
  spec.driver = dax::FirstDriver::kmem;
  ASSERT_TRUE(dax::add_device(*lab.store, spec));
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  ASSERT_TRUE(lab.commit(region));
  EXPECT_EQ(ram_blocks(lab), 8U);
  lab.remove(region);
  EXPECT_EQ(lab.device("dax5.0").state.load(), store::DeviceState::system_ram);
}

TEST(CxlDaxRegion, IsRefusedWhereThereIsNoFileLeft) {
  Lab lab;
  for (store::BackingSlot& slot : lab.store->backing_slots()) {
    slot.owner = slot.owner == 0 ? 1U << 30U : slot.owner.load();
  }
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  const auto committed = lab.commit(region);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error(), Errno{ENOMEM});
  EXPECT_EQ(region.region, 0U);
  EXPECT_EQ(lab.store->regions()[0].used.load(), 0U);
  EXPECT_EQ(lab.store->device_named("dax0.0"), nullptr);
}

TEST(CxlDaxRegion, DevicesAreCreatedInItAndGoWithIt) {
  Lab lab(2, KernelId::linux_6_1);
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  ASSERT_TRUE(lab.commit(region));
  const sysfs::Scope first = lab.scope_of(lab.device());
  const auto group = [&](std::string_view name) { return lab.show(sysfs::kDaxRegion, name, first); };
  EXPECT_EQ(group("id"), "0\n");
  EXPECT_EQ(group("size"), "536870912\n");
  EXPECT_EQ(group("align"), "2097152\n");
  EXPECT_EQ(group("available_size"), "0\n");
  EXPECT_EQ(group("seed"), "\n");
  EXPECT_EQ(group("create"), "\n");
  EXPECT_EQ(lab.put(sysfs::kDaxRegion, "create", first, "1"), ENOSPC);
  EXPECT_EQ(lab.put(sysfs::kDaxDevice, "size", first, "268435456"), EBUSY);
  ASSERT_EQ(lab.write(BUS "/drivers/device_dax/unbind", "dax0.0"), 0);
  put(lab.bytes_of(lab.device()), 300ULL << 20, "behind");
  EXPECT_EQ(lab.put(sysfs::kDaxDevice, "size", first, "268435456"), 0);
  EXPECT_EQ(lab.put(sysfs::kDaxRegion, "create", first, "1"), 0);
  EXPECT_EQ(group("create"), "dax0.1\n");
  const sysfs::Scope second = lab.scope_of(lab.device("dax0.1"));
  EXPECT_EQ(lab.put(sysfs::kDaxDevice, "size", second, "268435456"), 0);
  EXPECT_EQ(get(lab.bytes_of(lab.device("dax0.1")), 44ULL << 20), "behind");
  EXPECT_EQ(lab.put(sysfs::kDaxRegion, "delete", first, "dax0.1"), EBUSY);
  EXPECT_EQ(lab.write(BUS "/drivers/device_dax/bind", "dax0.1"), 0);
  lab.remove(region);
  EXPECT_TRUE(lab.names(BUS "/devices").empty());
  EXPECT_EQ(get(lab.media_of(0), 300ULL << 20), "behind");
}

TEST(CxlDaxRegion, KeepsStructPagesOnItselfUntilSomebodySaysNo) {
  Lab lab;
  ASSERT_TRUE(lab.commit(lab.region(0, kWindow, kSize)));
  const sysfs::Scope scope = lab.scope_of(lab.device());
  const auto write = [&](const char* text) { return lab.put(sysfs::kDaxDevice, "memmap_on_memory", scope, text); };
  EXPECT_EQ(lab.show(sysfs::kDaxDevice, "memmap_on_memory", scope), "1\n");
  EXPECT_EQ(write("0"), EBUSY) << "kmem has it";
  EXPECT_EQ(write("1"), EOPNOTSUPP) << "the machine has no such memory";
  EXPECT_EQ(write("?"), EINVAL);
  ASSERT_EQ(lab.write(BUS "/drivers/kmem/unbind", "dax0.0"), 0);
  EXPECT_EQ(write("0"), 0);
  EXPECT_EQ(lab.show(sysfs::kDaxDevice, "memmap_on_memory", scope), "0\n");
}

// A changer that died in between: the topology is put back to what it was before it (emu/store/topology_undo.hpp).
TEST(CxlDaxRegion, IsTakenBackWhereItsRegionDoesNotKnowOfIt) {
  Lab lab;
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  ASSERT_TRUE(lab.commit(region));
  put(lab.bytes_of(lab.device()), 4096, "kept");
  region.region = 0;
  settle_derived(*lab.store);
  EXPECT_EQ(lab.store->device_named("dax0.0"), nullptr);
  EXPECT_EQ(lab.store->regions()[0].used.load(), 0U);
  EXPECT_EQ(get(lab.media_of(0), 4096), "kept");
}
TEST(CxlDaxRegion, ComesAgainWhereItsRegionSaysThatItIsThere) {
  Lab lab;
  CxlRegionRecord& region = lab.region(0, kWindow, kSize);
  ASSERT_TRUE(lab.commit(region));
  put(lab.bytes_of(lab.device()), 4096, "kept");
  lab.remove(region);
  region.region = 1;
  region.derived_bound = 1;
  settle_derived(*lab.store);
  EXPECT_EQ(get(lab.bytes_of(lab.device()), 4096), "kept");
  const std::uint64_t born = lab.device().born;
  settle_derived(*lab.store); // nothing to do
  EXPECT_EQ(lab.device().born, born);
}

} // namespace
} // namespace daxemu::cxl
