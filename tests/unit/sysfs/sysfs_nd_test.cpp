// The nd bus: who may have a namespace, and what becomes of the device that it is.
#include <sys/sysmacros.h>

#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::uint64_t kSize = 256ULL << 20;
constexpr const char* kDrivers = "/sys/bus/nd/drivers/";
constexpr const char* kRegion = "/sys/devices/platform/e820_pmem/ndbus0/region0/";

struct Nd : Fixture {
  Nd() : Fixture(kSize, store::RegionKind::pmem) {}
  [[nodiscard]] int driver(const std::string& what, const char* name) const { return write(kDrivers + what, name); }
  [[nodiscard]] int set(const std::string& what, const char* value) const { return write(kRegion + what, value); }
  [[nodiscard]] std::string get(const std::string& what) const { return read(kRegion + what); }
};

TEST(SysfsNd, ANamespaceOutOfUseTakesItsDeviceAlongAndBringsItBack) {
  const Nd nd;
  const std::string uuid = nd.get("dax0.0/uuid");
  EXPECT_EQ(nd.driver("dax_pmem/unbind", "dax0.0\n"), 0);
  EXPECT_EQ(nd.lookup_error("/sys/bus/dax/devices/dax0.0"), ENOENT);
  EXPECT_EQ(nd.get("dax0.0/size"), "errno " + std::to_string(ENXIO));
  EXPECT_EQ(nd.set("dax0.0/namespace", "\n"), 0);
  EXPECT_EQ(nd.lookup_error(std::string(kRegion) + "dax0.0"), ENOENT); // no seed: gone
  EXPECT_EQ(nd.get("namespace0.0/holder"), "\n");
  EXPECT_EQ(nd.get("namespace0.0/mode"), "memory\n");

  EXPECT_EQ(nd.driver("nd_pmem/bind", "namespace0.0"), ENXIO); // and yet:
  EXPECT_EQ(nd.get("namespace0.0/holder"), "dax0.0\n");
  EXPECT_EQ(nd.get("dax0.0/uuid"), uuid);
  EXPECT_EQ(nd.read("/sys/devices/platform/e820_pmem/ndbus0/region0/dax0.0/dax0.0/size"), std::to_string(kSize) + "\n");
}

TEST(SysfsNd, AnInfoBlockIsHeldAgainstItsUuid) {
  const Nd nd;
  ASSERT_EQ(nd.driver("dax_pmem/unbind", "dax0.0"), 0);
  ASSERT_EQ(nd.set("dax0.0/align", "4096"), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "dax0.0"), EOPNOTSUPP); // it is 2M under this uuid
  ASSERT_EQ(nd.set("dax0.0/uuid", "12345678-9abc-4ef0-8234-56789abcdef0"), 0);
  ASSERT_EQ(nd.set("dax0.0/mode", "none"), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "dax0.0"), ENXIO);
  ASSERT_EQ(nd.set("dax0.0/mode", "ram"), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "dax0.0"), 0);
  EXPECT_EQ(nd.read("/sys/devices/platform/e820_pmem/ndbus0/region0/dax0.0/dax0.0/align"), "4096\n");
}

TEST(SysfsNd, ASeedThatIsNotSupportedHasBeenProbed) {
  const Nd nd;
  const std::string uuid = nd.get("dax0.0/uuid");
  ASSERT_EQ(nd.driver("dax_pmem/unbind", "dax0.0"), 0);
  ASSERT_EQ(nd.set("dax0.0/namespace", "\n"), 0);
  ASSERT_EQ(nd.set("dax0.1/namespace", "namespace0.0"), 0);
  ASSERT_EQ(nd.set("dax0.1/align", "4096"), 0);
  ASSERT_EQ(nd.set("dax0.1/mode", "ram"), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "dax0.1"), ENODEV); // no uuid: it stays the seed
  EXPECT_EQ(nd.get("dax_seed"), "dax0.1\n");
  ASSERT_EQ(nd.set("dax0.1/uuid", uuid.c_str()), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "dax0.1"), EOPNOTSUPP); // the info block says 2M
  EXPECT_EQ(nd.get("dax_seed"), "dax0.0\n");
}

TEST(SysfsNd, OnlyOneCanHoldANamespace) {
  const Nd nd;
  EXPECT_EQ(nd.set("dax0.1/namespace", "namespace0.0"), EBUSY);
  ASSERT_EQ(nd.driver("dax_pmem/unbind", "dax0.0"), 0);
  EXPECT_EQ(nd.set("dax0.1/namespace", "namespace0.0"), EBUSY); // still its
  ASSERT_EQ(nd.set("dax0.0/namespace", "\n"), 0);
  EXPECT_EQ(nd.set("pfn0.0/namespace", "namespace0.0"), EBUSY); // meant for a dax
  EXPECT_EQ(nd.set("dax0.1/namespace", "namespace0.0"), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "dax0.1"), ENODEV); // no uuid yet
  ASSERT_EQ(nd.set("dax0.1/uuid", "12345678-9abc-4ef0-8234-56789abcdef0"), 0);
  ASSERT_EQ(nd.set("dax0.1/mode", "ram"), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "dax0.1"), 0);
  EXPECT_EQ(nd.link("/sys/bus/dax/devices/dax0.0"), "../../../devices/platform/e820_pmem/ndbus0/region0/dax0.1/dax0.0");
  EXPECT_EQ(nd.get("dax_seed"), "dax0.0\n"); // the next one
}

TEST(SysfsNd, ARawNamespaceIsADisk) {
  const Nd nd;
  ASSERT_EQ(nd.driver("dax_pmem/unbind", "dax0.0"), 0);
  ASSERT_EQ(nd.set("dax0.0/namespace", "\n"), 0);
  ASSERT_EQ(nd.set("namespace0.0/force_raw", "1"), 0);
  EXPECT_EQ(nd.get("namespace0.0/mode"), "raw\n");
  for (const char* path : {"/dev/pmem0", "/sys/block/pmem0", "/sys/class/block/pmem0", "/sys/dev/block/259:1048575"}) {
    EXPECT_EQ(nd.lookup_error(path), EREMOTE) << path;
  }
  EXPECT_EQ(nd.driver("nd_pmem/bind", "namespace0.0"), 0);
  EXPECT_EQ(nd.driver("nd_pmem/bind", "namespace0.0"), EBUSY);
  EXPECT_EQ(nd.set("namespace0.0/holder_class", "dax"), EBUSY);

  EXPECT_EQ(nd.names(std::string(kRegion) + "namespace0.0/block"), std::vector<std::string>{"pmem0"});
  EXPECT_EQ(nd.link(std::string(kRegion) + "namespace0.0/driver"), "../../../../../../bus/nd/drivers/nd_pmem");
  EXPECT_EQ(nd.get("namespace0.0/uevent"), "DEVTYPE=nd_namespace_io\nDRIVER=nd_pmem\nMODALIAS=nd:t4\n");
  EXPECT_EQ(nd.get("namespace0.0/block/pmem0/size"), std::to_string((kSize + kPmdSize) / 512) + "\n");
  EXPECT_EQ(nd.get("namespace0.0/block/pmem0/dev"), "259:1048575\n");
  EXPECT_EQ(nd.get("namespace0.0/block/pmem0/queue/logical_block_size"), "512\n");
  EXPECT_EQ(nd.link("/sys/class/block/pmem0"),
            "../../devices/platform/e820_pmem/ndbus0/region0/namespace0.0/block/pmem0");
  EXPECT_EQ(nd.link(std::string(kRegion) + "namespace0.0/block/pmem0/device"), "../../../namespace0.0");
  const auto node = nd.tree.lookup("/dev/pmem0");
  ASSERT_TRUE(node);
  const auto about = nd.tree.stat(*node);
  ASSERT_TRUE(about);
  EXPECT_EQ(about->st_mode, S_IFBLK | 0660U);
  EXPECT_EQ(about->st_rdev, ::makedev(259, 1048575));

  EXPECT_EQ(nd.driver("nd_pmem/unbind", "namespace0.0"), 0);
  EXPECT_EQ(nd.driver("nd_pmem/unbind", "namespace0.0"), ENODEV);
  EXPECT_EQ(nd.lookup_error("/dev/pmem0"), EREMOTE);
  EXPECT_EQ(nd.lookup_error(std::string(kRegion) + "namespace0.0/block"), ENOENT);
}

TEST(SysfsNd, APfnHasTheDiskOfItsNamespace) {
  const Nd nd;
  ASSERT_EQ(nd.driver("dax_pmem/unbind", "dax0.0"), 0);
  ASSERT_EQ(nd.set("dax0.0/namespace", "\n"), 0);
  ASSERT_EQ(nd.set("namespace0.0/holder_class", "pfn"), ENXIO); // and is so all the same
  ASSERT_EQ(nd.set("pfn0.0/namespace", "namespace0.0"), 0);
  ASSERT_EQ(nd.set("pfn0.0/uuid", "12345678-9abc-4ef0-8234-56789abcdef0"), 0);
  EXPECT_EQ(nd.driver("nd_pmem/bind", "pfn0.0"), ENXIO); // nobody said where its struct pages are
  ASSERT_EQ(nd.set("pfn0.0/mode", "ram"), 0);
  EXPECT_EQ(nd.driver("dax_pmem/bind", "pfn0.0"), ENODEV);
  ASSERT_EQ(nd.driver("nd_pmem/bind", "pfn0.0"), 0);
  EXPECT_EQ(nd.names(std::string(kRegion) + "pfn0.0/block"), (std::vector<std::string>{"pmem0"}));
  EXPECT_EQ(nd.names("/sys/class/block"), (std::vector<std::string>{"pmem0"}));
  EXPECT_EQ(nd.lookup_error(std::string(kRegion) + "namespace0.0/block"), ENOENT);
  EXPECT_EQ(nd.lookup_error("/sys/bus/nd/drivers/nd_pmem/pfn0.0"), 0);
  EXPECT_EQ(nd.driver("nd_pmem/bind", "namespace0.0"), ENXIO); // it is held
  EXPECT_EQ(nd.driver("nd_pmem/unbind", "namespace0.0"), ENODEV);
  EXPECT_EQ(nd.driver("nd_pmem/unbind", "pfn0.0"), 0);
  EXPECT_EQ(nd.lookup_error(std::string(kRegion) + "pfn0.0/block"), ENOENT);
}

TEST(SysfsNd, ABttWantsARegionWithLabels) {
  const Nd nd;
  ASSERT_EQ(nd.driver("dax_pmem/unbind", "dax0.0"), 0);
  ASSERT_EQ(nd.set("dax0.0/namespace", "\n"), 0);
  ASSERT_EQ(nd.set("namespace0.0/holder_class", "btt"), ENXIO); // and is so all the same
  ASSERT_EQ(nd.set("btt0.0/namespace", "namespace0.0"), 0);
  ASSERT_EQ(nd.set("btt0.0/uuid", "12345678-9abc-4ef0-8234-56789abcdef0"), 0);
  EXPECT_EQ(nd.driver("nd_pmem/bind", "btt0.0"), ENODEV);
  ASSERT_EQ(nd.set("btt0.0/sector_size", "4096"), 0);
  EXPECT_EQ(nd.driver("nd_pmem/bind", "btt0.0"), EOPNOTSUPP);
}

TEST(SysfsNd, ARegionGoesAndComesBack) {
  const Nd nd;
  EXPECT_EQ(nd.driver("nd_region/bind", "region0"), EBUSY);
  EXPECT_EQ(nd.driver("nd_region/unbind", "region0"), 0);
  EXPECT_EQ(nd.driver("nd_region/unbind", "region0"), ENODEV);
  EXPECT_EQ(nd.names("/sys/bus/nd/devices"), (std::vector<std::string>{"ndbus0", "region0"}));
  EXPECT_EQ(nd.lookup_error("/dev/dax0.0"), EREMOTE); // whatever the machine has there
  EXPECT_EQ(nd.driver("nd_region/bind", "region0"), 0);
  EXPECT_EQ(nd.lookup_error("/dev/dax0.0"), 0);
}

} // namespace
} // namespace daxemu::sysfs
