// What attributes of the cxl bus read as and take.
#include "emu/sysfs/cxl/cxl_values.hpp"

#include "emu/sysfs/cxl/cdat.hpp"
#include "tests/unit/sysfs/cxl_lab.hpp"

namespace daxemu::sysfs {
namespace {

TEST(SysfsCxlValues, ARegionsNameIsScannedAsSscanfDoes) {
  EXPECT_EQ(scan_region_id("region0"), 0);
  EXPECT_EQ(scan_region_id("region12\n"), 12);
  EXPECT_EQ(scan_region_id("region 7"), 7);
  EXPECT_EQ(scan_region_id("region3garbage"), 3);
  EXPECT_EQ(scan_region_id("region-1"), -1);
  EXPECT_EQ(scan_region_id("region4294967296"), 0); // it wraps around
  EXPECT_FALSE(scan_region_id("region"));
  EXPECT_FALSE(scan_region_id("regionx"));
  EXPECT_FALSE(scan_region_id("Region0"));
  EXPECT_FALSE(scan_region_id(""));
}

TEST(SysfsCxlValues, AddressesAreAsWideAsPointers) {
  TextBuffer<64> text;
  put_address(0x10000000, text);
  EXPECT_EQ(text.view(), "0x0000000010000000");
}

TEST(SysfsCxlValues, UnsignedIntsEndAt32Bits) {
  EXPECT_EQ(*parse_uint("4294967295\n"), 4294967295U);
  EXPECT_EQ(parse_uint("4294967296").error().value, ERANGE);
  EXPECT_EQ(parse_uint("-1").error().value, EINVAL);
}

// The guest's endpoint2/CDAT and endpoint4/CDAT.
constexpr std::string_view kVolatile =
    "a000000002ed00000000000000000000000018000000000000000000000000000000002000000000010018000000010010270000000000000f"
    "000000000000000100180000000200102700000000000019000000000000000100180000000400e80300000000000010000000000000000100"
    "180000000500e8030000000000001000000000000000040018000001000000000000000000000000002000000000";
constexpr std::string_view kPersistent =
    "a000000002e800000000000000000000000018000004000000000000000000000000002000000000010018000000010010270000000000000f"
    "000000000000000100180000000200102700000000000019000000000000000100180000000400e80300000000000010000000000000000100"
    "180000000500e8030000000000001000000000000000040018000002000000000000000000000000002000000000";

std::string hex_of(std::string_view bytes) {
  TextBuffer<1024> text;
  for (const char byte : bytes) {
    text.digits(static_cast<unsigned>(static_cast<unsigned char>(byte)), 16, 2);
  }
  return std::string(text.view());
}

TEST(SysfsCxlValues, TheCoherentDeviceAttributeTableIsTheGuests) {
  const CxlLab lab;
  EXPECT_EQ(hex_of(lab.read("/sys/bus/cxl/devices/endpoint2/CDAT")), kVolatile);
  EXPECT_EQ(hex_of(lab.read("/sys/bus/cxl/devices/endpoint4/CDAT")), kPersistent);
}

TEST(SysfsCxlValues, WaysAreUnsignedAndLaterAnInt) {
  const std::string ways = "/sys/bus/cxl/devices/region0/interleave_ways";
  const CxlLab before(KernelId::linux_6_12);
  ASSERT_EQ(before.write("/sys/bus/cxl/devices/decoder0.0/create_ram_region", "region0"), 0);
  EXPECT_EQ(before.write(ways, "3000000000"), EINVAL);
  const CxlLab after(KernelId::linux_7_3);
  ASSERT_EQ(after.write("/sys/bus/cxl/devices/decoder0.0/create_ram_region", "region0"), 0);
  EXPECT_EQ(after.write(ways, "3000000000"), ERANGE);
}

TEST(SysfsCxlValues, WhatARegionShowsDependsOnItsModeAndKernel) {
  const CxlLab lab(KernelId::linux_7_3);
  ASSERT_EQ(lab.write("/sys/bus/cxl/devices/decoder0.0/create_ram_region", "region0\n"), 0);
  ASSERT_EQ(lab.write("/sys/bus/cxl/devices/decoder0.1/create_pmem_region", "region1\n"), 0);
  EXPECT_EQ(lab.mode_of("/sys/bus/cxl/devices/region0/uuid"), 0444U);
  EXPECT_EQ(lab.mode_of("/sys/bus/cxl/devices/region1/uuid"), 0644U);
  EXPECT_EQ(lab.read("/sys/bus/cxl/devices/region0/uuid"), "\n");
  EXPECT_EQ(lab.read("/sys/bus/cxl/devices/region1/uuid"), "00000000-0000-0000-0000-000000000000\n");
  EXPECT_EQ(lab.read("/sys/bus/cxl/devices/region0/locked"), "0\n");
  EXPECT_FALSE(lab.exists("/sys/bus/cxl/devices/region0/target0")); // until it has ways
  ASSERT_EQ(lab.write("/sys/bus/cxl/devices/region0/interleave_ways", "2"), 0);
  EXPECT_TRUE(lab.exists("/sys/bus/cxl/devices/region0/target1"));
  EXPECT_FALSE(lab.exists("/sys/bus/cxl/devices/region0/target2"));
  const CxlLab older(KernelId::linux_6_12);
  ASSERT_EQ(older.write("/sys/bus/cxl/devices/decoder0.0/create_ram_region", "region0\n"), 0);
  EXPECT_FALSE(older.exists("/sys/bus/cxl/devices/region0/locked"));
}

TEST(SysfsCxlValues, ADeletedRegionsNameMustBeExact) {
  const CxlLab lab;
  const std::string window = "/sys/bus/cxl/devices/decoder0.0/";
  ASSERT_EQ(lab.write(window + "create_ram_region", "region0"), 0);
  EXPECT_EQ(lab.write(window + "delete_region", "garbage"), EINVAL);
  EXPECT_EQ(lab.write(window + "delete_region", "region0garbage"), ENODEV);
  EXPECT_EQ(lab.write(window + "delete_region", "region1"), ENODEV);
  EXPECT_EQ(lab.write(window + "delete_region", "region0\n"), 0);
}

} // namespace
} // namespace daxemu::sysfs
