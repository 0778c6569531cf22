// Memory that kmem could not take back, as guests of 6.1, 6.12 and 7.3 answered (tests/clients/expected, dax-left.txt).
#include "emu/backing/spare_files.hpp"
#include "emu/dax/memory/left_memory.hpp"
#include "emu/dax/memory/memory_blocks.hpp"
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

#define BUS "/sys/bus/dax"
#define REGION "/sys/devices/platform/hmem.0"
#define MEMORY "/sys/devices/system/memory"

// 2G from 5G on, blocks 40 to 55. dax0.1 has the upper half, which kmem has and of which one block is online.
struct LeftMemory : ::testing::Test, Fixture {
  LeftMemory() : Fixture(2ULL << 30, store::RegionKind::hmem, KernelId::linux_6_1, 1, dax::FirstDriver::device_dax) {
    auto files = backing::add_spare_files(store, source_);
    EXPECT_TRUE(files) << files.error().what;
    held_ = std::move(*files);
    EXPECT_EQ(write(BUS "/drivers/device_dax/unbind", "dax0.0"), 0);
    EXPECT_EQ(write(REGION "/dax0.0/size", kHalf), 0);
    create();
    EXPECT_EQ(write(BUS "/drivers/kmem/new_id", "dax0.1"), 0);
    EXPECT_EQ(write(MEMORY "/memory49/state", "online_movable"), 0);
    EXPECT_EQ(write(BUS "/drivers/kmem/unbind", "dax0.1"), 0);
  }
  void create() {
    EXPECT_EQ(write(REGION "/dax_region/create", "1"), 0);
    EXPECT_EQ(write(REGION "/dax0.1/size", kHalf), 0);
  }
  void destroy() {
    EXPECT_EQ(write(REGION "/dax0.1/size", "0"), 0);
    EXPECT_EQ(write(REGION "/dax_region/delete", "dax0.1"), 0);
  }
  [[nodiscard]] std::size_t blocks() const { return names("/sys/bus/memory/devices").size(); }
  static constexpr const char* kHalf = "1073741824";

private:
  backing::MemfdSource source_;
  std::vector<UniqueFd> held_;
};

TEST_F(LeftMemory, OutlivesTheDevice) {
  EXPECT_EQ(blocks(), 8U) << "the range stays as a whole";
  destroy();
  EXPECT_EQ(blocks(), 8U);
  EXPECT_EQ(read(MEMORY "/memory49/valid_zones"), "Movable\n");
  EXPECT_EQ(write(MEMORY "/memory49/state", "offline"), 0);
  EXPECT_EQ(write(MEMORY "/memory48/state", "online"), 0);
  EXPECT_EQ(read(MEMORY "/memory48/state"), "online\n");
  EXPECT_EQ(link("/sys/devices/system/node/node1/memory48"), "../../memory/memory48");
  std::size_t ranges = 0;
  dax::each_left_range(store, [&](const dax::LeftRange& range) {
    ++ranges;
    EXPECT_EQ(range.id, 1U) << "its resource keeps the name";
    EXPECT_EQ(range.first, 48U);
    EXPECT_EQ(range.end, 56U);
    return true;
  });
  EXPECT_EQ(ranges, 1U);
}

TEST_F(LeftMemory, NoDriverTakesIt) {
  destroy();
  create();
  EXPECT_EQ(write(BUS "/drivers/kmem/bind", "dax0.1"), EBUSY);
  EXPECT_EQ(write(BUS "/drivers/device_dax/bind", "dax0.1"), EBUSY);
  EXPECT_EQ(write(BUS "/drivers/device_dax/bind", "dax0.1"), EINVAL) << "of the first try it keeps a pgmap";
  EXPECT_EQ(write(BUS "/drivers/kmem/bind", "dax0.1"), EBUSY);
  destroy();
  create();
  EXPECT_EQ(write(BUS "/drivers/device_dax/bind", "dax0.1"), EBUSY) << "a device that is new has none";
}

TEST_F(LeftMemory, LeavesTheRestToDrivers) {
  destroy();
  EXPECT_EQ(write(BUS "/drivers/device_dax/bind", "dax0.0"), 0);
  EXPECT_EQ(write(BUS "/drivers/device_dax/unbind", "dax0.0"), 0);
  EXPECT_EQ(write(BUS "/drivers/kmem/new_id", "dax0.0"), 0);
  EXPECT_EQ(blocks(), 16U);
  EXPECT_EQ(write(BUS "/drivers/kmem/unbind", "dax0.0"), 0);
  EXPECT_EQ(blocks(), 8U) << "all of it was offline";
  EXPECT_EQ(write(REGION "/dax0.0/size", "2147483648"), 0);
  EXPECT_EQ(write(BUS "/drivers/device_dax/bind", "dax0.0"), EBUSY);
  EXPECT_EQ(write(REGION "/dax0.0/size", kHalf), 0);
  EXPECT_EQ(write(BUS "/drivers/device_dax/bind", "dax0.0"), EINVAL);
}

TEST(NodeDirectory, HasWhatTheKernelHasThere) {
  struct Row {
    KernelId kernel;
    int counts;
    int reclaim;
  };
  for (const Row& row : {Row{KernelId::linux_6_1, ENOENT, ENOENT}, Row{KernelId::linux_6_12, 0, ENOENT},
                         Row{KernelId::linux_7_3, 0, 0}}) {
    const Fixture memory(1ULL << 30, store::RegionKind::hmem, row.kernel, 1, dax::FirstDriver::kmem);
    EXPECT_EQ(memory.lookup_error("/sys/devices/system/node/node1/memory_failure/total"), row.counts);
    EXPECT_EQ(memory.lookup_error("/sys/devices/system/node/node1/reclaim"), row.reclaim);
  }
}

} // namespace
} // namespace daxemu::sysfs
