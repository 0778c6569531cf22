// Which driver has a device by default, and `state` of one that kmem has, as guests of each kernel answered.
#include "emu/dax/bind.hpp"
#include "emu/dax/memory/memory_blocks.hpp"
#include "tests/unit/readable.hpp"
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

#define BUS "/sys/bus/dax"
#define PLATFORM "/sys/devices/platform"
#define DEVICE PLATFORM "/hmem.0/dax0.0"                      // of 6.12
#define STATE PLATFORM "/hmem_platform.0/hmem.0/dax0.0/state" // of 7.3

// 1G in eight blocks on a node of its own, with the driver that the kernel gives it.
struct Memory : Fixture {
  explicit Memory(KernelId kernel, std::int32_t node = 1, dax::FirstDriver driver = dax::FirstDriver::kernels,
                  store::RegionKind kind = store::RegionKind::hmem)
      : Fixture(1ULL << 30, kind, kernel, node, driver) {}
  [[nodiscard]] std::string driver() const {
    const dax::Driver* bound = dax::driver_of(*store.device_named("dax0.0"));
    return bound == nullptr ? "none" : std::string(bound->name);
  }
  // What the first block says: "online Normal", or "none".
  [[nodiscard]] std::string block() const {
    const std::string path = "/sys/devices/system/memory/memory40"; // 5G of blocks of 128M
    return lookup_error(path) != 0 ? "none" : read(path + "/state") + read(path + "/valid_zones");
  }
};

struct DefaultRow {
  const char* kernel;
  store::RegionKind region;
  std::int32_t node;
  const char* driver;
};
void PrintTo(const DefaultRow& row, std::ostream* out) {
  *out << row.kernel << '-' << (row.region == store::RegionKind::hmem ? "hmem" : "pmem") << "-node" << row.node;
}
class DefaultDriver : public ::testing::TestWithParam<DefaultRow> {};
TEST_P(DefaultDriver, IsTheKernels) {
  const DefaultRow& row = GetParam();
  EXPECT_EQ(Memory(find_profile(row.kernel)->profile->id, row.node, dax::FirstDriver::kernels, row.region).driver(),
            row.driver);
}
constexpr auto kHmem = store::RegionKind::hmem;
constexpr auto kPmem = store::RegionKind::pmem;
INSTANTIATE_TEST_SUITE_P(Rows, DefaultDriver,
                         ::testing::Values(DefaultRow{"6.1", kHmem, 1, "device_dax"},
                                           DefaultRow{"6.12", kHmem, 1, "kmem"}, DefaultRow{"6.12", kHmem, -1, "none"},
                                           DefaultRow{"6.12", kPmem, 1, "device_dax"},
                                           DefaultRow{"7.3", kHmem, 1, "kmem"}, DefaultRow{"7.3", kHmem, -1, "none"},
                                           DefaultRow{"7.3", kPmem, 1, "device_dax"}));

TEST(FirstDriver, IsGivenTheDeviceByName) {
  const Memory given(KernelId::linux_6_12, 1, dax::FirstDriver::device_dax);
  EXPECT_EQ(given.driver(), "device_dax");
  EXPECT_EQ(given.write(BUS "/drivers/device_dax/unbind", "dax0.0"), 0);
  EXPECT_EQ(given.write(BUS "/drivers/device_dax/bind", "dax0.0"), 0) << "it has been told";
  EXPECT_EQ(given.write(BUS "/drivers/device_dax/unbind", "dax0.0"), 0);
  EXPECT_EQ(given.write(BUS "/drivers/device_dax/remove_id", "dax0.0"), 0);
  EXPECT_EQ(given.write(BUS "/drivers/device_dax/bind", "dax0.0"), ENODEV);
  EXPECT_EQ(given.write(BUS "/drivers_probe", "dax0.0"), 0);
  EXPECT_EQ(given.driver(), "kmem");
  EXPECT_EQ(Memory(KernelId::linux_7_3, 1, dax::FirstDriver::fsdev_dax).driver(), "fsdev_dax");
}

TEST(FirstDriver, ThatRefusesLeavesNoDevice) {
  store::Store store = empty_store();
  add_region(store, 0, 1ULL << 30);
  dax::DeviceSpec spec;
  spec.name = {0, 0};
  spec.size = 1ULL << 30;
  spec.align = kPmdSize;
  spec.driver = dax::FirstDriver::fsdev_dax;
  const auto refused = dax::add_device(store, spec);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("6.1 has no driver fsdev_dax"), std::string::npos) << refused.error().what;
  EXPECT_EQ(store.device_named("dax0.0"), nullptr);
}

struct Step {
  const char* text; // written to `state`
  int error;
  const char* state; // then
  const char* block;
};
class KmemState : public ::testing::Test {
protected:
  void play(std::initializer_list<Step> steps) const {
    for (const Step& step : steps) {
      SCOPED_TRACE(step.text);
      EXPECT_EQ(memory_.write(STATE, step.text), step.error);
      EXPECT_EQ(memory_.read(STATE), std::string(step.state) + "\n");
      EXPECT_EQ(memory_.block(), step.block);
    }
  }
  Memory memory_{KernelId::linux_7_3};
};

// Offline, as auto_online_blocks of the test's machine has it.
TEST_F(KmemState, GoesThroughUnplugged) {
  constexpr const char* kOffline = "offline\nNormal Movable\n";
  constexpr const char* kMovable = "online\nMovable\n";
  play({{"offline", EINVAL, "offline", kOffline},
        {"x", EINVAL, "offline", kOffline},
        {"Online", EINVAL, "offline", kOffline},
        {"online", EBUSY, "offline", kOffline},
        {"unplugged", 0, "unplugged", "none"},
        {"unplugged\n", 0, "unplugged", "none"},
        {"offline", EINVAL, "unplugged", "none"},
        {"online_movable", 0, "online_movable", kMovable},
        {"online_movable", 0, "online_movable", kMovable},
        {"online", EBUSY, "online_movable", kMovable},
        {"unplugged", 0, "unplugged", "none"}});
}

TEST_F(KmemState, StaysWhereTheKernelUsesTheMemory) {
  constexpr const char* kNormal = "online\nNormal\n";
  play({{"unplugged", 0, "unplugged", "none"},
        {"online_kernel", 0, "online_kernel", kNormal},
        {"unplugged", EBUSY, "online_kernel", kNormal},
        {"online_movable", EBUSY, "online_kernel", kNormal}});
  EXPECT_EQ(memory_.write("/sys/devices/system/memory/memory40/state", "offline"), EBUSY);
  EXPECT_EQ(memory_.write("/sys/devices/system/memory/memory41/state", "offline"), 0);
  EXPECT_EQ(memory_.read(STATE), "online_kernel\n") << "of the device, whatever its blocks are";
  EXPECT_EQ(memory_.write(BUS "/drivers/kmem/unbind", "dax0.0"), 0);
  EXPECT_EQ(memory_.write(BUS "/drivers/kmem/bind", "dax0.0"), EBUSY) << "what is online stays for good";
}

TEST_F(KmemState, IsThereWhileKmemHasTheDevice) {
  EXPECT_EQ(memory_.write(STATE, "unplugged"), 0);
  EXPECT_EQ(memory_.write(BUS "/drivers/kmem/unbind", "dax0.0"), 0);
  EXPECT_EQ(memory_.lookup_error(STATE), ENOENT);
  EXPECT_EQ(memory_.write(BUS "/drivers/kmem/bind", "dax0.0"), 0);
  EXPECT_EQ(memory_.read(STATE), "offline\n") << "plugged in by its probe";
  EXPECT_EQ(Memory(KernelId::linux_6_12).lookup_error(DEVICE "/state"), ENOENT);
}

struct MemmapRow {
  const char* text;
  int error;
};
void PrintTo(const MemmapRow& row, std::ostream* out) {
  *out << readable(row.text);
}
class MemmapOnMemory : public ::testing::TestWithParam<MemmapRow> {};
TEST_P(MemmapOnMemory, TakesNoTruth) {
  const Memory memory(KernelId::linux_6_12);
  EXPECT_EQ(memory.write(DEVICE "/memmap_on_memory", GetParam().text), GetParam().error);
  EXPECT_EQ(memory.read(DEVICE "/memmap_on_memory"), "0\n");
}
INSTANTIATE_TEST_SUITE_P(Rows, MemmapOnMemory,
                         ::testing::Values(MemmapRow{"1", EOPNOTSUPP}, MemmapRow{"y", EOPNOTSUPP},
                                           MemmapRow{"on", EOPNOTSUPP}, MemmapRow{"0", 0}, MemmapRow{"N", 0},
                                           MemmapRow{"2", EINVAL}, MemmapRow{"x", EINVAL}, MemmapRow{"-1", EINVAL}));

} // namespace
} // namespace daxemu::sysfs
