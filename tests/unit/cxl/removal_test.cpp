// Memdevs and ports that go, under regions and without, and a changer that dies in the middle.
#include <cstring>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

#include "emu/cxl/change.hpp"
#include "emu/cxl/drivers.hpp"
#include "emu/cxl/enumeration/acpi.hpp"
#include "emu/cxl/poison.hpp"
#include "tests/unit/cxl/region_steps.hpp"

namespace daxemu::cxl {
namespace {

TopologySpec with_switch() {
  const SwitchSpec two{.ports = {memdev_below(kGiga), memdev_below(kGiga)}};
  return {.host_bridges = {{.root_ports = {memdev_below(kGiga), {.switches = {two}}}}}, .windows = {{}}};
}

std::string names(const store::Store& store) {
  std::string text;
  for (const CxlPortRecord& port : ports(store)) {
    text += port.kind == CxlPortKind::none ? "" : name_of(store, port) + " ";
  }
  return text;
}

TEST(CxlRemoval, AMemdevLeavesItsRegion) {
  const store::Store store = platform_of(with_switch());
  ASSERT_EQ(names(store), "root0 port1 endpoint2 port3 endpoint4 endpoint5 ");
  RegionPlan plan{.endpoints = {"endpoint4", "endpoint5"}};
  const std::string name = committed_region(store, plan);
  ASSERT_EQ(written(store, "drivers/cxl_region/bind", name), 0);
  EXPECT_EQ(written(store, "drivers/cxl_mem/unbind", "mem1"), 0);
  EXPECT_EQ(written(store, "drivers/cxl_mem/unbind", "mem1"), ENODEV);
  const CxlRegionRecord& region = region_named(store, name);
  EXPECT_EQ(region.state, CxlRegionState::interleave_active);
  EXPECT_EQ(region.bound, 0U);
  EXPECT_EQ(region.nr_targets, 1U);
  EXPECT_EQ(shown(store, name + "/target0"), "");
  EXPECT_EQ(shown(store, name + "/target1"), "decoder5.0");
  EXPECT_EQ(shown(store, "port3/decoders_committed"), "0");
  EXPECT_EQ(names(store), "root0 port1 endpoint2 port3 endpoint5 ");
  EXPECT_EQ(written(store, "drivers/cxl_mem/unbind", "mem2"), 0); // and with it the switch
  EXPECT_EQ(names(store), "root0 port1 endpoint2 ");
  EXPECT_EQ(region.nr_targets, 0U);
  // It comes back, with the numbers that are free.
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem2"), 0);
  EXPECT_EQ(names(store), "root0 port1 endpoint2 port3 endpoint4 ");
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem2"), EBUSY);
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem1"), 0);
  give_dpa(store, "decoder4.0", "ram", 256 * kMega);
  give_dpa(store, "decoder5.0", "ram", 256 * kMega);
  EXPECT_EQ(written(store, name + "/target0", "decoder5.0"), 0);
  EXPECT_EQ(written(store, name + "/target1", "decoder4.0"), 0);
  EXPECT_EQ(written(store, name + "/commit", "1"), 0);
}

// Guest (clients/cxl/steps/decoders.txt): hardware keeps what was committed last.
TEST(CxlRemoval, DecodersComeBackAsTheyWereProgrammed) {
  const store::Store store = platform_of(with_switch());
  RegionPlan plan{.endpoints = {"endpoint4", "endpoint5"}};
  const std::string name = committed_region(store, plan);
  const CxlDecoderRecord& decoder = decoder_named(store, "decoder4.0");
  const std::uint32_t granularity = decoder.granularity;
  ASSERT_EQ(decoder.ways, 2U);
  EXPECT_EQ(written(store, "drivers/cxl_mem/unbind", "mem1"), 0);
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem1"), 0);
  EXPECT_EQ(decoder_named(store, "decoder4.0").ways, 2U);
  EXPECT_EQ(decoder_named(store, "decoder4.0").granularity, granularity);
  EXPECT_EQ(decoder_named(store, "decoder4.0").size, 0U);
  EXPECT_EQ(decoder_named(store, "decoder4.1").ways, 1U);
  // The switch goes with the last one below it, and its decoder has its targets when it comes again.
  EXPECT_EQ(written(store, "drivers/cxl_mem/unbind", "mem1"), 0);
  EXPECT_EQ(written(store, "drivers/cxl_mem/unbind", "mem2"), 0);
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem1"), 0);
  EXPECT_EQ(decoder_named(store, "decoder3.0").ways, 2U);
  EXPECT_EQ(shown(store, "decoder3.0/target_list"), "0,1");
}

TEST(CxlRemoval, APortTakesAllBelow) {
  const store::Store store = platform_of(with_switch());
  RegionPlan plan{.endpoints = {"endpoint2"}};
  const std::string name = committed_region(store, plan);
  EXPECT_EQ(written(store, "drivers/cxl_port/unbind", "root0"), ENODEV);
  EXPECT_EQ(written(store, "drivers/cxl_port/unbind", "endpoint2"), 0);
  EXPECT_EQ(memdev_named(store, "mem0")->unbound, 1U);
  EXPECT_EQ(region_named(store, name).nr_targets, 0U);
  EXPECT_EQ(written(store, "drivers/cxl_port/unbind", "port1"), 0);
  EXPECT_EQ(names(store), "root0 port1 ");
  EXPECT_EQ(port_named(store, "port1")->decoders, 0U);
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem0"), ENXIO);
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem2"), ENXIO);
  EXPECT_EQ(written(store, "drivers/cxl_port/bind", "port1"), 0);
  EXPECT_EQ(written(store, "drivers/cxl_port/bind", "port1"), EBUSY);
  EXPECT_EQ(port_named(store, "port1")->decoders, 4U);
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem2"), 0);
  EXPECT_EQ(names(store), "root0 port1 port2 endpoint3 ");
}

TEST(CxlRemoval, PciFunctions) {
  const store::Store store = platform_of(with_switch());
  EXPECT_EQ(written(store, "drivers/cxl_pci/unbind", "0000:0d:00.1"), ENODEV);
  EXPECT_EQ(written(store, "drivers/cxl_pci/bind", "0000:0d:00.0"), EBUSY);
  EXPECT_EQ(written(store, "drivers/cxl_pci/unbind", "0000:0d:00.0\n"), 0);
  EXPECT_EQ(memdev_named(store, "mem0"), nullptr);
  // The root port that the switch is connected to.
  CxlPciRecord* second = nullptr;
  for (CxlPciRecord& pci : pci_functions(store)) {
    second = pci.kind == CxlPciKind::root_port ? &pci : second;
  }
  ASSERT_NE(second, nullptr);
  EXPECT_TRUE(remove_pci(store, *second));
  EXPECT_FALSE(remove_pci(store, *second));
  EXPECT_EQ(names(store), "root0 port1 ");
  EXPECT_EQ(memdev_named(store, "mem1"), nullptr);
  rescan_pci(store);
  EXPECT_EQ(names(store), "root0 port1 port2 endpoint3 endpoint4 ");
  EXPECT_EQ(memdev_named(store, "mem0")->serial, 2U); // the lowest numbers that are free
  EXPECT_EQ(written(store, "drivers/cxl_pci/bind", "0000:0d:00.0"), 0);
  EXPECT_EQ(memdev_named(store, "mem2")->serial, 1U);
  EXPECT_EQ(written(store, "drivers_probe", "mem2"), 0);
  EXPECT_EQ(written(store, "drivers_probe", "mem9"), ENODEV);
}

// The bus: memdevs stay, all else goes, regions too; and comes back as it was.
TEST(CxlRemoval, TheBus) {
  TopologySpec spec = with_switch();
  spec.windows.resize(2);
  const store::Store store = platform_of(spec);
  const std::string before = names(store);
  RegionPlan plan{.window = "decoder0.1", .endpoints = {"endpoint4", "endpoint5"}};
  ASSERT_EQ(committed_region(store, plan), "region1");
  ASSERT_EQ(written(store, "drivers/cxl_region/bind", "region1"), 0);
  EXPECT_EQ(bind_acpi(store, "ACPI0017:00").error(), Errno{EBUSY});
  EXPECT_EQ(unbind_acpi(store, "ACPI0017:01").error(), Errno{ENODEV});
  EXPECT_TRUE(unbind_acpi(store, "ACPI0017:00\n"));
  EXPECT_EQ(unbind_acpi(store, "ACPI0017:00").error(), Errno{ENODEV});
  EXPECT_EQ(names(store), "");
  EXPECT_EQ(memdev_named(store, "mem1")->unbound, 1U);
  EXPECT_EQ(written(store, "drivers/cxl_mem/bind", "mem1"), ENXIO);
  EXPECT_TRUE(std::ranges::all_of(regions(store), [](const CxlRegionRecord& region) { return region.used == 0; }));
  EXPECT_TRUE(std::ranges::all_of(decoders(store), [](const CxlDecoderRecord& decoder) { return decoder.port == 0; }));
  EXPECT_TRUE(bind_acpi(store, "ACPI0017:00"));
  EXPECT_EQ(names(store), before);
  EXPECT_EQ(shown(store, "decoder0.1/target_list"), "12");
  EXPECT_EQ(committed_region(store, plan), "region1");
}

TEST(CxlRemoval, APartitionComesWithTheNextFind) {
  TopologySpec spec{.host_bridges = {{.root_ports = {{.memdev = {{.ram = kGiga, .either = kGiga}}}}}}, .windows = {{}}};
  const store::Store store = platform_of(spec);
  CxlMemdevRecord& memdev = *memdev_named(store, "mem0");
  EXPECT_EQ(memdev.ram_size, 2 * kGiga);
  EXPECT_EQ(memdev.partition_align, 256 * kMega);
  memdev.next_ram = kGiga + 256 * kMega;
  memdev.next_pmem = 768 * kMega;
  ASSERT_EQ(written(store, "drivers/cxl_mem/unbind", "mem0"), 0);
  ASSERT_EQ(written(store, "drivers/cxl_mem/bind", "mem0"), 0);
  EXPECT_EQ(memdev.ram_size, 2 * kGiga); // the device was not reset
  ASSERT_EQ(written(store, "drivers/cxl_pci/unbind", "0000:0d:00.0"), 0);
  ASSERT_EQ(written(store, "drivers/cxl_pci/bind", "0000:0d:00.0"), 0);
  EXPECT_EQ(memdev.ram_size, kGiga + 256 * kMega);
  EXPECT_EQ(memdev.pmem_size, 768 * kMega);
  EXPECT_EQ(memdev.has_nvdimm, 1U);
}

TEST(CxlPoison, TheList) {
  const store::Store store = platform_of(with_switch());
  CxlMemdevRecord& memdev = *memdev_named(store, "mem0");
  EXPECT_EQ(inject_poison(store, memdev, 32).error(), Errno{EINVAL});
  EXPECT_EQ(inject_poison(store, memdev, kGiga).error(), Errno{EINVAL});
  EXPECT_TRUE(inject_poison(store, memdev, 4096));
  EXPECT_TRUE(inject_poison(store, memdev, 64));
  EXPECT_TRUE(inject_poison(store, memdev, 4096));
  ASSERT_EQ(memdev.poison_count, 2U);
  EXPECT_EQ(memdev.poison[0].start, 64U);
  EXPECT_EQ(memdev.poison[1].source, 3U);
  memdev.poison[1].length = 256; // as a device may find
  EXPECT_TRUE(clear_poison(store, memdev, 4096 + 128));
  ASSERT_EQ(memdev.poison_count, 3U);
  EXPECT_EQ(memdev.poison[1].length, 128U);
  EXPECT_EQ(memdev.poison[2].start, 4096U + 192);
  EXPECT_EQ(memdev.poison[2].length, 64U);
  EXPECT_TRUE(clear_poison(store, memdev, 0)); // not poisoned
  EXPECT_TRUE(clear_poison(store, memdev, 64));
  EXPECT_EQ(memdev.poison_count, 2U);
  for (std::uint64_t dpa = kMega; memdev.poison_count < store::kMaxCxlPoison; dpa += 64) {
    EXPECT_TRUE(inject_poison(store, memdev, dpa));
  }
  EXPECT_EQ(inject_poison(store, memdev, 2 * kMega).error(), Errno{EBUSY});
  EXPECT_EQ(clear_poison(store, memdev, 1).error(), Errno{EINVAL});
}

// Who dies in the middle has changed nothing: the next one finds the topology as it was.
TEST(CxlChange, ADeadChangerIsUndone) {
  const store::Store store = platform_of(with_switch());
  RegionPlan plan{.endpoints = {"endpoint2"}};
  const std::string name = committed_region(store, plan);
  const auto image = std::make_unique<CxlState>(store.cxl().state);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto change = Change::begin(store);
    (void)unbind(store, CxlDriver::mem, "mem0");
    (void)unbind(store, CxlDriver::port, "port1");
    store.cxl().state.regions_used = 40; // even nonsense
    store.cxl().state.regions[30].used = 1;
    _exit(change ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(memdev_named(store, "mem0")->unbound, 1U);
  EXPECT_EQ(store.cxl().changing.load(), 1U);
  ASSERT_TRUE(dax::repair_if_abandoned(store));
  EXPECT_EQ(store.cxl().changing.load(), 0U);
  EXPECT_EQ(std::memcmp(image.get(), &store.cxl().state, sizeof(CxlState)), 0);
  EXPECT_EQ(shown(store, name + "/commit"), "1");
  EXPECT_EQ(written(store, "drivers/cxl_mem/unbind", "mem0"), 0);
}

// Whoever finished a change is not undone by the next one's death.
TEST(CxlChange, OnlyTheLastIsUndone) {
  const store::Store store = platform_of(with_switch());
  {
    auto change = Change::begin(store);
    ASSERT_TRUE(change);
    ASSERT_TRUE(unbind(store, CxlDriver::mem, "mem0"));
  }
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto change = Change::begin(store);
    (void)bind(store, CxlDriver::mem, "mem0");
    (void)unbind(store, CxlDriver::mem, "mem1");
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  auto change = Change::begin(store);
  ASSERT_TRUE(change);
  EXPECT_EQ(memdev_named(store, "mem0")->unbound, 1U);
  EXPECT_EQ(memdev_named(store, "mem1")->unbound, 0U);
}

} // namespace
} // namespace daxemu::cxl
