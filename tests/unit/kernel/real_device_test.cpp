// The switch DAXEMU=auto|emulate|kernel, decided on made-up dax buses. The guest tests decide it on real ones.
#include "runtime/kernel/mode.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <gtest/gtest.h>

namespace daxemu::kernel {
namespace {

namespace fs = std::filesystem;

class Bus : public ::testing::Test {
protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("daxemu-bus-" + std::to_string(::getpid()));
    fs::create_directories(root_ / "devices");
  }
  void TearDown() override { fs::remove_all(root_); }
  void add(const std::string& name, const char* driver) {
    const fs::path device = root_ / "devices" / name;
    fs::create_directories(device);
    std::ofstream(device / "size") << "4294967296\n";
    std::ofstream(device / "align") << "2097152\n";
    std::ofstream(device / "target_node") << "3\n";
    if (*driver != '\0') {
      fs::create_symlink("../../../../bus/dax/drivers/" + std::string(driver), device / "driver");
    }
  }
  std::string bus() const { return root_ / "devices"; }
  fs::path root_;
};

TEST_F(Bus, DevicesAreReadInOrderOfTheirNames) {
  add("dax1.0", "kmem");
  add("dax0.0", "device_dax");
  add("dax0.1", "");
  const auto devices = real_devices(bus());
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0].name, "dax0.0");
  EXPECT_EQ(devices[0].size, 4ULL << 30);
  EXPECT_EQ(devices[0].align, 2ULL << 20);
  EXPECT_EQ(devices[0].target_node, 3);
  EXPECT_EQ(devices[0].numa_node, -1); // this bus has no such attribute
  EXPECT_EQ(devices[0].driver, "device_dax");
  EXPECT_EQ(devices[1].driver, "");
  EXPECT_EQ(devices[2].driver, "kmem");
}

TEST_F(Bus, NoBusMeansNoDevices) {
  EXPECT_TRUE(real_devices(root_ / "absent").empty());
  EXPECT_EQ(real_device("dax0.0", root_ / "absent").error(), Errno{ENODEV});
}

TEST_F(Bus, EmulateNeverLooksAtTheMachine) {
  add("dax0.0", "device_dax");
  auto choice = choose(Mode::emulate, {.name = "dax0.0", .size = {}, .align = {}}, bus());
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->real);
}

TEST_F(Bus, AutomaticEmulatesWithoutADeviceAndSaysSo) {
  auto choice = choose(Mode::automatic, {.name = "dax0.0", .size = {}, .align = {}}, bus());
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->real);
  EXPECT_NE(choice->why.find("no device-dax named dax0.0"), std::string::npos);
}

TEST_F(Bus, KernelModeRefusesWithoutADevice) {
  auto choice = choose(Mode::kernel, {.name = "dax7.0", .size = {}, .align = {}}, bus());
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, ENODEV);
  EXPECT_NE(choice.error().what.find("dax7.0"), std::string::npos);
}

TEST_F(Bus, KernelModeRefusesADeviceOfAnotherDriver) {
  add("dax0.0", "kmem");
  auto choice = choose(Mode::kernel, {.name = "dax0.0", .size = {}, .align = {}}, bus());
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, EINVAL);
}

TEST(ModeWords, AreThree) {
  EXPECT_EQ(*parse_mode("auto"), Mode::automatic);
  EXPECT_EQ(*parse_mode("emulate"), Mode::emulate);
  EXPECT_EQ(*parse_mode("kernel"), Mode::kernel);
  auto bad = parse_mode("real");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("real"), std::string::npos);
}

} // namespace
} // namespace daxemu::kernel
