// The order of listings, against what kernels listed.
#include <algorithm>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "emu/sysfs/schema/kernfs_order.hpp"

namespace daxemu::sysfs {
namespace {

using Names = std::vector<std::string_view>;

Names in_order(Names names) {
  std::sort(names.begin(), names.end(),
            [](std::string_view one, std::string_view other) { return KernfsName(one) < KernfsName(other); });
  return names;
}

// `ls -U` of /sys/kernel and /sys/bus of a running kernel.
TEST(KernfsOrder, IsThatOfRealDirectories) {
  const Names kernel = {"warn_count", "notes",        "hardlockup_count", "mm",     "uevent_seqnum",
                        "profiling",  "btf",          "vmcoreinfo",       "reboot", "tracing",
                        "slab",       "iommu_groups", "security",         "irq",    "fscaps",
                        "rcu_normal", "debug",        "rcu_expedited",    "cgroup", "boot_params"};
  Names shuffled = kernel;
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(in_order(shuffled), kernel);
  EXPECT_EQ(in_order({"cpu", "dax", "memory", "nd", "node", "pci", "platform"}),
            (Names{"nd", "platform", "pci", "cpu", "dax", "node", "memory"}));
}

// Linux 6.1 with a hmem region of four devices: daxctl, which turns readdir's order round, listed 6, 1, 3, 2.
TEST(KernfsOrder, OfDevicesIsThatOfDaxctlInTheGuest) {
  EXPECT_EQ(in_order({"dax0.1", "dax0.2", "dax0.3", "dax0.6"}), (Names{"dax0.2", "dax0.3", "dax0.1", "dax0.6"}));
}

TEST(KernfsOrder, PlacesAreNeverThoseOfDotAndDotDot) {
  for (const std::string_view name : {"", "a", "dax0.0", "size"}) {
    EXPECT_GE(kernfs_place(name), 2U) << name;
    EXPECT_LT(kernfs_place(name), 0x7fffffffU) << name;
  }
}

} // namespace
} // namespace daxemu::sysfs
