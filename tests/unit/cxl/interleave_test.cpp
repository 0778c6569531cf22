// Ways and granularities: what ports and endpoints are told, and which byte of which memdev a region's byte is.
#include <map>
#include <random>

#include "emu/cxl/enumeration/topology_check.hpp"
#include "emu/cxl/interleave.hpp"
#include "emu/cxl/translate.hpp"
#include "tests/unit/cxl/region_steps.hpp"

namespace daxemu::cxl {
namespace {

struct Shape {
  std::uint32_t bridges = 1;
  std::uint32_t switches = 0; // below each bridge; 0: memdevs at its root ports
  std::uint32_t memdevs = 1;  // below each bridge or switch
  [[nodiscard]] std::uint32_t ways() const { return bridges * std::max(switches, 1U) * memdevs; }
};
void PrintTo(const Shape& shape, std::ostream* to) {
  *to << shape.bridges << "x" << shape.switches << "x" << shape.memdevs;
}

TopologySpec topology_of(const Shape& shape, std::uint32_t granularity) {
  TopologySpec spec;
  WindowSpec window;
  window.targets.clear();
  window.granularity = granularity;
  window.size = 24 * kGiga;
  for (std::uint32_t bridge = 0; bridge < shape.bridges; ++bridge) {
    const std::vector<BelowSpec> below(shape.memdevs, memdev_below(kGiga));
    spec.host_bridges.push_back(
        {.root_ports = shape.switches == 0
                           ? below
                           : std::vector<BelowSpec>(shape.switches, BelowSpec{.switches = {{.ports = below}}})});
    window.targets.push_back(bridge);
  }
  spec.windows = {window};
  return spec;
}

// Positions go round the bridges first, then round the switches, then the memdevs.
std::vector<std::string> order_of(const store::Store& store, const Shape& shape) {
  std::vector<std::string> order;
  const std::uint32_t switches = std::max(shape.switches, 1U);
  for (std::uint32_t position = 0; position < shape.ways(); ++position) {
    const std::uint32_t bridge = position % shape.bridges;
    const std::uint32_t hop = position / shape.bridges % switches;
    const std::uint32_t memdev = position / shape.bridges / switches;
    const CxlMemdevRecord& record = memdevs(store)[(bridge * switches + hop) * shape.memdevs + memdev];
    order.push_back(name_of(store, *port_at(store, record.endpoint)));
  }
  return order;
}

// First and last byte of granules, of rounds, of the region, and what is between.
std::vector<std::uint64_t> bytes_of(std::uint64_t size, std::uint64_t granularity, std::uint64_t ways) {
  std::vector<std::uint64_t> bytes{0, 1, size / 2, size - 1};
  for (std::uint64_t granule = 1; granule < 3 * ways; ++granule) {
    for (const std::uint64_t at : {granule * granularity - 1, granule * granularity, granule * granularity + 63}) {
      bytes.push_back(at);
      bytes.push_back(size - 1 - at);
    }
  }
  std::mt19937_64 random(ways * granularity);
  for (int at = 0; at < 500; ++at) {
    bytes.push_back(random() % size);
  }
  return bytes;
}

class Shapes : public ::testing::TestWithParam<Shape> {};
TEST_P(Shapes, EveryByteHasItsPlace) {
  const Shape& shape = GetParam();
  for (std::uint32_t granularity = kMinGranularity; granularity <= kMaxGranularity; granularity *= 2) {
    SCOPED_TRACE(granularity);
    const store::Store store = platform_of(topology_of(shape, granularity));
    RegionPlan plan;
    plan.granularity = granularity;
    plan.endpoints = order_of(store, shape);
    const std::string name = sized_region(store, plan);
    const int code = set_targets(store, plan, name);
    if (code != 0) { // too wide for address bits 8 to 14, or an own granularity of a port beyond 16K
      EXPECT_TRUE(code == ENXIO || code == EINVAL) << code;
      EXPECT_GT(granularity * shape.ways(), kMaxGranularity);
      continue;
    }
    ASSERT_EQ(written(store, name + "/commit", "1"), 0);
    const CxlRegionRecord& region = region_named(store, name);
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> seen;
    for (const std::uint64_t offset : bytes_of(region.size, granularity, shape.ways())) {
      const auto device = to_device(store, region, offset);
      ASSERT_TRUE(device) << offset;
      ASSERT_LT(device->dpa, plan.each) << offset;
      const auto back = to_region(store, *memdev_at(store, device->memdev), device->dpa);
      ASSERT_TRUE(back) << offset;
      ASSERT_EQ(back->region, &region);
      ASSERT_EQ(back->offset, offset);
      ASSERT_TRUE(seen.emplace(std::pair(device->memdev, device->dpa), offset).first->second == offset);
    }
    EXPECT_FALSE(to_device(store, region, region.size));
    EXPECT_FALSE(to_region(store, *memdev_at(store, 1), plan.each)); // no decoder has it
  }
}
// The window divides by 3; ports and switches by powers of two.
INSTANTIATE_TEST_SUITE_P(Rows, Shapes,
                         ::testing::Values(Shape{1, 0, 1}, Shape{1, 0, 2}, Shape{2, 0, 1}, Shape{3, 0, 1},
                                           Shape{1, 0, 4}, Shape{2, 0, 2}, Shape{4, 0, 1}, Shape{1, 2, 2},
                                           Shape{3, 0, 2}, Shape{1, 0, 8}, Shape{2, 2, 2}, Shape{8, 0, 1},
                                           Shape{1, 4, 2}, Shape{3, 0, 4}, Shape{3, 2, 2}, Shape{2, 0, 8},
                                           Shape{4, 0, 4}, Shape{2, 4, 2}, Shape{16, 0, 1}));

// What a byte's place is, by hand: 3 ways of 256, the fifth granule is the second of position 1.
TEST(CxlInterleave, ByHand) {
  const store::Store store = platform_of(topology_of({3, 0, 1}, 256));
  RegionPlan plan;
  plan.endpoints = order_of(store, {3, 0, 1});
  const CxlRegionRecord& region = region_named(store, committed_region(store, plan));
  const auto device = to_device(store, region, 4 * 256 + 7);
  ASSERT_TRUE(device);
  EXPECT_EQ(memdev_at(store, device->memdev)->serial, 2U);
  EXPECT_EQ(device->dpa, 256U + 7);
}

// XOR arithmetic: the host bridge is the parity of address bits 8, 14 and 22 (the map of the kernel's mock); the device
// address is that of modulo arithmetic.
TEST(CxlInterleave, XorByHand) {
  TopologySpec spec = topology_of({2, 0, 1}, 256);
  spec.windows[0].is_xor = true;
  const store::Store store = platform_of(spec);
  RegionPlan plan;
  plan.endpoints = order_of(store, {2, 0, 1});
  const CxlRegionRecord& region = region_named(store, committed_region(store, plan));
  const struct {
    std::uint64_t offset;
    std::uint64_t serial;
    std::uint64_t dpa;
  } rows[] = {{0, 1, 0},
              {256, 2, 0},
              {1ULL << 14, 2, 1ULL << 13},
              {(1ULL << 14) + 256, 1, 1ULL << 13},
              {1ULL << 22, 2, 1ULL << 21},
              {(1ULL << 22) + (1ULL << 14) + 7, 1, (1ULL << 21) + (1ULL << 13) + 7}};
  for (const auto& row : rows) {
    const auto device = to_device(store, region, row.offset);
    ASSERT_TRUE(device) << row.offset;
    EXPECT_EQ(memdev_at(store, device->memdev)->serial, row.serial) << row.offset;
    EXPECT_EQ(device->dpa, row.dpa) << row.offset;
    const auto back = to_region(store, *memdev_at(store, device->memdev), device->dpa);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->offset, row.offset);
  }
  spec.windows[0].granularity = 512; // for which there are no maps
  EXPECT_FALSE(check(spec));
}

// 2 bridges of 2 switches of 2 memdevs: each level goes on where the one above ends.
TEST(CxlInterleave, PortsAreToldTheirShare) {
  const Shape shape{2, 2, 2};
  const store::Store store = platform_of(topology_of(shape, 512));
  RegionPlan plan;
  plan.granularity = 512;
  plan.endpoints = order_of(store, shape);
  const std::string name = committed_region(store, plan);
  EXPECT_EQ(shown(store, "decoder1.0/interleave_ways"), "2");
  EXPECT_EQ(shown(store, "decoder1.0/interleave_granularity"), "1024");
  EXPECT_EQ(shown(store, "decoder1.0/target_list"), "0,1");
  EXPECT_EQ(shown(store, "decoder3.0/interleave_granularity"), "2048"); // the first switch
  EXPECT_EQ(shown(store, "decoder3.0/target_list"), "0,1");
  EXPECT_EQ(shown(store, "decoder4.0/interleave_ways"), "8"); // the first endpoint
  EXPECT_EQ(shown(store, "decoder4.0/interleave_granularity"), "512");
  EXPECT_EQ(shown(store, "port3/decoders_committed"), "1");
}

// A port has only so many targets; and a region cannot go round a port unevenly.
TEST(CxlInterleave, WhatPortsCannotDo) {
  const store::Store wide = platform_of(topology_of({1, 0, 16}, 256));
  RegionPlan plan;
  plan.endpoints = endpoints_by_position(wide, 1);
  EXPECT_EQ(set_targets(wide, plan, sized_region(wide, plan)), ENXIO);

  // Three dports of the bridge, one of which two memdevs are below.
  const BelowSpec memdev = memdev_below(kGiga);
  const BelowSpec two{.switches = {{.ports = {memdev, memdev}}}};
  const store::Store three = platform_of({.host_bridges = {{.root_ports = {two, memdev, memdev}}}, .windows = {{}}});
  plan.endpoints = {"endpoint3", "endpoint5", "endpoint4", "endpoint6"};
  EXPECT_EQ(set_targets(three, plan, sized_region(three, plan)), EINVAL);

  // Positions 0 and 1 below one switch, where they must alternate.
  const store::Store crossed = platform_of(topology_of({1, 2, 2}, 256));
  plan.endpoints = {"endpoint3", "endpoint4", "endpoint6", "endpoint7"};
  EXPECT_EQ(set_targets(crossed, plan, sized_region(crossed, plan)), ENXIO);

  // The window sends position 1 to the other bridge.
  const store::Store bridges = platform_of(topology_of({2, 0, 2}, 256));
  plan.endpoints = {"endpoint3", "endpoint4"};
  EXPECT_EQ(set_targets(bridges, plan, sized_region(bridges, plan)), ENXIO);
}

} // namespace
} // namespace daxemu::cxl
