// Refusals in the kernel's order, the order of DPA and of commits, and what becomes of regions when parts of them go.
#include "emu/cxl/drivers.hpp"
#include "emu/cxl/enumeration/mem_probe.hpp"
#include "tests/unit/cxl/region_steps.hpp"

namespace daxemu::cxl {
namespace {

// One bridge, four root ports: two volatile memdevs of 1G, one of 512M and 512M persistent, one persistent.
TopologySpec mixed() {
  return {.host_bridges = {{.root_ports = {memdev_below(kGiga), memdev_below(kGiga),
                                           memdev_below(512 * kMega, 512 * kMega), memdev_below(0, kGiga)}}},
          .windows = {{}, {}}};
}
const RegionPlan kFirst{.endpoints = {"endpoint2"}};

TEST(CxlRegion, TargetsAreRefusedInOrder) {
  for (const KernelId kernel : {KernelId::linux_6_12, KernelId::linux_7_3}) {
    const bool is_7_3 = kernel == KernelId::linux_7_3;
    const store::Store store = platform_of(mixed(), kernel);
    const std::string name = shown(store, "decoder0.0/create_ram_region");
    const std::string target = name + "/target0";
    ASSERT_EQ(written(store, "decoder0.0/create_ram_region", name), 0);
    EXPECT_EQ(written(store, target, "decoder2.0"), ENOENT); // no ways, no targets
    EXPECT_EQ(written(store, name + "/size", "0x10000000"), ENXIO);
    EXPECT_EQ(written(store, name + "/interleave_ways", "2"), 0);
    EXPECT_EQ(written(store, name + "/size", "0x20000000"), ENXIO);
    EXPECT_EQ(written(store, name + "/interleave_granularity", "256"), 0);
    EXPECT_EQ(written(store, target, "nonsense"), ENODEV);
    EXPECT_EQ(written(store, target, "mem0"), EINVAL);
    EXPECT_EQ(written(store, target, "decoder2.0"), is_7_3 ? ENODEV : EINVAL); // no mode
    EXPECT_EQ(written(store, "decoder2.0/dpa_size", "0x10000000"), is_7_3 ? EBUSY : EINVAL);
    EXPECT_EQ(written(store, "decoder2.0/mode", "pmem"), is_7_3 ? EINVAL : ENXIO);
    EXPECT_EQ(written(store, "decoder2.0/mode", "ram"), 0);
    EXPECT_EQ(written(store, target, "decoder2.0"), ENXIO); // no size
    EXPECT_EQ(written(store, name + "/size", "0x10000000"), EINVAL);
    EXPECT_EQ(written(store, name + "/size", "0x4000000000"), ERANGE); // more than the window
    EXPECT_EQ(written(store, name + "/size", "0x20000000"), 0);
    EXPECT_EQ(written(store, name + "/size", "0x40000000"), EBUSY);
    EXPECT_EQ(written(store, name + "/interleave_ways", "4"), EBUSY);
    EXPECT_EQ(written(store, name + "/interleave_ways", "5"), EINVAL);
    EXPECT_EQ(written(store, name + "/interleave_granularity", "512"), EBUSY);
    EXPECT_EQ(written(store, target, "decoder2.0"), ENXIO); // no DPA
    EXPECT_EQ(written(store, "decoder2.0/dpa_size", "0x20000000"), 0);
    EXPECT_EQ(written(store, target, "decoder2.0"), EINVAL); // twice its share
    EXPECT_EQ(written(store, "decoder2.0/dpa_size", "0x10000000"), 0);
    EXPECT_EQ(written(store, name + "/target2", "decoder2.0"), ENOENT);
    EXPECT_EQ(written(store, target, "decoder2.0"), 0);
    EXPECT_EQ(written(store, name + "/target1", "decoder2.0"), EBUSY);
    EXPECT_EQ(written(store, "decoder2.1/mode", "ram"), 0);
    EXPECT_EQ(written(store, "decoder2.1/dpa_size", "0x10000000"), 0);
    EXPECT_EQ(written(store, name + "/target1", "decoder2.1"), EBUSY); // the same memdev
    EXPECT_EQ(written(store, "decoder2.0/dpa_size", "0"), EBUSY);
    EXPECT_EQ(written(store, name + "/commit", "1"), ENXIO);
    EXPECT_EQ(written(store, "drivers/cxl_region/bind", name), ENXIO);
    give_dpa(store, "decoder3.0", "ram", 256 * kMega);
    EXPECT_EQ(written(store, name + "/target1", "decoder3.0"), 0);
    EXPECT_EQ(written(store, name + "/target1", "decoder3.0"), EBUSY); // complete
    EXPECT_EQ(written(store, name + "/size", "0"), EBUSY);
  }
}

TEST(CxlRegion, PmemWantsAUuid) {
  const store::Store store = platform_of(mixed());
  const std::string uuid = "c5bdf3a2-7d4c-4a6a-8a55-8d7e0b1f7a11\n";
  ASSERT_EQ(written(store, "decoder0.0/create_pmem_region", "region0"), 0);
  ASSERT_EQ(written(store, "decoder0.0/create_pmem_region", "region2"), 0);
  EXPECT_EQ(written(store, "region0/interleave_ways", "1"), 0);
  EXPECT_EQ(written(store, "region0/interleave_granularity", "256"), 0);
  EXPECT_EQ(written(store, "region0/size", "0x10000000"), ENXIO);
  EXPECT_EQ(written(store, "region0/uuid", uuid.substr(0, 36)), EINVAL); // without newline
  EXPECT_EQ(written(store, "region0/uuid", "00000000-0000-0000-0000-000000000000\n"), EINVAL);
  EXPECT_EQ(written(store, "region0/uuid", uuid), 0);
  EXPECT_EQ(written(store, "region0/uuid", uuid), 0);
  EXPECT_EQ(written(store, "region2/uuid", uuid), EBUSY); // somebody has it
  EXPECT_EQ(shown(store, "region0/uuid") + "\n", uuid);
  EXPECT_EQ(written(store, "region0/size", "0x10000000"), 0);
}

TEST(CxlRegion, WaysAndGranularityFollowTheWindow) {
  TopologySpec spec{.host_bridges = std::vector<HostBridgeSpec>(3, bridge_of(4, kGiga)),
                    .windows = {{.size = 6 * kGiga, .targets = {0, 1, 2}, .granularity = 1024}}};
  const store::Store store = platform_of(spec);
  ASSERT_EQ(written(store, "decoder0.0/create_ram_region", "region0"), 0);
  for (const auto& [ways, code] : {std::pair{"1", EINVAL},
                                   {"2", EINVAL},
                                   {"3", 0},
                                   {"6", 0},
                                   {"9", EINVAL},
                                   {"12", 0},
                                   {"16", EINVAL},
                                   {"0", EINVAL},
                                   {"4294967296", ERANGE}}) {
    EXPECT_EQ(written(store, "region0/interleave_ways", ways), code) << ways;
  }
  for (const auto& [bytes, code] : {std::pair{"256", EINVAL},
                                    {"1024", 0},
                                    {"2048", EINVAL},
                                    {"1000", EINVAL},
                                    {"-1", EINVAL},
                                    {"4294967296", ERANGE}}) {
    EXPECT_EQ(written(store, "region0/interleave_granularity", bytes), code) << bytes;
  }
}

// Behind each other, the last one first to be freed; who takes persistent memory gives up the volatile below.
TEST(CxlDpa, OrderAndSkip) {
  const store::Store store = platform_of(mixed());
  EXPECT_EQ(written(store, "decoder4.1/mode", "ram"), 0);
  EXPECT_EQ(written(store, "decoder4.1/dpa_size", "0x10000000"), EBUSY); // not before decoder4.0
  EXPECT_EQ(written(store, "decoder4.0/mode", "ram"), 0);
  EXPECT_EQ(written(store, "decoder4.0/dpa_size", "4096"), EINVAL);
  EXPECT_EQ(written(store, "decoder4.0/dpa_size", "0x30000000"), ENOSPC);
  EXPECT_EQ(written(store, "decoder4.0/dpa_size", "0x10000000"), 0);
  EXPECT_EQ(written(store, "decoder4.1/mode", "pmem"), 0);
  EXPECT_EQ(written(store, "decoder4.1/dpa_size", "0x10000000"), 0);
  EXPECT_EQ(shown(store, "decoder4.1/dpa_resource"), "0x20000000");
  EXPECT_EQ(decoder_named(store, "decoder4.1").dpa_skip, 256 * kMega);
  EXPECT_EQ(written(store, "decoder4.2/mode", "ram"), 0);
  EXPECT_EQ(written(store, "decoder4.2/dpa_size", "0x10000000"), ENOSPC); // what was skipped is gone
  EXPECT_EQ(written(store, "decoder4.2/mode", "pmem"), 0);
  EXPECT_EQ(written(store, "decoder4.2/dpa_size", "0x20000000"), ENOSPC);
  EXPECT_EQ(written(store, "decoder4.2/dpa_size", "0x10000000"), 0);
  EXPECT_EQ(decoder_named(store, "decoder4.2").dpa_skip, 0U); // skipped already
  EXPECT_EQ(written(store, "decoder4.1/dpa_size", "0"), EBUSY);
  EXPECT_EQ(written(store, "decoder4.2/dpa_size", "0"), 0);
  EXPECT_EQ(written(store, "decoder4.1/dpa_size", "0"), 0);
  EXPECT_EQ(written(store, "decoder4.1/mode", "ram"), 0);
  EXPECT_EQ(written(store, "decoder4.1/dpa_size", "0x10000000"), 0); // free again
  EXPECT_EQ(shown(store, "decoder4.1/dpa_resource"), "0x10000000");
}

TEST(CxlRegion, CommitsGoInOrder) {
  const store::Store store = platform_of(mixed());
  RegionPlan plan = kFirst;
  const std::string first = sized_region(store, plan);
  ASSERT_EQ(set_targets(store, plan, first), 0);
  plan.decoder = 1;
  const std::string second = sized_region(store, plan);
  // The port has one decoder to give: the next to be committed, which the first region has.
  EXPECT_EQ(set_targets(store, plan, second), EBUSY);
  ASSERT_EQ(written(store, first + "/commit", "1"), 0);
  EXPECT_EQ(written(store, second + "/target0", "decoder2.1"), 0);
  EXPECT_EQ(written(store, first + "/commit", "0"), 0);
  EXPECT_EQ(written(store, second + "/commit", "1"), EBUSY); // decoder2.0 comes before decoder2.1
  EXPECT_EQ(shown(store, second + "/commit"), "0");
  EXPECT_EQ(written(store, first + "/commit", "1"), 0);
  EXPECT_EQ(written(store, second + "/commit", "1"), 0);
  // One that is not the last stays counted until all behind it are gone.
  EXPECT_EQ(written(store, first + "/commit", "0"), 0);
  EXPECT_EQ(shown(store, "port1/decoders_committed"), "2");
  EXPECT_EQ(written(store, first + "/commit", "1"), EBUSY);
  EXPECT_EQ(written(store, second + "/commit", "0"), 0);
  EXPECT_EQ(shown(store, "port1/decoders_committed"), "0");
  EXPECT_EQ(written(store, first + "/commit", "1"), 0);
}

// What another region's target is known for on its way up is not forgotten, nor what this region has there: found by a
// sequence (tests/sequences/corpus/6.12/cxl/target_of_another_region.txt).
TEST(CxlRegion, ARefusedTargetChangesNothing) {
  const store::Store store = platform_of(mixed());
  const std::string other = committed_region(store, {.endpoints = {"endpoint3"}});
  const RegionPlan plan{.endpoints = {"endpoint2", "endpoint3"}};
  const std::string region = sized_region(store, plan);
  give_dpa(store, "decoder2.0", "ram", plan.each);
  ASSERT_EQ(written(store, region + "/target0", "decoder2.0"), 0);
  EXPECT_EQ(written(store, region + "/target1", "decoder3.0"), EBUSY);
  EXPECT_EQ(shown(store, "decoder1.0/region"), other);
  EXPECT_EQ(shown(store, "decoder1.1/region"), region);
  EXPECT_EQ(written(store, other + "/commit", "0"), 0);
  EXPECT_EQ(written(store, other + "/target0", "\n"), 0);
  EXPECT_EQ(shown(store, "decoder1.0/region"), "");
  EXPECT_EQ(shown(store, "decoder1.1/region"), region);
}

// A region with lower addresses cannot go through a port behind one with higher ones.
TEST(CxlRegion, AddressesGoUp) {
  const store::Store store = platform_of(mixed());
  RegionPlan plan = kFirst;
  const std::string lower = sized_region(store, plan);
  plan.window = "decoder0.1";
  (void)committed_region(store, plan);
  plan.decoder = 1;
  EXPECT_EQ(set_targets(store, plan, lower), EBUSY);
}

// A bridge with one root port decodes nothing: one region can go through it, and none beside.
TEST(CxlRegion, PassthroughHasOneRegion) {
  const store::Store store = platform_of({.host_bridges = {bridge_of(1, kGiga)}, .windows = {{}}});
  RegionPlan plan = kFirst;
  (void)committed_region(store, plan);
  EXPECT_EQ(shown(store, "port1/decoders_committed"), "0");
  EXPECT_EQ(shown(store, "decoder1.0/region"), "region0");
  plan.decoder = 1;
  EXPECT_EQ(set_targets(store, plan, sized_region(store, plan)), EBUSY);
}

TEST(CxlRegion, AddressesAreTheLowestFree) {
  const store::Store store = platform_of(mixed());
  const std::uint64_t start = decoder_named(store, "decoder0.0").start;
  RegionPlan plan{.endpoints = {"endpoint2", "endpoint3"}};
  const std::string first = sized_region(store, plan);
  const std::string second = sized_region(store, plan);
  const std::string third = sized_region(store, plan);
  EXPECT_EQ(region_named(store, second).start, start + 512 * kMega);
  EXPECT_EQ(written(store, "decoder0.0/delete_region", second), 0);
  plan.endpoints.pop_back();
  const std::string small = sized_region(store, plan);
  EXPECT_EQ(small, second); // its number too
  EXPECT_EQ(region_named(store, small).start, start + 512 * kMega);
  plan.endpoints.assign(4, "");
  EXPECT_EQ(region_named(store, sized_region(store, plan)).start, start + 1536 * kMega);
  EXPECT_EQ(written(store, third + "/size", "0"), 0);
  EXPECT_EQ(region_named(store, third).state, CxlRegionState::idle);
}

// Deleted in every state it leaves nothing behind.
TEST(CxlRegion, IsDeletedInEveryState) {
  for (int state = 0; state < 6; ++state) {
    SCOPED_TRACE(state);
    const store::Store store = platform_of(mixed());
    RegionPlan plan{.endpoints = {"endpoint2", "endpoint3"}};
    const std::string name = shown(store, "decoder0.0/create_ram_region");
    if (state == 0) {
      ASSERT_EQ(written(store, "decoder0.0/create_ram_region", name), 0);
    } else {
      (void)sized_region(store, plan);
    }
    give_dpa(store, "decoder2.0", "ram", 256 * kMega);
    give_dpa(store, "decoder3.0", "ram", 256 * kMega);
    if (state >= 2) {
      ASSERT_EQ(written(store, name + "/target1", "decoder3.0"), 0);
    }
    if (state >= 3) {
      ASSERT_EQ(written(store, name + "/target0", "decoder2.0"), 0);
    }
    if (state >= 4) {
      ASSERT_EQ(written(store, name + "/commit", "1"), 0);
    }
    if (state >= 5) {
      ASSERT_EQ(written(store, "drivers/cxl_region/bind", name), 0);
      EXPECT_EQ(region_named(store, name).derived, 1U);
    }
    EXPECT_EQ(written(store, "decoder0.1/delete_region", name), ENODEV);
    EXPECT_EQ(written(store, "decoder0.0/delete_region", name), 0);
    EXPECT_EQ(written(store, "decoder0.0/delete_region", name), ENODEV);
    EXPECT_EQ(shown(store, "port1/decoders_committed"), "0");
    for (const CxlDecoderRecord& decoder : decoders(store)) {
      EXPECT_EQ(decoder.region, 0U);
      EXPECT_EQ(decoder.ref_ports, 0U);
    }
    EXPECT_EQ(written(store, "decoder3.0/dpa_size", "0"), 0);
    EXPECT_EQ(written(store, "decoder2.0/dpa_size", "0"), 0);
    EXPECT_EQ(shown(store, "decoder0.0/create_ram_region"), name);
    plan.endpoints = {"endpoint3", "endpoint2"}; // the other way round
    EXPECT_EQ(committed_region(store, plan), name);
  }
}

} // namespace
} // namespace daxemu::cxl
