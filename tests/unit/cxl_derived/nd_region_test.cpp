// Persistent CXL regions on the nd bus: DIMMs, labels, namespaces, as a guest of 6.12 showed them with one memdev of
// 512M and a label area of 1M, and ndctl 81 creating and destroying one.
#include "emu/nd/region.hpp"

#include <array>

#include "emu/nd/labels/label_area.hpp"
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/procfs/machine_lines.hpp"
#include "tests/unit/cxl_derived/lab.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kSize = 512ULL << 20;
constexpr std::uint64_t kLabels = 1ULL << 20;
#define NDBUS "/sys/devices/platform/ACPI0017:00/root0/nvdimm-bridge0/ndbus0"
#define REGION NDBUS "/region0"
constexpr const char* kNamespaceUuid = "f349fee8-6ff0-47a1-9faa-8e7f5afae3a7";
constexpr const char* kDaxUuid = "8d68df77-5ac5-43c2-b615-12bec99c60a5";

struct CxlNdRegion : ::testing::Test { // NOLINT
  explicit CxlNdRegion(std::uint32_t ways = 1) : lab(ways, KernelId::linux_6_12, store::BackingKind::shmem, kLabels) {
    store::CxlState& state = lab.store->cxl().state;
    state.memdevs[0].serial = 3;
    state.memdevs[0].id = 2;
    region = &lab.region(0, kWindow, ways * kSize, ways, 256, 0, 0, CxlMode::pmem);
    enable();
  }
  void enable() const {
    auto change = dax::Change::begin(*lab.store);
    EXPECT_TRUE(add_nd_region(*lab.store, *region));
  }
  void disable() const {
    auto change = dax::Change::begin(*lab.store);
    remove_nd_region(*lab.store, *region);
  }
  [[nodiscard]] static std::string below(const std::string& name) { return REGION "/" + name; }
  [[nodiscard]] std::string read(const std::string& name) const { return lab.read(below(name)); }
  [[nodiscard]] int write(const std::string& name, std::string_view text) const { return lab.write(below(name), text); }
  // What ndctl create-namespace -m devdax writes, of the seeds that there are.
  void create(const std::string& space, const std::string& dax, const char* size, const char* uuid = kNamespaceUuid,
              const char* dax_uuid = kDaxUuid) const {
    EXPECT_EQ(write(space + "/alt_name", ""), 0);
    EXPECT_EQ(write(space + "/uuid", uuid), 0);
    EXPECT_EQ(write(space + "/size", size), 0);
    EXPECT_EQ(write(space + "/sector_size", "512"), 0);
    EXPECT_EQ(write(space + "/force_raw", "0"), 0);
    EXPECT_EQ(write(space + "/holder_class", "dax"), 0);
    EXPECT_EQ(write(dax + "/uuid", dax_uuid), 0);
    EXPECT_EQ(write(dax + "/mode", "pmem\n"), 0);
    EXPECT_EQ(write(dax + "/align", "2097152"), 0);
    EXPECT_EQ(write(dax + "/namespace", space), 0);
    EXPECT_EQ(lab.write("/sys/bus/nd/drivers/dax_pmem/bind", dax), 0);
  }
  Lab lab;
  CxlRegionRecord* region = nullptr;
};

TEST_F(CxlNdRegion, BeginsWithAnEmptyNamespace) {
  const std::pair<const char*, const char*> kExpected[] = {
      {"align", "0x1000000\n"},
      {"available_size", "536870912\n"},
      {"badblocks", ""},
      {"btt0.0/modalias", "nd:t5\n"},
      {"btt0.0/numa_node", "0\n"},
      {"btt0.0/target_node", "1\n"},
      {"btt_seed", "btt0.0\n"},
      {"dax0.0/modalias", "nd:t7\n"},
      {"dax0.0/resource", "errno 6"},
      {"dax_seed", "dax0.0\n"},
      {"deep_flush", "0\n"},
      {"devtype", "nd_pmem\n"},
      {"init_namespaces", "1/1\n"},
      {"mapping0", "nmem0,0,536870912,0\n"},
      {"mappings", "1\n"},
      {"max_available_extent", "536870912\n"},
      {"modalias", "nd:t2\n"},
      {"namespace0.0/alt_name", "\n"},
      {"namespace0.0/devtype", "nd_namespace_pmem\n"},
      {"namespace0.0/dpa_extents", "0\n"},
      {"namespace0.0/force_raw", "0\n"},
      {"namespace0.0/holder", "\n"},
      {"namespace0.0/holder_class", "\n"},
      {"namespace0.0/modalias", "nd:t5\n"},
      {"namespace0.0/mode", "raw\n"},
      {"namespace0.0/nstype", "5\n"},
      {"namespace0.0/numa_node", "0\n"},
      {"namespace0.0/resource", "errno 6"},
      {"namespace0.0/sector_size", "512 4096 \n"},
      {"namespace0.0/size", "0\n"},
      {"namespace0.0/target_node", "1\n"},
      {"namespace0.0/uevent", "DEVTYPE=nd_namespace_pmem\nMODALIAS=nd:t5\n"},
      {"namespace0.0/uuid", "\n"},
      {"namespace_seed", "namespace0.0\n"},
      {"nstype", "5\n"},
      {"numa_node", "0\n"},
      {"persistence_domain", "memory_controller\n"},
      {"pfn0.0/uevent", "DEVTYPE=nd_pfn\nMODALIAS=nd:t5\n"},
      {"read_only", "0\n"},
      {"resource", "0xa90000000\n"},
      {"set_cookie", "0x600000003\n"},
      {"size", "536870912\n"},
      {"target_node", "1\n"},
      {"uevent", "DEVTYPE=nd_pmem\nDRIVER=nd_region\nMODALIAS=nd:t2\n"},
  };
  for (const auto& [name, text] : kExpected) {
    EXPECT_EQ(read(name), text) << name;
  }
}

TEST_F(CxlNdRegion, HasADimmOfItsMemdev) {
  const std::pair<const char*, const char*> kExpected[] = {
      {"nmem0/available_slots", "4089\n"},
      {"nmem0/commands", "get_size get_data set_data \n"},
      {"nmem0/cxl/id", "3\n"},
      {"nmem0/cxl/provider", "pmem2\n"},
      {"nmem0/dev", "243:0\n"},
      {"nmem0/devtype", "nvdimm\n"},
      {"nmem0/flags", "label \n"},
      {"nmem0/frozen", "0\n"},
      {"nmem0/modalias", "nd:t1\n"},
      {"nmem0/security", "disabled\n"},
      {"nmem0/state", "active\n"},
      {"nmem0/uevent", "MAJOR=243\nMINOR=0\nDEVNAME=nmem0\nDEVTYPE=nvdimm\nDRIVER=nvdimm\nMODALIAS=nd:t1\n"},
      {"provider", "CXL\n"},
      {"commands", "\n"},
      {"nd/ndctl0/dev", "244:0\n"},
      {"nd/ndctl0/uevent", "MAJOR=244\nMINOR=0\nDEVNAME=ndctl0\n"},
      {"wait_probe", "1\n"},
  };
  for (const auto& [name, text] : kExpected) {
    EXPECT_EQ(lab.read(std::string(NDBUS "/") + name), text) << name;
  }
  EXPECT_EQ(lab.link("/sys/bus/nd/devices/nmem0"),
            "../../../devices/platform/ACPI0017:00/root0/nvdimm-bridge0/ndbus0/nmem0");
  EXPECT_EQ(lab.link("/sys/bus/nd/drivers/nvdimm/nmem0"),
            "../../../../devices/platform/ACPI0017:00/root0/nvdimm-bridge0/ndbus0/nmem0");
  EXPECT_EQ(lab.link("/sys/class/nd/ndctl0"),
            "../../devices/platform/ACPI0017:00/root0/nvdimm-bridge0/ndbus0/nd/ndctl0");
  EXPECT_EQ(lab.link("/sys/dev/char/243:0"), "../../devices/platform/ACPI0017:00/root0/nvdimm-bridge0/ndbus0/nmem0");
  const auto node = lab.tree->lookup("/dev/nmem0");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->device, sysfs::kNdDimmNode);
  EXPECT_EQ(node->memdev, 1U);
  EXPECT_EQ(lab.tree->stat(*node)->st_nlink, 1U);
  disable();
  EXPECT_EQ(lab.read(NDBUS "/nmem0/state"), "idle\n");
  EXPECT_TRUE(lab.names("/sys/bus/nd/drivers/nd_region").size() == 4U) << "bind, module, uevent, unbind";
}

TEST_F(CxlNdRegion, GivesADevdax) {
  create("namespace0.0", "dax0.0", "536870912");
  const std::pair<const char*, const char*> kExpected[] = {
      {"available_size", "0\n"},
      {"max_available_extent", "0\n"},
      {"dax0.0/mode", "pmem\n"},
      {"dax0.0/namespace", "namespace0.0\n"},
      {"dax0.0/resource", "0xa90a00000\n"},
      {"dax0.0/size", "526385152\n"},
      {"dax0.0/uuid", "8d68df77-5ac5-43c2-b615-12bec99c60a5\n"},
      {"dax0.0/uevent", "DEVTYPE=nd_dax\nDRIVER=dax_pmem\nMODALIAS=nd:t7\n"},
      {"dax0.0/dax_region/size", "526385152\n"},
      {"dax0.0/dax_region/align", "2097152\n"},
      {"dax0.0/dax_region/id", "0\n"},
      {"dax0.0/dax0.0/size", "526385152\n"},
      {"dax0.0/dax0.0/numa_node", "0\n"},
      {"dax0.0/dax0.0/target_node", "1\n"},
      {"dax0.0/dax0.0/resource", "0xa90a00000\n"},
      {"dax0.0/dax0.0/memmap_on_memory", "0\n"},
      {"dax0.0/dax0.0/mapping0/start", "0xa90a00000\n"},
      {"dax0.0/dax0.0/mapping0/end", "0xaafffffff\n"},
      {"dax_seed", "dax0.1\n"},
      {"dax0.1/mode", "none\n"},
      {"namespace0.0/dpa_extents", "1\n"},
      {"namespace0.0/holder", "dax0.0\n"},
      {"namespace0.0/holder_class", "dax\n"},
      {"namespace0.0/mode", "dax\n"},
      {"namespace0.0/resource", "0xa90000000\n"},
      {"namespace0.0/sector_size", "[512] 4096 \n"},
      {"namespace0.0/size", "536870912\n"},
      {"namespace0.0/uuid", "f349fee8-6ff0-47a1-9faa-8e7f5afae3a7\n"},
      {"namespace0.1/size", "0\n"},
      {"namespace_seed", "namespace0.1\n"},
  };
  for (const auto& [name, text] : kExpected) {
    EXPECT_EQ(read(name), text) << name;
  }
  EXPECT_EQ(lab.read(NDBUS "/nmem0/available_slots"), "4088\n");
  EXPECT_EQ(lab.link("/sys/bus/dax/devices/dax0.0"),
            "../../../devices/platform/ACPI0017:00/root0/nvdimm-bridge0/ndbus0/region0/dax0.0/dax0.0");
  EXPECT_EQ(lab.device().state.load(), store::DeviceState::enabled);
  EXPECT_EQ(write("namespace0.0/size", "0"), EBUSY);
  EXPECT_EQ(write("namespace0.0/uuid", kDaxUuid), EBUSY);
  std::string lines;
  procfs::each_resource(*lab.store, [&](const procfs::Resource& line) {
    lines += std::string(2 * line.depth, ' ') + std::string(line.name.view()) + "\n";
  });
  EXPECT_EQ(lines, "CXL Window 0\n  Persistent Memory\n    region0\n      namespace0.0\n      dax0.0\nCXL Window 1\n");
}

TEST_F(CxlNdRegion, FindsNamespaceAndBytesAgain) {
  create("namespace0.0", "dax0.0", "536870912");
  put(lab.bytes_of(lab.device()), 12345, "persistent");
  disable();
  EXPECT_EQ(get(lab.media_of(0), 12345 + (10ULL << 20)), "persistent");
  EXPECT_TRUE(lab.names("/sys/bus/dax/devices").empty());
  enable();
  // The seeds come before the namespace is found to be a dax (guest).
  EXPECT_EQ(read("dax_seed"), "dax0.0\n");
  EXPECT_EQ(read("namespace0.0/holder"), "dax0.1\n");
  EXPECT_EQ(read("namespace0.0/uuid"), std::string(kNamespaceUuid) + "\n");
  EXPECT_EQ(read("namespace0.0/sector_size"), "[512] 4096 \n");
  EXPECT_EQ(read("namespace_seed"), "namespace0.1\n");
  EXPECT_EQ(read("dax0.1/uuid"), std::string(kDaxUuid) + "\n");
  EXPECT_EQ(read("init_namespaces"), "1/1\n");
  EXPECT_EQ(get(lab.bytes_of(lab.device()), 12345), "persistent");
}

TEST_F(CxlNdRegion, IsADiskWhileItIsRawAndIsDeleted) {
  create("namespace0.0", "dax0.0", "536870912");
  put(lab.bytes_of(lab.device()), 0, "data");
  // ndctl destroy-namespace -f: the dax lets go, the info block is zeroed through the raw disk, the size is 0.
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/dax_pmem/unbind", "dax0.0"), 0);
  EXPECT_EQ(write("dax0.0/namespace", "\n"), 0);
  EXPECT_EQ(write("namespace0.0/force_raw", "1"), 0);
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nd_pmem/bind", "namespace0.0"), 0);
  EXPECT_EQ(lab.names(REGION "/namespace0.0/block"), std::vector<std::string>{"pmem0"});
  EXPECT_EQ(read("namespace0.0/block/pmem0/size"), "1048576\n");
  {
    const store::RegionRecord* space = nullptr;
    for (const store::RegionRecord& record : lab.store->regions()) {
      space = record.nd.disk != 0 ? &record : space;
    }
    ASSERT_NE(space, nullptr);
    const Mapping disk = lab.map(lab.store->backing_slots()[space->nd.reserve_slot - 1].backing, kSize);
    EXPECT_EQ(get(disk, 10ULL << 20), "data");
    EXPECT_EQ(get(disk, 4096), "NVDIMM_DAX_INFO");
    std::memset(disk.bytes().data() + 4096, 0, 4096);
    put(disk, 77, "disk");
  }
  EXPECT_EQ(write("namespace0.0/size", "0"), EBUSY);
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nd_pmem/unbind", "namespace0.0"), 0);
  EXPECT_EQ(get(lab.media_of(0), 77), "disk");
  EXPECT_EQ(get(lab.media_of(0), 10ULL << 20), "data");
  EXPECT_EQ(write("namespace0.0/force_raw", "0"), 0);
  EXPECT_EQ(write("namespace0.0/size", "0"), 0);
  EXPECT_EQ(read("namespace0.0/uuid"), "\n") << "number 0 stays, empty";
  EXPECT_EQ(read("available_size"), "536870912\n");
  EXPECT_EQ(lab.read(NDBUS "/nmem0/available_slots"), "4089\n");
  disable();
  enable();
  EXPECT_EQ(read("namespace0.0/size"), "0\n");
}

TEST_F(CxlNdRegion, HasSeveralNamespaces) {
  create("namespace0.0", "dax0.0", "134217728");
  create("namespace0.1", "dax0.1", "268435456", "0e0b7f25-9b5a-4d6c-8a52-3d7c1b7d2f01",
         "1e0b7f25-9b5a-4d6c-8a52-3d7c1b7d2f01");
  EXPECT_EQ(read("available_size"), "134217728\n");
  EXPECT_EQ(read("namespace0.1/resource"), "0xa98000000\n");
  EXPECT_EQ(read("dax0.1/dax0.1/resource"), "0xa98600000\n");
  put(lab.bytes_of(lab.device("dax0.0")), 0, "one");
  put(lab.bytes_of(lab.device("dax0.1")), 0, "two");
  EXPECT_EQ(lab.read(NDBUS "/nmem0/available_slots"), "4087\n");
  disable();
  enable();
  EXPECT_EQ(read("init_namespaces"), "2/2\n");
  EXPECT_EQ(get(lab.bytes_of(lab.device("dax0.0")), 0), "one");
  EXPECT_EQ(get(lab.bytes_of(lab.device("dax0.1")), 0), "two");
  // The first goes, the other stays where it is; what is free comes in one piece of 128M on either side.
  const std::string dax = read("namespace0.0/holder").substr(0, 6);
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/dax_pmem/unbind", dax), 0);
  EXPECT_EQ(write(dax + "/namespace", "\n"), 0);
  EXPECT_EQ(write("namespace0.0/size", "0"), 0);
  EXPECT_EQ(read("available_size"), "268435456\n");
  EXPECT_EQ(read("max_available_extent"), "134217728\n");
  EXPECT_EQ(get(lab.bytes_of(lab.device("dax0.1")), 0), "two");
}

TEST_F(CxlNdRegion, RefusesWhatTheKernelRefuses) {
  EXPECT_EQ(write("namespace0.0/size", "16777216"), ENXIO) << "no uuid";
  EXPECT_EQ(write("namespace0.0/uuid", "no uuid"), EINVAL);
  EXPECT_EQ(write("namespace0.0/uuid", kNamespaceUuid), 0);
  EXPECT_EQ(write("namespace0.0/uuid", kNamespaceUuid), EINVAL) << "not unique: its own";
  EXPECT_EQ(write("namespace0.0/uuid", kDaxUuid), EBUSY) << "there is no label to change";
  EXPECT_EQ(write("namespace0.0/size", "4096"), EINVAL);
  EXPECT_EQ(write("namespace0.0/size", "x"), EINVAL);
  EXPECT_EQ(write("namespace0.0/size", "536870913"), EINVAL);
  EXPECT_EQ(write("namespace0.0/size", "1073741824"), ENOSPC);
  EXPECT_EQ(write("namespace0.0/sector_size", "520"), EINVAL);
  EXPECT_EQ(write("namespace0.0/alt_name", std::string(64, 'n')), EINVAL);
  EXPECT_EQ(write("namespace0.0/alt_name", "  " + std::string(63, 'n') + "\n"), 0);
  EXPECT_EQ(read("namespace0.0/alt_name"), std::string(63, 'n') + "\n");
  EXPECT_EQ(write("dax0.0/namespace", "namespace0.7"), ENODEV);
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nvdimm/unbind", "nmem0"), 0);
  EXPECT_EQ(write("namespace0.0/size", "16777216"), ENXIO) << "a DIMM without its driver";
  EXPECT_EQ(lab.read(NDBUS "/nmem0/available_slots"), "errno 6");
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nd_region/unbind", "region0"), 0);
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nd_region/bind", "region0"), ENXIO);
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nvdimm/bind", "nmem0"), 0);
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nd_region/bind", "region0"), 0);
}

struct CxlNdRegion3Ways : CxlNdRegion {
  CxlNdRegion3Ways() : CxlNdRegion(3) {}
};
// default_align() takes 16M for each DIMM, which three of them make no power of two.
TEST_F(CxlNdRegion3Ways, CountsInStepsOfThreeDimms) {
  EXPECT_EQ(read("align"), "0x3000000\n");
  EXPECT_EQ(read("available_size"), std::to_string(3 * kSize) + "\n");
  create("namespace0.0", "dax0.0", "100663296");
  const std::string rest = std::to_string(3 * kSize - 100663296);
  EXPECT_EQ(read("available_size"), rest + "\n");
  EXPECT_EQ(read("max_available_extent"), rest + "\n");
  create("namespace0.1", "dax0.1", rest.c_str(), "a349fee8-6ff0-47a1-9faa-8e7f5afae3a7",
         "ad68df77-5ac5-43c2-b615-12bec99c60a5");
  EXPECT_EQ(read("namespace0.1/size"), rest + "\n");
  EXPECT_EQ(read("available_size"), "0\n");
}

struct CxlNdRegion2Ways : CxlNdRegion {
  CxlNdRegion2Ways() : CxlNdRegion(2) {}
};
TEST_F(CxlNdRegion2Ways, HasALabelOnEachDimm) {
  EXPECT_EQ(read("mappings"), "2\n");
  EXPECT_EQ(read("mapping1"), "nmem1,0,536870912,1\n");
  EXPECT_EQ(read("align"), "0x1000000\n");
  create("namespace0.0", "dax0.0", "268435456");
  put(lab.bytes_of(lab.device()), 256, "other");
  for (std::uint32_t memdev = 0; memdev < 2; ++memdev) {
    std::size_t count = 0;
    nd::each_label(*lab.store, nd::label_area_of(lab.store->cxl().state.memdevs[memdev]),
                   [&](const nd::NamespaceLabel& label) {
                     ++count;
                     EXPECT_EQ(label.position, memdev);
                     EXPECT_EQ(label.nlabel, 2U);
                     EXPECT_EQ(label.rawsize, 134217728U);
                     EXPECT_EQ(label.flags, 0U);
                     EXPECT_EQ(label.holder_class, store::NdKind::dax);
                     return true;
                   });
    EXPECT_EQ(count, 1U);
  }
  disable();
  enable();
  EXPECT_EQ(get(lab.bytes_of(lab.device()), 256), "other");
  disable();
  // One of the two is wiped: the region cannot be used.
  const std::vector<std::byte> zeros(kLabels);
  ASSERT_TRUE(nd::write_labels(*lab.store, nd::label_area_of(lab.store->cxl().state.memdevs[1]), 0, zeros));
  enable();
  EXPECT_EQ(lab.read(REGION "/namespace_seed"), "\n");
  EXPECT_EQ(lab.write("/sys/bus/nd/drivers/nd_region/bind", "region0"), ENODEV);
}

} // namespace
} // namespace daxemu::cxl
