// What a platform file means, and how a mistake in it is shown: line, key, value, remedy.
#include "runtime/cli/plan/platform_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emu/base/units.hpp"
#include "tests/unit/readable.hpp"

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kGiB = 1ULL << 30;

TEST(PlatformFile, TheLeastIsADeviceWithASize) {
  const auto plan = parse_platform(R"({"regions": [{"devices": [{"size": "4G"}]}]})", "f");
  ASSERT_TRUE(plan) << plan.error().what;
  ASSERT_EQ(plan->regions.size(), 1U);
  EXPECT_EQ(plan->regions[0].id, 0U);
  EXPECT_EQ(plan->regions[0].kind, store::RegionKind::hmem);
  EXPECT_EQ(plan->regions[0].free, 0U);
  ASSERT_EQ(plan->regions[0].devices.size(), 1U);
  EXPECT_EQ(plan->regions[0].devices[0].size, 4 * kGiB);
  EXPECT_EQ(plan->regions[0].devices[0].align, kPmdSize);
}

TEST(PlatformFile, EveryKeyIsRead) {
  const auto plan = parse_platform(R"({
    "engine": "populate", "exact": true, "backing": "shmem",
    "regions": [
      {"size": "16G", "numa_node": 1, "start": "64G",
       "devices": [{"size": 2147483648, "align": "1G", "backing": "hugetlb"}, {"id": 5, "size": "2M", "align": 4096, "type": "FS_DAX"}]},
      {"id": 7, "kind": "pmem", "numa_node": "none", "devices": [{"id": 3, "size": "1G"}]},
      {"kind": "hmem", "size": "1G"}
    ]})",
                                   "f");
  ASSERT_TRUE(plan) << plan.error().what;
  EXPECT_EQ(plan->engine, store::EngineKind::populate);
  EXPECT_TRUE(plan->exact);
  EXPECT_EQ(plan->backing, store::BackingKind::shmem);
  ASSERT_EQ(plan->regions.size(), 3U);
  const RegionPlan& first = plan->regions[0];
  EXPECT_EQ(first.numa_node, 1);
  EXPECT_EQ(first.start, 64 * kGiB);
  EXPECT_EQ(first.free, 14 * kGiB - kPmdSize);
  EXPECT_EQ(first.devices[0].id, 0U);
  EXPECT_EQ(first.devices[0].align, kGiB);
  EXPECT_EQ(first.devices[0].backing, store::BackingKind::hugetlb);
  EXPECT_EQ(first.devices[1].id, 5U);
  EXPECT_EQ(first.devices[1].align, 4096U);
  EXPECT_EQ(first.devices[0].type, "GENERIC") << "device-dax as the kernel has it";
  EXPECT_EQ(first.devices[1].type, "FS_DAX");
  EXPECT_EQ(plan->regions[1].id, 7U);
  EXPECT_EQ(plan->regions[1].kind, store::RegionKind::pmem);
  EXPECT_EQ(plan->regions[1].numa_node, kNoNode);
  EXPECT_EQ(plan->regions[2].id, 1U) << "the lowest free one";
  EXPECT_EQ(plan->regions[2].free, kGiB);
}

struct Row {
  const char* text;
  const char* what;
  const char* remedy;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << readable(row.what);
}
TEST(PlatformFile, WhatARecordSaysIsRead) {
  const auto plan = parse_platform(R"({
    "kernel": "6.12", "notes": ["for people"],
    "regions": [{"kind": "pmem", "shown_numa_node": 3, "target_node": "none",
                 "devices": [{"size": "64M", "uuid": "0d1f2b3c-1111-4222-8333-444455556666"}]}],
    "cxl": {"start": "6G", "host_bridges": [
              {"bus_from": 64, "root_ports": [{"memdev": {"ram": "256M", "serial": 18446744073709551615, "firmware": "F 1"}}]},
              {"bus_from": 12, "root_ports": [{"memdev": {"pmem": "512M"}}]}],
            "regions": [{"window": 1, "type": "pmem", "memdevs": [0], "uuid": "12345678-1111-4222-8333-444455556666"}]}})",
                                   "f");
  ASSERT_TRUE(plan) << plan.error().what << plan.error().remedy;
  EXPECT_EQ(plan->regions[0].shown_numa_node, 3);
  EXPECT_EQ(plan->regions[0].target_node, kNoNode);
  ASSERT_TRUE(plan->regions[0].devices[0].uuid);
  EXPECT_EQ(plan->regions[0].devices[0].uuid->front(), 0x0d);
  EXPECT_EQ(plan->cxl.topology.phys_start, 6 * kGiB);
  ASSERT_EQ(plan->cxl.topology.host_bridges.size(), 2U);
  EXPECT_EQ(plan->cxl.topology.host_bridges[0].bus, 64U);
  EXPECT_TRUE(plan->cxl.topology.host_bridges[0].bus_may_move);
  const cxl::MemdevSpec& memdev = plan->cxl.topology.host_bridges[0].root_ports[0].memdev[0];
  EXPECT_EQ(memdev.serial, UINT64_MAX);
  EXPECT_EQ(memdev.firmware, "F 1");
  EXPECT_EQ(plan->cxl.regions[0].uuid->front(), 0x12); // over mem0, which is on the lower bus
}

class BadFile : public ::testing::TestWithParam<Row> {};
TEST_P(BadFile, IsNamedWithLineKeyAndRemedy) {
  const auto plan = parse_platform(GetParam().text, "lab.json");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, EINVAL);
  EXPECT_THAT(plan.error().what, HasSubstr(GetParam().what));
  EXPECT_THAT(plan.error().remedy, HasSubstr(GetParam().remedy));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadFile,
    ::testing::Values(
        Row{"", "lab.json:1: the file ends here; expected", "write it as JSON"},
        Row{"[]", "lab.json:1: this is no object", "regions"},
        Row{"{\n\"regions\": [\n{]}", "lab.json:3: ", "write it as JSON"},
        Row{"{\"exact\": \"yes\"}", "exact \"yes\" is neither true nor false", "true or false"},
        Row{"{\"kernel\": \"\"}", "lab.json:1: kernel is empty", "6.12"},
        Row{"{}", "lab.json:1: regions is empty or missing", "\"regions\""},
        Row{"{\"regions\": []}", "regions is empty or missing", "\"regions\""},
        Row{"{\n\n\"regions\": 5}", "lab.json:3: regions is no list", "[ { ... }, ... ]"},
        Row{"{\"regions\": [{}]}", "regions[0].devices is empty", "add a device"},
        Row{"{\"regions\": [\n{\"devices\": [\n{}]}]}", "lab.json:3: regions[0].devices[0].size is missing", "4G"},
        Row{"{\"regions\": [{\"devices\": [{\n\"size\":\n\"lots\"\n}]}]}",
            "lab.json:2: regions[0].devices[0].size \"lots\" is no size", "2M"},
        Row{"{\"regions\": [{\"devices\": [{\"size\": -1}]}]}", "size -1 is no size", "2M"},
        Row{"{\"regions\": [{\"devices\": [{\"size\": \"3M\"}]}]}", "size 3M is not a multiple of 2M", "size 2M or 4M"},
        Row{"{\"regions\": [{\"devices\": [{\"size\": \"4M\",\n\n\"align\": \"3M\"}]}]}",
            "lab.json:3: regions[0].devices[0].align", "4K, 2M or 1G"},
        Row{"{\"regions\": [{\"devices\": [{\"size\": \"4M\",\n\"type\": \"FSDAX\"}]}]}",
            "lab.json:2: regions[0].devices[0].type: memory type 'FSDAX' is not known", "FS_DAX"},
        Row{"{\"regions\": [{\"devices\": [{\"size\": \"4M\", \"type\": \"FS_DAX\"}]}]}",
            "type: memory of type FS_DAX has no extents of 2M", "align 4K"},
        Row{"{\"regions\": [{\"devices\": [{\"size\": \"4M\", \"align\": \"4K\", \"type\": \"COHERENT\"}]}]}",
            "needs a driver's operations", "the API"},
        Row{"{\"regions\": [{\"devices\": [{\"sise\": \"4M\"}]}]}", "regions[0].devices[0].sise is no key", "size?"},
        Row{"{\"regions\": [{\"si\\nz\\u001be\": 1}]}", R"(regions[0].si\nz\x1be is no key)", "size"},
        Row{"{\"regions\": [{\"zzzzzzzz\": 1}]}", "regions[0].zzzzzzzz is no key", "numa_node"},
        Row{"{\"regions\": [{\"kind\": \"cxl\", \"size\": \"1G\"}]}", "regions[0].kind cxl is not known", "hmem, pmem"},
        Row{"{\"regions\": [{\"kind\": \"pmem\", \"size\": \"1G\"}]}", "a pmem region is one device", "hmem"},
        Row{"{\"regions\": [{\"size\": \"1G\", \"devices\": [{\"size\": \"2G\"}]}]}", "less than its devices take, 2G",
            "2G or more"},
        Row{"{\"regions\": [{\"id\": 1, \"size\": \"1G\"},\n{\"id\": 1, \"size\": \"1G\"}]}",
            "lab.json:2: regions[1].id 1 is taken", "its own"},
        Row{"{\"regions\": [{\"numa_node\": \"all\", \"size\": \"1G\"}]}", "regions[0].numa_node \"all\" is no number",
            "0, 1"},
        Row{"{\"regions\": [{\"start\": \"1536M\", \"size\": \"1G\"}]}",
            "regions[0].start 1536M is not a multiple of 1G", "use 2G"},
        Row{"{\"engine\": \"steam\", \"regions\": [{\"size\": \"1G\"}]}", "engine steam is not known", "handler"},
        Row{"{\"regions\": [{\"size\": \"1G\", \"size\": \"2G\"}]}", "regions[0].size is there twice", "JSON"}));

} // namespace
} // namespace daxemu::cli
