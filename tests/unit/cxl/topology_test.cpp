// Which names and numbers the kernel gives to what it finds, and what no topology can be.
#include "emu/cxl/enumeration/topology.hpp"

#include <cstdio>
#include <set>

#include "tests/unit/cxl/platform.hpp"

namespace daxemu::cxl {
namespace {

std::string pci_name(const CxlPciRecord& pci) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x.%x", pci.bus, pci.slot, pci.function);
  return text.data();
}
// "endpoint2 port1 0c:00.0 mem0": of a port its name, its parent's, the dport above it, and what it is the port of.
std::string line_of(const store::Store& store, const CxlPortRecord& port) {
  std::string text = name_of(store, port);
  if (const CxlPortRecord* parent = port_at(store, port.parent); parent != nullptr) {
    const CxlPciRecord& way = *pci_at(store, dport_at(store, port.parent_dport)->pci);
    text += " " + name_of(store, *parent) + " " + pci_name(way);
    text += port.kind == CxlPortKind::endpoint ? " mem" + std::to_string(memdev_at(store, port.uport)->id)
                                               : " " + pci_name(*pci_at(store, port.uport));
  }
  return text;
}
std::vector<std::string> lines_of(const store::Store& store) {
  std::vector<std::string> lines;
  for (const CxlPortRecord& port : ports(store)) {
    lines.push_back(line_of(store, port));
  }
  return lines;
}
using Lines = std::vector<std::string>;

// The guest's: one host bridge on bus 0c, root ports at its slots, endpoints in the order of the memdevs.
TEST(CxlTopology, TheDefault) {
  const store::Store store = platform_of(default_topology(512 * kMega));
  EXPECT_EQ(lines_of(store), (Lines{"root0", "port1 root0 0c:00.0 0c:00.0", "endpoint2 port1 0c:00.0 mem0",
                                    "endpoint3 port1 0c:01.0 mem1"}));
  EXPECT_EQ(memdev_named(store, "mem1")->serial, 2U);
  EXPECT_EQ(pci_name(*pci_at(store, memdev_named(store, "mem1")->pci)), "0e:00.0");
  EXPECT_EQ(dports(store)[0].port_id, 0x0cU);
  const CxlDecoderRecord& window = decoder_named(store, "decoder0.0");
  EXPECT_EQ(window.start, 5 * kGiga);
  EXPECT_EQ(window.size, 4 * kGiga);
  EXPECT_EQ(target_list(store, window), "12");
  EXPECT_EQ(window.next_region, 0U);
  EXPECT_EQ(decoder_named(store, "decoder0.1").start, 9 * kGiga);
  EXPECT_EQ(decoder_named(store, "decoder0.1").next_region, 1U);
  EXPECT_EQ(port_named(store, "port1")->decoders, 4U);
  EXPECT_EQ(target_list(store, decoder_named(store, "decoder1.3")), "0");
  EXPECT_EQ(decoder_named(store, "decoder1.3").granularity, 256U);
  EXPECT_EQ(decoder_named(store, "decoder3.3").ways, 1U);
  EXPECT_EQ(memdev_named(store, "mem0")->has_nvdimm, 0U);
}

// One root port: no decoder registers, one made-up decoder whose target is whatever the port is called (6.12), and
// nothing where it is not 0 (7.3).
TEST(CxlTopology, OneRootPortIsPassthrough) {
  TopologySpec spec{.host_bridges = {bridge_of(1, kGiga), bridge_of(1, kGiga)},
                    .windows = {{.targets = {0}}, {.targets = {1}}}};
  spec.host_bridges[1].root_ports[0].number = 5;
  const store::Store store = platform_of(spec);
  EXPECT_EQ(lines_of(store), (Lines{"root0", "port1 root0 0c:00.0 0c:00.0", "port2 root0 0e:00.0 0e:00.0",
                                    "endpoint3 port1 0c:00.0 mem0", "endpoint4 port2 0e:00.0 mem1"}));
  EXPECT_EQ(port_named(store, "port2")->passthrough, 1U);
  EXPECT_EQ(port_named(store, "port2")->decoders, 1U);
  EXPECT_EQ(decoder_named(store, "decoder2.0").granularity, 4096U);
  EXPECT_EQ(target_list(store, decoder_named(store, "decoder2.0")), "5");
  EXPECT_EQ(target_list(store, decoder_named(store, "decoder0.1")), "14");
  const store::Store newer = platform_of(spec, KernelId::linux_7_3);
  EXPECT_EQ(target_list(newer, decoder_named(newer, "decoder1.0")), "0");
  EXPECT_EQ(target_list(newer, decoder_named(newer, "decoder2.0")), "");
}

// A switch has no port before a memdev below it asks for one, which comes before its endpoint.
TEST(CxlTopology, ASwitch) {
  const SwitchSpec inner{.ports = {memdev_below(kGiga), memdev_below(kGiga)}};
  const SwitchSpec outer{.ports = {memdev_below(kGiga), {}, {.switches = {inner}}}};
  TopologySpec spec{.host_bridges = {{.root_ports = {memdev_below(kGiga), {.switches = {outer}}, {}}}},
                    .windows = {{}}};
  const store::Store store = platform_of(spec);
  EXPECT_EQ(lines_of(store),
            (Lines{"root0", "port1 root0 0c:00.0 0c:00.0", "endpoint2 port1 0c:00.0 mem0",
                   "port3 port1 0c:01.0 0e:00.0", "endpoint4 port3 0f:00.0 mem1", "port5 port3 0f:02.0 12:00.0",
                   "endpoint6 port5 13:00.0 mem2", "endpoint7 port5 13:01.0 mem3"}));
  EXPECT_EQ(port_named(store, "port5")->depth, 3U);
  const CxlPciRecord& bridge = pci_functions(store)[0];
  EXPECT_EQ(bridge.subordinate, 0x16U);
}

// 7.3 knows of a port only the ways that a memdev came through, and no decoders before the first.
TEST(CxlTopology, DportsFollowMemdevs) {
  TopologySpec spec{.host_bridges = {{.root_ports = {{}, memdev_below(kGiga), {}}}, {.root_ports = {{}, {}}}}};
  const auto count = [](const store::Store& store, const char* name) {
    const std::uint32_t owner = reference_of(store, *port_named(store, name));
    return std::ranges::count(dports(store), owner, &CxlDportRecord::port);
  };
  const store::Store old = platform_of(spec);
  EXPECT_EQ(count(old, "port1"), 3);
  EXPECT_EQ(count(old, "port2"), 2);
  EXPECT_EQ(port_named(old, "port2")->decoders, 4U);
  const store::Store newer = platform_of(spec, KernelId::linux_7_3);
  EXPECT_EQ(count(newer, "port1"), 1);
  EXPECT_EQ(count(newer, "port2"), 0);
  EXPECT_EQ(port_named(newer, "port1")->decoders, 4U);
  EXPECT_EQ(port_named(newer, "port2")->decoders, 0U);
  EXPECT_EQ(target_list(newer, decoder_named(newer, "decoder1.0")), ""); // its registers say 0
}

TEST(CxlTopology, SixtyFourMemdevs) {
  const std::vector<BelowSpec> eight(8, memdev_below(256 * kMega));
  TopologySpec spec{.windows = {{.size = 16 * kGiga, .targets = {0, 1}}}};
  for (int bridge = 0; bridge < 2; ++bridge) {
    spec.host_bridges.push_back({.root_ports = std::vector<BelowSpec>(4, {.switches = {{.ports = eight}}})});
  }
  const store::Store store = platform_of(spec);
  EXPECT_EQ(memdevs(store).size(), 64U);
  EXPECT_EQ(ports(store).size(), 1U + 2 + 8 + 64);
  std::set<std::string> addresses;
  std::set<std::uint64_t> serials;
  for (const CxlMemdevRecord& memdev : memdevs(store)) {
    EXPECT_NE(memdev.endpoint, 0U);
    serials.insert(memdev.serial);
  }
  for (const CxlPciRecord& pci : pci_functions(store)) {
    if (pci.kind != CxlPciKind::host_bridge) {
      addresses.insert(pci_name(pci));
    }
  }
  EXPECT_EQ(serials.size(), 64U);
  EXPECT_EQ(addresses.size(), pci_functions(store).size() - 2);
  EXPECT_EQ(port_named(store, "endpoint74")->uport, 64U);
}

TEST(CxlTopology, PersistentMemoryWithoutAWindowHasNoDriver) {
  TopologySpec spec{.host_bridges = {{.root_ports = {memdev_below(0, kGiga), memdev_below(kGiga)}}},
                    .windows = {{.pmem = false}}};
  const store::Store store = platform_of(spec);
  EXPECT_EQ(memdev_named(store, "mem0")->endpoint, 0U);
  EXPECT_EQ(memdev_named(store, "mem0")->unbound, 1U);
  EXPECT_EQ(name_of(store, *port_at(store, memdev_named(store, "mem1")->endpoint)), "endpoint2");
  spec.windows[0].pmem = true;
  const store::Store other = platform_of(spec);
  EXPECT_EQ(memdev_named(other, "mem0")->has_nvdimm, 1U);
  EXPECT_EQ(memdev_named(other, "mem0")->label_size, kMega);
  EXPECT_EQ(memdev_named(other, "mem1")->label_size, 0U);
}

TEST(CxlTopology, MemdevsAreNumberedByBus) {
  TopologySpec spec;
  for (const std::uint32_t bus : {64U, 12U}) {
    BelowSpec below;
    below.memdev.emplace_back().ram = bus * 256 * kMega;
    HostBridgeSpec& bridge = spec.host_bridges.emplace_back();
    bridge.root_ports = {below, below};
    bridge.bus = bus;
  }
  spec.windows = {{}};
  const store::Store store = platform_of(spec);
  EXPECT_EQ(pci_functions(store)[0].bus, 64U);
  EXPECT_EQ(memdev_named(store, "mem0")->ram_size, 12 * 256 * kMega);
  EXPECT_EQ(memdev_named(store, "mem2")->ram_size, 64 * 256 * kMega);
  spec.host_bridges[1].bus = 65; // a bus of the other
  const store::Store other = empty_store();
  const auto refused = enumerate(other, spec);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EINVAL);
  EXPECT_NE(refused.error().what.find("65"), std::string::npos) << refused.error().what;
}

TEST(CxlTopology, WhatTheMachineHasIsLeftAlone) {
  TopologySpec spec = default_topology(512 * kMega);
  spec.buses_taken.set(0x0e);
  spec.phys_start = 100 * kGiga + 1;
  store::Store store = empty_store();
  store::RegionRecord& region = store.region_table()[0];
  region.kind = store::RegionKind::hmem;
  region.id = 0;
  region.phys_start = 101 * kGiga;
  region.size = 2 * kMega;
  region.used.store(1);
  store.platform().regions_used.store(1);
  ASSERT_TRUE(enumerate(store, spec));
  EXPECT_EQ(pci_functions(store)[0].bus, 0x0fU);
  EXPECT_EQ(decoder_named(store, "decoder0.0").start, 102 * kGiga);
  EXPECT_EQ(decoder_named(store, "decoder0.0").next_region, 1U); // hmem.0 has 0
  const auto again = enumerate(store, spec);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EEXIST);
}

struct Refusal {
  const char* name;
  TopologySpec spec;
  int code;
  const char* says;
};
void PrintTo(const Refusal& refusal, std::ostream* to) {
  *to << refusal.name;
}
TopologySpec with_memdev(const MemdevSpec& memdev) {
  return {.host_bridges = {{.root_ports = {{.memdev = {memdev}}}}}};
}
TopologySpec with_window(const WindowSpec& window) {
  return {.host_bridges = std::vector<HostBridgeSpec>(5, bridge_of(1, kGiga)), .windows = {window}};
}
TopologySpec with_windows(std::size_t count) {
  TopologySpec spec = default_topology(kGiga);
  spec.windows.resize(count);
  return spec;
}
TopologySpec without_buses() {
  TopologySpec spec = default_topology(kGiga);
  for (std::size_t bus = 0; bus < 256; bus += 2) {
    spec.buses_taken.set(bus);
  }
  return spec;
}
class Refusals : public ::testing::TestWithParam<Refusal> {};
TEST_P(Refusals, SayWhatIsWrong) {
  const store::Store store = empty_store();
  const auto made = enumerate(store, GetParam().spec);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, GetParam().code);
  EXPECT_NE((made.error().what + "; " + made.error().remedy).find(GetParam().says), std::string::npos)
      << made.error().what << "; " << made.error().remedy;
  EXPECT_FALSE(is_present(store));
  EXPECT_TRUE(pci_functions(store).empty());
  EXPECT_TRUE(enumerate(store, default_topology(256 * kMega))); // nothing is left of it
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Refusals,
    ::testing::Values(
        Refusal{"nothing", {}, EINVAL, "no host bridge"},
        Refusal{"no_ports", {.host_bridges = {{}}}, EINVAL, "host bridge 0 has 0 root ports"},
        Refusal{"capacity", with_memdev({.ram = 300 * kMega}), EINVAL, "use 256M or 512M"},
        Refusal{"no_memory", with_memdev({}), EINVAL, "has no memory"},
        Refusal{"either", with_memdev({.either = kGiga, .either_pmem = 2 * kGiga}), EINVAL, "at most 1G"},
        Refusal{"labels", with_memdev({.pmem = kGiga, .label_size = 4 * kGiga}), EINVAL, "label area of 4G"},
        Refusal{"decoders", with_memdev({.ram = kGiga, .decoders = 3}), EINVAL, "1, 2, 4, 6, 8 or 10"},
        Refusal{
            "bridge_decoders", {.host_bridges = {{.root_ports = {{}, {}}, .decoders = 0}}}, EINVAL, "host bridge 0"},
        Refusal{"both",
                {.host_bridges = {{.root_ports = {{.memdev = {{.ram = kGiga}}, .switches = {{.ports = {{}}}}}}}}},
                EINVAL,
                "host bridge 0, port 0"},
        Refusal{
            "empty_switch", {.host_bridges = {{.root_ports = {{.switches = {SwitchSpec{}}}}}}}, EINVAL, "has no port"},
        Refusal{"number", {.host_bridges = {{.root_ports = {{.number = 256}}}}}, EINVAL, "use 0 to 255"},
        Refusal{"same_number", {.host_bridges = {{.root_ports = {{.number = 1}, {}}}}}, EINVAL, "called 1"},
        Refusal{"ways", with_window({.targets = {0, 1, 2, 3, 4}}), EINVAL, "over 5 host bridges"},
        Refusal{"no_target", with_window({.targets = {5}}), EINVAL, "use 0 to 4"},
        Refusal{"twice", with_window({.targets = {1, 1}}), EINVAL, "host bridge 1 twice"},
        Refusal{"granularity", with_window({.granularity = 384}), EINVAL, "256, 512, 1K"},
        Refusal{"window_size", with_window({.size = kGiga, .targets = {0, 1, 2}}), EINVAL, "use 768M or 1536M"},
        Refusal{"window_zero", with_window({.size = 0}), EINVAL, "use 256M or 512M"},
        Refusal{"neither", with_window({.ram = false, .pmem = false}), EINVAL, "neither"},
        Refusal{"memdevs", {.host_bridges = {bridge_of(129, kGiga)}}, ENOSPC, "room for 128"},
        Refusal{"windows", with_windows(33), ENOSPC, "room for 32"},
        Refusal{"buses", without_buses(), ENOSPC, "3 PCI buses in a row"}),
    [](const auto& row) { return row.param.name; });

} // namespace
} // namespace daxemu::cxl
