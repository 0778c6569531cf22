// What a CXL bus of flags or of a platform file means, and how a bad value of it is refused.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/plan/cxl/cxl_presets.hpp"
#include "runtime/cli/plan/device_flags.hpp"
#include "runtime/cli/plan/platform_file.hpp"
#include "tests/unit/readable.hpp"

namespace daxemu::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint64_t kGiB = 1ULL << 30;

DeviceFlags cxl_flags() {
  DeviceFlags flags;
  flags.region = "cxl";
  return flags;
}

TEST(CxlFlags, DefaultsAreTwoMemdevsAndARegionOfTheFirst) {
  const auto wish = read_device_flags(cxl_flags());
  ASSERT_TRUE(wish) << wish.error().what;
  EXPECT_TRUE(wish->more_than_one) << "the machine's own device-dax is not meant";
  EXPECT_THAT(wish->platform.regions, SizeIs(0));
  const CxlPlan& cxl = wish->platform.cxl;
  ASSERT_TRUE(cxl.is_there());
  const auto memdevs = memdevs_of(cxl.topology);
  ASSERT_THAT(memdevs, SizeIs(2));
  EXPECT_EQ(memdevs[0]->ram, 4 * kGiB);
  EXPECT_EQ(memdevs[1]->ram, 4 * kGiB);
  ASSERT_THAT(cxl.regions, SizeIs(1));
  EXPECT_EQ(cxl.regions[0].size, 4 * kGiB);
  EXPECT_EQ(cxl.regions[0].mode, store::CxlMode::ram);
  EXPECT_EQ(cxl.regions[0].driver, dax::FirstDriver::device_dax);
  EXPECT_THAT(cxl.regions[0].memdevs, ElementsAre(0));
}

TEST(CxlFlags, EachIsRead) {
  DeviceFlags flags = cxl_flags();
  flags.size = "1G";
  flags.align = "1G";
  flags.driver = "kmem";
  flags.backing = "shmem";
  flags.engine = "populate";
  flags.cxl.ways = "4";
  flags.cxl.preset = "two-hosts";
  const auto wish = read_device_flags(flags);
  ASSERT_TRUE(wish) << wish.error().what;
  EXPECT_EQ(wish->platform.backing, store::BackingKind::shmem);
  EXPECT_EQ(wish->platform.engine, store::EngineKind::populate);
  const CxlRegionPlan& region = wish->platform.cxl.regions.at(0);
  EXPECT_EQ(region.size, kGiB);
  EXPECT_EQ(region.align, kGiB);
  EXPECT_EQ(region.driver, dax::FirstDriver::kmem);
  EXPECT_THAT(region.memdevs, ElementsAre(0, 2, 1, 3)) << "the host bridges take turns";
  EXPECT_THAT(wish->platform.cxl.topology.windows.at(region.window).targets, ElementsAre(0, 1));
  flags.cxl.no_device = true;
  flags.driver = flags.align = "";
  const auto bare = read_device_flags(flags);
  ASSERT_TRUE(bare) << bare.error().what;
  EXPECT_THAT(bare->platform.cxl.regions, SizeIs(0));
  EXPECT_THAT(memdevs_of(bare->platform.cxl.topology), SizeIs(4));
}

TEST(CxlPresets, EachCanBeMadeInAllWays) {
  for (const char* name : {"one-host", "two-hosts", "switch", "pmem"}) {
    for (const std::uint32_t ways : {1U, 2U, 4U, 8U, 16U}) {
      if (ways > 8 && std::string_view(name) != "two-hosts") {
        continue; // of one decoder
      }
      PresetWish wish;
      wish.name = name;
      wish.ways = ways;
      auto plan = cxl_preset(wish);
      ASSERT_TRUE(plan) << name << ": " << plan.error().what;
      const auto wrong = check_cxl(*plan, kDefaultProfile);
      EXPECT_FALSE(wrong) << name << " in " << ways << " ways: " << wrong->path << ": " << wrong->problem.what;
      EXPECT_THAT(plan->regions.at(0).memdevs, SizeIs(ways));
    }
  }
}

TEST(CxlPresets, TheMocksHasItsNumbers) {
  PresetWish wish;
  wish.name = kMockPreset;
  auto plan = cxl_preset(wish);
  ASSERT_TRUE(plan) << plan.error().what;
  EXPECT_FALSE(check_cxl(*plan, kDefaultProfile));
  EXPECT_TRUE(plan->topology.mock);
  std::vector<std::uint64_t> serials;
  for (const cxl::MemdevSpec* memdev : memdevs_of(plan->topology)) {
    serials.push_back(memdev->serial.value_or(99));
  }
  EXPECT_THAT(serials, ElementsAre(0, 4, 2, 6, 1, 5, 3, 7, 8, 9));
  const CxlRegionPlan& region = plan->regions.at(0);
  EXPECT_EQ(region.size, kGiB / 2);
  EXPECT_THAT(region.memdevs, ElementsAre(0, 1)) << "cxl_mem.0 and cxl_mem.4";
}

TEST(CxlFile, EveryKeyIsRead) {
  const auto plan = parse_platform(R"({
    "cxl": {
      "host_bridges": [
        {"decoders": 8, "root_ports": [
          {"memdev": {"ram": "1G", "pmem": "512M", "either": "1G", "either_pmem": "256M", "labels": "128K", "serial": 77,
                      "decoders": 2, "numa_node": 0}},
          {"number": 4, "switch": {"decoders": 6, "ports": [{"memdev": {"ram": "1G"}}, {}]}}]},
        {"root_ports": [{"memdev": {"ram": "1G"}}]}],
      "windows": [{"size": "4G", "targets": [0, 1], "granularity": "1K", "ram": true, "pmem": false, "qos_class": 3,
                   "target_node": 2}, {"size": "2G", "ram": false}],
      "regions": [{"window": 0, "type": "ram", "memdevs": [1, 2], "granularity": 512, "size": "1G", "align": "1G",
                   "driver": "kmem"}]}})",
                                   "f");
  ASSERT_TRUE(plan) << plan.error().what;
  const cxl::TopologySpec& topology = plan->cxl.topology;
  ASSERT_THAT(topology.host_bridges, SizeIs(2));
  EXPECT_EQ(topology.host_bridges[0].decoders, 8U);
  const cxl::BelowSpec& first = topology.host_bridges[0].root_ports.at(0);
  EXPECT_EQ(first.memdev.at(0).ram, kGiB);
  EXPECT_EQ(first.memdev[0].pmem, kGiB / 2);
  EXPECT_EQ(first.memdev[0].either, kGiB);
  EXPECT_EQ(first.memdev[0].either_pmem, kGiB / 4);
  EXPECT_EQ(first.memdev[0].label_size, 128U << 10);
  EXPECT_EQ(first.memdev[0].serial, 77U);
  EXPECT_EQ(first.memdev[0].decoders, 2U);
  EXPECT_EQ(first.memdev[0].numa_node, 0);
  const cxl::BelowSpec& second = topology.host_bridges[0].root_ports.at(1);
  EXPECT_EQ(second.number, 4U);
  EXPECT_EQ(second.switches.at(0).decoders, 6U);
  EXPECT_THAT(second.switches[0].ports, SizeIs(2));
  ASSERT_THAT(topology.windows, SizeIs(2));
  EXPECT_EQ(topology.windows[0].size, 4 * kGiB);
  EXPECT_THAT(topology.windows[0].targets, ElementsAre(0, 1));
  EXPECT_EQ(topology.windows[0].granularity, 1024U);
  EXPECT_FALSE(topology.windows[0].pmem);
  EXPECT_EQ(topology.windows[0].qos_class, 3);
  EXPECT_EQ(topology.windows[0].target_node, 2);
  EXPECT_FALSE(topology.windows[1].ram);
  const CxlRegionPlan& region = plan->cxl.regions.at(0);
  EXPECT_THAT(region.memdevs, ElementsAre(1, 2));
  EXPECT_EQ(region.granularity, 512U);
  EXPECT_EQ(region.size, kGiB);
  EXPECT_EQ(region.align, kGiB);
  EXPECT_EQ(region.driver, dax::FirstDriver::kmem);
}

TEST(CxlFile, WithoutWindowsEachHostBridgeHasOneOfItsMemory) {
  const auto plan = parse_platform(
      R"({"cxl": {"host_bridges": [{"root_ports": [{"memdev": {"ram": "1G", "pmem": "256M"}}, {"memdev": {"ram": "1G"}}]}]}})",
      "f");
  ASSERT_TRUE(plan) << plan.error().what;
  ASSERT_THAT(plan->cxl.topology.windows, SizeIs(1));
  EXPECT_EQ(plan->cxl.topology.windows[0].size, 2 * kGiB + kGiB / 4);
  EXPECT_THAT(plan->cxl.regions, SizeIs(0)) << "what is not asked for is the program's to make";
}

TEST(CxlFile, APresetsRegionsCanBeOthers) {
  const auto plan = parse_platform(
      R"({"cxl": {"preset": "switch", "size": "1G", "regions": [{"memdevs": [0, 1]}, {"memdevs": [2]}]}})", "f");
  ASSERT_TRUE(plan) << plan.error().what;
  ASSERT_THAT(plan->cxl.regions, SizeIs(2));
  EXPECT_EQ(plan->cxl.regions[0].size, 2 * kGiB) << "as much as its memdevs have";
  EXPECT_EQ(plan->cxl.regions[1].size, kGiB);
}

struct FlagRow {
  std::function<void(DeviceFlags&)> set;
  const char* what;
  const char* remedy;
};
void PrintTo(const FlagRow& row, std::ostream* out) {
  *out << readable(row.what);
}
class BadCxlFlag : public ::testing::TestWithParam<FlagRow> {};
TEST_P(BadCxlFlag, IsNamedWithItsValueAndARemedy) {
  DeviceFlags flags = cxl_flags();
  GetParam().set(flags);
  const auto wish = read_device_flags(flags);
  ASSERT_FALSE(wish);
  EXPECT_EQ(wish.error().code, EINVAL);
  EXPECT_THAT(wish.error().what, HasSubstr(GetParam().what));
  EXPECT_THAT(wish.error().remedy, HasSubstr(GetParam().remedy));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadCxlFlag,
    ::testing::Values(
        FlagRow{[](DeviceFlags& f) { f.cxl.ways = "5"; }, "--ways 5", "1, 2, 4, 8 or 16"},
        FlagRow{[](DeviceFlags& f) { f.cxl.ways = "16"; }, "--ways 16 are more than --preset one-host has",
                "use 8, or --preset two-hosts"},
        FlagRow{[](DeviceFlags& f) { f.cxl.ways = "two"; }, "--ways two is no number", "1, 2, 4"},
        FlagRow{[](DeviceFlags& f) { f.cxl.ways = "3"; }, "--ways 3 are no ways", "three host bridges"},
        FlagRow{[](DeviceFlags& f) { f.cxl.ways = "2", f.size = "768M"; }, "--size 768M is not a multiple of 512M",
                "--size 512M or 1G"},
        FlagRow{[](DeviceFlags& f) { f.size = "128M"; }, "--size 128M is not a multiple of 256M", "256M"},
        FlagRow{[](DeviceFlags& f) { f.cxl.preset = "swich"; }, "--preset swich is not known", "did you mean switch?"},
        FlagRow{[](DeviceFlags& f) { f.cxl.preset = "zzzz"; }, "--preset zzzz",
                "one-host, two-hosts, switch, pmem, cxl_test, cxl_test_xor"},
        FlagRow{[](DeviceFlags& f) { f.cxl.preset = "cxl_test", f.size = "1G"; }, "sizes and ways of its own",
                "leave out"},
        FlagRow{[](DeviceFlags& f) { f.cxl.preset = "cxl_test_xor", f.cxl.ways = "2"; },
                "--preset cxl_test_xor has sizes and ways of its own", "leave out"},
        FlagRow{[](DeviceFlags& f) { f.device = "dax1.0"; }, "--device does not go with --region cxl", "dax0.0"},
        FlagRow{[](DeviceFlags& f) { f.more = {"dax0.1=2G"}; }, "--with does not go with --region cxl", "--config"},
        FlagRow{[](DeviceFlags& f) { f.image = "kept"; }, "--image kept: no memdev of --preset one-host is persistent",
                "--preset pmem"},
        FlagRow{[](DeviceFlags& f) { f.snapshot = "file"; }, "--snapshot does not go with --region cxl",
                "leave it out"},
        FlagRow{[](DeviceFlags& f) { f.free = "2M"; }, "--free does not go with --region cxl", "create-region"},
        FlagRow{[](DeviceFlags& f) { f.type = "FS_DAX", f.align = "4K"; }, "--type does not go", "device-dax"},
        FlagRow{[](DeviceFlags& f) { f.driver = "kmem", f.cxl.no_device = true; },
                "--driver kmem is of a device, and --no-device begins without one", "leave it out"},
        FlagRow{[](DeviceFlags& f) { f.driver = "kmem", f.cxl.preset = "pmem"; },
                "--driver kmem is of a device, and a persistent region is none", "leave it out"},
        FlagRow{[](DeviceFlags& f) { f.align = "1G", f.cxl.no_device = true; }, "--align 1G is of a device",
                "leave it out"},
        FlagRow{[](DeviceFlags& f) { f.cxl.share = "a b"; }, "--share a b is no name", "such as pool"},
        FlagRow{[](DeviceFlags& f) { f.cxl.share = "pool,jion"; }, "--share pool,jion: jion is not known", "pool,join"},
        FlagRow{[](DeviceFlags& f) { f.region = "hmem", f.cxl.share = "pool"; }, "--share is of a CXL bus", "cxl"},
        FlagRow{[](DeviceFlags& f) { f.kernel = "6.1"; }, "Linux 6.1 makes no regions of volatile CXL", "6.12"},
        FlagRow{[](DeviceFlags& f) { f.region = "hmem", f.cxl.ways = "2"; }, "--ways is of a CXL bus", "--region cxl"},
        FlagRow{[](DeviceFlags& f) { f.region = "hmem", f.cxl.preset = "pmem"; }, "--preset is of a CXL bus", "cxl"},
        FlagRow{[](DeviceFlags& f) { f.region = "pmem", f.cxl.no_device = true; }, "--no-device is of a CXL bus",
                "cxl"}));

TEST(CxlFlags, ANodeIsOneOfTheMachines) {
  DeviceFlags flags = cxl_flags();
  flags.numa_node = "999999";
  const auto wish = read_device_flags(flags);
  ASSERT_FALSE(wish);
  EXPECT_EQ(wish.error().code, ENODEV) << "as of any other device";
  EXPECT_THAT(wish.error().what, HasSubstr("no NUMA node 999999"));
  EXPECT_THAT(wish.error().remedy, HasSubstr("choose one of"));
}

TEST(CxlFlags, AllMemdevsAreShared) {
  DeviceFlags flags = cxl_flags();
  flags.cxl.share = "pool,join";
  const auto wish = read_device_flags(flags);
  ASSERT_TRUE(wish) << wish.error().what;
  EXPECT_EQ(wish->platform.cxl.share.name, "pool");
  EXPECT_TRUE(wish->platform.cxl.share.must_exist);
  for (const cxl::MemdevSpec* memdev : memdevs_of(wish->platform.cxl.topology)) {
    EXPECT_FALSE(memdev->share.empty());
  }
}

struct FileRow {
  const char* cxl; // what stands behind "cxl"
  const char* what;
  const char* remedy;
};
void PrintTo(const FileRow& row, std::ostream* out) {
  *out << readable(row.cxl);
}
class BadCxlFile : public ::testing::TestWithParam<FileRow> {};
TEST_P(BadCxlFile, IsNamedWithLineKeyAndRemedy) {
  const auto plan = parse_platform(std::string("{\n\"cxl\": ") + GetParam().cxl + "}", "lab.json");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, EINVAL);
  EXPECT_THAT(plan.error().what, HasSubstr(GetParam().what));
  EXPECT_THAT(plan.error().remedy, HasSubstr(GetParam().remedy));
}
#define ONE_MEMDEV(rest) R"({"host_bridges": [{"root_ports": [{"memdev": {"ram": "1G"}}]}], )" rest "}"
INSTANTIATE_TEST_SUITE_P(
    Rows, BadCxlFile,
    ::testing::Values(
        FileRow{"5", "lab.json:2: cxl is no object", "preset"},
        FileRow{"{}", "cxl.host_bridges: a CXL bus without a memdev", "root_ports"},
        FileRow{R"({"host_bridges": []})", "without a memdev", "root_ports"},
        FileRow{R"({"host_bridges": [{"root_ports": [{}]}]})", "without a memdev", "memdev"},
        FileRow{R"({"preset": "switch", "windows": []})", "cxl.windows is no key here", "preset, size, ways, image"},
        FileRow{R"({"preset": "switch",
"image": "kept"})",
                "lab.json:3: cxl.image: no memdev is persistent", "pmem"},
        FileRow{R"({"preset": "swich"})", "cxl.preset: preset swich is not known", "switch"},
        FileRow{"{\"preset\": \"switch\",\n\"ways\": 5}", "lab.json:3: cxl.ways", "8 or 16"},
        FileRow{R"({"preset": "switch", "size": "100M"})", "cxl.size: size 100M is not a multiple", "256M or 512M"},
        FileRow{"{\"host_bridges\": [{\"root_ports\": [{\"memdev\":\n{\"ram\": \"100M\"}}]}]}",
                "lab.json:3: cxl.host_bridges[0].root_ports[0].memdev.ram: 100M is not a multiple of 256M", "256M"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {}}]}]})", "this memdev has no memory", "\"ram\""},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"ram": "1G", "decoders": 3}}]}]})",
                "memdev.decoders: 3 decoders", "1, 2, 4, 6, 8 or 10"},
        FileRow{R"({"host_bridges": [{"decoders": 0, "root_ports": [{"memdev": {"ram": "1G"}}]}]})",
                "host_bridges[0].decoders: 0 decoders", "1, 2, 4"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"pmem": "1G", "labels": "100"}}]}]})",
                "memdev.labels: 100 is no label area", "4K"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"ram": "1G"}, "switch": {"ports": [{}]}}]}]})",
                "a port leads to a memdev or to a switch", "port of its own"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"switch": {}}, {"memdev": {"ram": "1G"}}]}]})",
                "root_ports[0].switch: a switch has ports", "ports"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": [1]}]}]})", "root_ports[0].memdev is no object", "ram"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"either": "1G", "either_pmem": "2G"}}]}]})",
                "memdev.either_pmem: 2G of 1G cannot be persistent", "1G or less"},
        FileRow{R"({"host_bridges": [{}, {"root_ports": [{"memdev": {"ram": "1G"}}]}]})",
                "host_bridges: host bridge 0 has 0 root ports", "1 to 256"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"ram": "1G"}}, {"number": 0}]}]})",
                "two ports are called 0", "number of its own"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"mamdev": {}}]}]})", "mamdev is no key here", "memdev?"},
        FileRow{ONE_MEMDEV(R"("windows": [{"targets": [1]}])"), "windows[0].targets: there is no host bridge 1",
                "0 to 0"},
        FileRow{ONE_MEMDEV(R"("windows": [{"targets": "0"}])"), "windows[0].targets \"0\" is no list of numbers",
                "[ 0, 1 ]"},
        FileRow{ONE_MEMDEV(R"("windows": [{"targets": [0, 0, 0, 0, 0]}])"), "5 targets are no ways", "1, 2, 3"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"ram": "1G", "numa_node": 999999}}]}]})",
                "cxl.host_bridges[0].root_ports[0].memdev.numa_node: this machine has no NUMA node 999999",
                "choose one of"},
        FileRow{ONE_MEMDEV("\"windows\": [\n{\"target_node\": 999999}]"),
                "lab.json:3: cxl.windows[0].target_node: there is no NUMA node 999999", "0 to 1023"},
        FileRow{ONE_MEMDEV("\"windows\": [\n{\"targets\": [0, 0]}]"),
                "lab.json:3: cxl.windows[0].targets: host bridge 0 is there twice", "once"},
        FileRow{ONE_MEMDEV(R"("windows": [{"size": "300M"}])"), "windows[0].size: 300M is not a multiple of 256M",
                "256M or 512M"},
        FileRow{ONE_MEMDEV(R"("windows": [{"size": "1024T"}])"), "windows[0].size: 1P is more than a window can have",
                "256T"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"ram": "8T"}}]}]})", "memdev.ram: 8T is more than",
                "4T"},
        FileRow{ONE_MEMDEV(R"("windows": [{"granularity": 300}])"), "windows[0].granularity: 300", "256, 512"},
        FileRow{ONE_MEMDEV(R"("windows": [{"ram": false, "pmem": false}])"), "neither ram nor pmem", "true"},
        FileRow{ONE_MEMDEV(R"("regions": [{"window": 1}])"), "regions[0].window: there is no window 1", "0 to 0"},
        FileRow{ONE_MEMDEV(R"("regions": [{"memdevs": [1]}])"), "regions[0].memdevs: there is no memdev 1", "0 to 0"},
        FileRow{ONE_MEMDEV(R"("regions": [{"memdevs": [0, 0]}])"), "memdev 0 is there twice", "once"},
        FileRow{ONE_MEMDEV(R"("regions": [{"memdevs": []}])"), "0 memdevs are no ways", "1, 2, 3"},
        FileRow{ONE_MEMDEV(R"("regions": [{"type": "pmem"}])"), "has no persistent memory", "other memdevs"},
        FileRow{ONE_MEMDEV(R"("regions": [{"type": "dram"}])"), "regions[0].type dram is not known", "ram, pmem"},
        FileRow{R"({"preset": "two-hosts", "ways": 2, "regions": [{"memdevs": [0]}]})",
                "1 memdevs cannot share a window of 2", "use 2"},
        FileRow{ONE_MEMDEV(R"("windows": [{"ram": false}], "regions": [{}])"), "window 0 is not for ram",
                "another window"},
        FileRow{ONE_MEMDEV(R"("regions": [{"size": "2G"}])"), "regions[0].size: 2G is more than its memdevs have, 1G",
                "smaller"},
        FileRow{ONE_MEMDEV(R"("windows": [{"size": "512M"}], "regions": [{}])"),
                "1G is more than its window have, 512M", "smaller"},
        FileRow{ONE_MEMDEV(R"("regions": [{"size": "100M"}])"), "regions[0].size: 100M is not a multiple",
                "256M or 512M"},
        FileRow{R"({"host_bridges": [{"root_ports": [{"memdev": {"ram": "1G", "share": "a"}},
                                                         {"memdev": {"ram": "1G", "share": "b"}}]}]})",
                "memdevs of two shares, a and b", "one name"},
        FileRow{R"({"preset": "switch", "share": "x y"})", "cxl.share: share x y is no name", "such as pool"},
        FileRow{R"({"preset": "pmem", "regions": [{"type": "pmem", "driver": "kmem"}]})",
                "regions[0].driver is of a device, and a persistent region is none", "leave it out"},
        FileRow{ONE_MEMDEV(R"("regions": [{"granularity": 128}])"), "regions[0].granularity: 128", "256"},
        FileRow{ONE_MEMDEV(R"("regions": [{"align": "3M"}])"), "regions[0].align: align 3M", "4K, 2M or 1G"},
        FileRow{ONE_MEMDEV(R"("regions": [{"driver": "kmen"}])"), "regions[0].driver kmen is not known", "kmem?"}));

} // namespace
} // namespace daxemu::cli
