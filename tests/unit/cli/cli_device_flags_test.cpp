// What the flags of a device mean, and how a bad value is refused.
#include "runtime/cli/plan/device_flags.hpp"
#include "tests/unit/readable.hpp"

#include <cstdio>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;

TEST(DeviceFlags, DefaultsAreA4gDeviceOf2mExtents) {
  const auto wish = read_device_flags({});
  ASSERT_TRUE(wish) << wish.error().what;
  const RegionPlan& region = wish->platform.regions.at(0);
  const DevicePlan& device = region.devices.at(0);
  EXPECT_EQ(device.size, 4ULL << 30);
  EXPECT_EQ(device.align, 2ULL << 20);
  EXPECT_EQ(region.id, 0U);
  EXPECT_EQ(device.id, 0U);
  EXPECT_FALSE(wish->platform.backing);
  EXPECT_FALSE(region.numa_node);
}

TEST(DeviceFlags, EachFlagIsRead) {
  DeviceFlags flags;
  flags.size = "2GiB";
  flags.align = "1g";
  flags.device = "/dev/dax3.7";
  flags.backing = "shmem";
  flags.engine = "populate";
  flags.region = "pmem";
  flags.numa_node = "2";
  const auto wish = read_device_flags(flags);
  ASSERT_TRUE(wish) << wish.error().what;
  const RegionPlan& region = wish->platform.regions.at(0);
  const DevicePlan& device = region.devices.at(0);
  EXPECT_EQ(device.size, 2ULL << 30);
  EXPECT_EQ(device.align, 1ULL << 30);
  EXPECT_EQ(region.id, 3U);
  EXPECT_EQ(device.id, 7U);
  EXPECT_EQ(wish->platform.backing, store::BackingKind::shmem);
  EXPECT_EQ(wish->platform.engine, store::EngineKind::populate);
  EXPECT_EQ(region.kind, store::RegionKind::pmem);
  EXPECT_EQ(region.numa_node, 2);
}

struct BadRow {
  std::function<void(DeviceFlags&)> set;
  const char* what;
  const char* remedy;
};
void PrintTo(const BadRow& row, std::ostream* out) {
  *out << readable(row.what);
}
class BadFlag : public ::testing::TestWithParam<BadRow> {};
TEST_P(BadFlag, IsNamedWithItsValueAndARemedy) {
  DeviceFlags flags;
  GetParam().set(flags);
  const auto wish = read_device_flags(flags);
  ASSERT_FALSE(wish);
  EXPECT_EQ(wish.error().code, EINVAL);
  EXPECT_THAT(wish.error().what, HasSubstr(GetParam().what));
  EXPECT_THAT(wish.error().remedy, HasSubstr(GetParam().remedy));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadFlag,
    ::testing::Values(
        BadRow{[](DeviceFlags& f) { f.size = "3M"; }, "--size 3M is not a multiple of 2M", "--size 2M or 4M"},
        BadRow{[](DeviceFlags& f) { f.size = "1.5G"; }, "--size 1.5G is no size", "2M or 4G"},
        BadRow{[](DeviceFlags& f) { f.size = "9000000T"; }, "--size 9000000T is more than a file can hold", "2M or 4G"},
        BadRow{[](DeviceFlags& f) { f.size = "0"; }, "--size 0", "--size 2M"},
        BadRow{[](DeviceFlags& f) { f.align = "3M"; }, "--align 3M is no extent size", "4K, 2M or 1G"},
        BadRow{[](DeviceFlags& f) { f.align = "huge"; }, "--align huge is no size", "2M"},
        BadRow{[](DeviceFlags& f) { f.device = "pmem0"; }, "--device pmem0 is no device name", "dax0.0"},
        BadRow{[](DeviceFlags& f) { f.backing = "disk"; }, "--backing disk is not known", "auto, hugetlb, shmem"},
        BadRow{[](DeviceFlags& f) { f.engine = "steam"; }, "--engine steam is not known", "handler"},
        BadRow{[](DeviceFlags& f) { f.region = "cxi"; }, "--region cxi is not known", "hmem, pmem, cxl"},
        BadRow{[](DeviceFlags& f) { f.numa_node = "-5"; }, "--numa-node -5 is no node number", "doctor"},
        BadRow{[](DeviceFlags& f) { f.numa_node = "1x"; }, "--numa-node 1x is no node number", "doctor"}));

TEST(DeviceFlags, KernelGoesBeforeThatOfTheFile) {
  const std::string file = ::testing::TempDir() + "daxemu-kernel-flag.json";
  std::ofstream(file) << R"({ "kernel": "7.3", "regions": [ { "devices": [ { "size": "64M" } ] } ] })";
  DeviceFlags flags;
  flags.config = file;
  const auto by_file = read_device_flags(flags);
  flags.kernel = "6.12";
  const auto by_flag = read_device_flags(flags);
  flags.kernel = "5.0";
  const auto by_none = read_device_flags(flags);
  std::remove(file.c_str());
  ASSERT_TRUE(by_file) << by_file.error().what;
  EXPECT_EQ(by_file->platform.kernel, KernelId::linux_7_3);
  ASSERT_TRUE(by_flag) << by_flag.error().what;
  EXPECT_EQ(by_flag->platform.kernel, KernelId::linux_6_12);
  ASSERT_FALSE(by_none);
  EXPECT_THAT(by_none.error().what, HasSubstr("5.0"));
}

} // namespace
} // namespace daxemu::cli
