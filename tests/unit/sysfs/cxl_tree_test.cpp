// Where the things of a CXL bus are, and that a platform without one has none of them.
#include <sys/sysmacros.h>

#include "tests/unit/sysfs/cxl_lab.hpp"

namespace daxemu::sysfs {
namespace {

TEST(SysfsCxlTree, APlatformWithoutATopologyShowsNothingOfIt) {
  const store::Store store = cxl::empty_store();
  const Tree tree(store);
  for (const char* path : {"/sys/bus/cxl", "/sys/bus/pci/devices/0000:0d:00.0", "/sys/bus/acpi/devices/ACPI0016:00",
                           "/sys/bus/platform/devices/ACPI0017:00", "/sys/bus/platform/drivers/cxl_acpi",
                           "/sys/devices/platform/ACPI0017:00", "/sys/devices/pci0000:0c", "/sys/kernel/debug/cxl",
                           "/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0017:00", "/sys/module/cxl_core", "/dev/cxl"}) {
    const auto node = tree.lookup(path);
    ASSERT_FALSE(node) << path;
    EXPECT_EQ(node.error().value, EREMOTE) << path; // whatever the machine has there
  }
}

TEST(SysfsCxlTree, EverythingOfItIsClaimed) {
  for (const char* path :
       {"/sys/bus/cxl", "/sys/bus/pci/devices/0000:0d:00.0", "/sys/bus/acpi/devices/ACPI0016:00",
        "/sys/bus/pci/drivers/cxl_pci", "/sys/bus/platform/devices/ACPI0017:00", "/sys/bus/platform/drivers/cxl_acpi",
        "/sys/devices/platform/ACPI0017:00/root0", "/sys/devices/pci0000:0c/0000:0c:00.0", "/sys/kernel/debug/cxl/mem0",
        "/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0017:00", "/sys/module/cxl_core", "/dev/cxl/mem0",
        "/sys/dev/char/250:0"}) {
    EXPECT_TRUE(Tree::may_claim(path)) << path;
  }
}

TEST(SysfsCxlTree, AMemdevHangsBelowItsFunctionAndHasANode) {
  const CxlLab lab;
  const auto link = lab.tree.lookup("/sys/bus/cxl/devices/mem1");
  ASSERT_TRUE(link);
  EXPECT_EQ(lab.tree.readlink(*link)->view(), "../../../devices/pci0000:0c/0000:0c:01.0/0000:0e:00.0/mem1");
  const auto node = lab.tree.lookup("/dev/cxl/mem1");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->type, NodeType::device);
  EXPECT_EQ(node->device, kCxlMemdevNode);
  EXPECT_EQ(node->memdev, cxl::reference_of(lab.store, *cxl::memdev_named(lab.store, "mem1")));
  EXPECT_EQ(node->number, ::makedev(250, 1));
  const auto st = lab.tree.stat(*node);
  ASSERT_TRUE(st);
  EXPECT_EQ(st->st_mode, static_cast<mode_t>(S_IFCHR) | 0600U);
  EXPECT_EQ(st->st_nlink, 1U);
  EXPECT_EQ(lab.tree.readlink(*lab.tree.lookup("/sys/dev/char/250:1"))->view(),
            "../../devices/pci0000:0c/0000:0c:01.0/0000:0e:00.0/mem1");
}

// The kernel's mock calls its devices cxl_mem.4 and the like: by numbers of their own, below its switches.
TEST(SysfsCxlTree, MemdevsOfTheMockAreFoundWhereTheirLinksLead) {
  constexpr std::uint64_t kSize = 512 * cxl::kMega;
  cxl::TopologySpec spec = guest_topology();
  spec.mock = true;
  spec.host_bridges[0].root_ports = {cxl::memdev_below(kSize), cxl::memdev_below(kSize), cxl::memdev_below(kSize)};
  const CxlLab lab(KernelId::linux_6_12, spec);
  for (const char* memdev : {"mem0", "mem1", "mem2"}) {
    EXPECT_TRUE(lab.exists(std::string("/sys/bus/cxl/devices/") + memdev + "/serial")) << memdev;
  }
}

TEST(SysfsCxlTree, AMemdevThatIsLetGoOfLosesItsEndpointAndWhatItsDriverShows) {
  const CxlLab lab;
  const std::string poison = "/sys/bus/cxl/devices/mem0/trigger_poison_list";
  ASSERT_TRUE(lab.exists(poison));
  ASSERT_TRUE(lab.exists("/sys/kernel/debug/cxl/mem0"));
  ASSERT_EQ(lab.write("/sys/bus/cxl/drivers/cxl_mem/unbind", "mem0\n"), 0);
  EXPECT_FALSE(lab.exists(poison));
  EXPECT_FALSE(lab.exists("/sys/kernel/debug/cxl/mem0"));
  EXPECT_FALSE(lab.exists("/sys/bus/cxl/devices/endpoint2"));
  EXPECT_FALSE(lab.exists("/sys/bus/cxl/drivers/cxl_mem/mem0"));
  EXPECT_TRUE(lab.exists("/dev/cxl/mem0"));
  EXPECT_EQ(lab.read("/sys/bus/cxl/devices/mem0/uevent"),
            "MAJOR=250\nMINOR=0\nDEVNAME=cxl/mem0\nDEVTYPE=cxl_memdev\nMODALIAS=cxl:t5\n");
}

TEST(SysfsCxlTree, AFunctionThatIsRemovedTakesWhatIsBelowItAlong) {
  const CxlLab lab;
  ASSERT_EQ(lab.write("/sys/devices/pci0000:0c/0000:0c:00.0/remove", "1"), 0);
  EXPECT_FALSE(lab.exists("/sys/devices/pci0000:0c/0000:0c:00.0"));
  EXPECT_FALSE(lab.exists("/sys/bus/pci/devices/0000:0d:00.0"));
  EXPECT_FALSE(lab.exists("/sys/bus/cxl/devices/mem0"));
  EXPECT_FALSE(lab.exists("/dev/cxl/mem0"));
  EXPECT_EQ(lab.write("/sys/bus/pci/rescan", "nonsense"), EINVAL);
  ASSERT_EQ(lab.write("/sys/bus/pci/rescan", "1"), 0);
  EXPECT_TRUE(lab.exists("/sys/bus/cxl/devices/mem0"));
}

TEST(SysfsCxlTree, WithoutCxlAcpiThereAreMemdevsAndNothingElse) {
  const CxlLab lab;
  const std::string driver = "/sys/bus/platform/drivers/cxl_acpi/";
  EXPECT_EQ(lab.write(driver + "unbind", "mem0"), ENODEV);
  EXPECT_EQ(lab.write(driver + "bind", "ACPI0017:00"), EBUSY);
  ASSERT_EQ(lab.write(driver + "unbind", "ACPI0017:00\n"), 0);
  EXPECT_EQ(lab.read("/sys/devices/platform/ACPI0017:00/uevent"), "MODALIAS=acpi:ACPI0017:\n");
  for (const char* gone : {"/sys/devices/platform/ACPI0017:00/driver", "/sys/bus/platform/drivers/cxl_acpi/ACPI0017:00",
                           "/sys/devices/platform/ACPI0017:00/root0", "/sys/bus/cxl/devices/root0",
                           "/sys/bus/cxl/devices/nvdimm-bridge0", "/sys/bus/cxl/devices/endpoint2"}) {
    EXPECT_FALSE(lab.exists(gone)) << gone;
  }
  EXPECT_TRUE(lab.exists("/sys/bus/cxl/devices/mem0"));
  ASSERT_EQ(lab.write(driver + "bind", "ACPI0017:00\n"), 0);
  EXPECT_TRUE(lab.exists("/sys/bus/cxl/devices/endpoint2"));
}

TEST(SysfsCxlTree, WhatTheBusTakesIsOneWord) {
  const CxlLab lab;
  EXPECT_EQ(lab.write("/sys/bus/cxl/flush", "1"), 0);
  EXPECT_EQ(lab.write("/sys/bus/cxl/flush", "0"), EINVAL);
  EXPECT_EQ(lab.write("/sys/bus/cxl/drivers_autoprobe", "0"), 0);
  EXPECT_EQ(lab.read("/sys/bus/cxl/drivers_autoprobe"), "0\n");
  EXPECT_EQ(lab.write("/sys/bus/cxl/drivers_probe", "nobody"), ENODEV);
  EXPECT_EQ(lab.write("/sys/kernel/debug/cxl/mbox/raw_allow_all", "y"), 0);
  EXPECT_EQ(lab.read("/sys/kernel/debug/cxl/mbox/raw_allow_all"), "Y\n");
}

TEST(SysfsCxlTree, WhichDeviceAddressesAreWhose) {
  const CxlLab lab;
  const std::string decoder = "/sys/bus/cxl/devices/decoder2.0/";
  ASSERT_EQ(lab.write(decoder + "mode", "ram"), 0);
  ASSERT_EQ(lab.write(decoder + "dpa_size", "0x10000000"), 0);
  EXPECT_EQ(lab.read("/sys/kernel/debug/cxl/mem0/dpamem"),
            "00000000-1fffffff : ram\n  00000000-0fffffff : decoder2.0\n");
}

} // namespace
} // namespace daxemu::sysfs
