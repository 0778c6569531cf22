#include "emu/cxl/topology.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/derived.hpp"
#include "emu/cxl/interleave.hpp"
#include "emu/cxl/mem_probe.hpp"
#include "emu/cxl/memregion.hpp"
#include "emu/cxl/ports.hpp"
#include "emu/cxl/topology_check.hpp"
#include "emu/cxl/topology_pci.hpp"
#include "emu/dax/builder.hpp"

namespace daxemu::cxl {
namespace {

tl::unexpected<Problem> no_room(const char* what) {
  return refuse(ENOSPC, std::string("the tables of the platform have no room for ") + what, "use a smaller topology");
}

// Where no dax region is, nor will be: they are made one behind the other.
std::uint64_t first_address(const store::Store& store, const TopologySpec& spec) {
  std::uint64_t start = spec.phys_start != 0 ? spec.phys_start : dax::kFirstRegionStart;
  for (const store::RegionRecord& region : store.regions()) {
    start = std::max(start, region.phys_start + region.size);
  }
  return align_up(start, kPudSize);
}

std::vector<CxlPciRecord*> host_bridges(const store::Store& store) {
  std::vector<CxlPciRecord*> found;
  for (CxlPciRecord& function : pci_functions(store)) {
    if (function.kind == CxlPciKind::host_bridge) {
      found.push_back(&function);
    }
  }
  return found;
}

// cxl_parse_cfmws(); a window has all it needs when it is added, so each is one decoder of root0.
bool add_window(const store::Store& store, CxlPortRecord& root, const WindowSpec& spec, std::uint64_t start) {
  const std::uint32_t next = next_memregion(store);
  CxlDecoderRecord* decoder = add_decoder(store, root);
  if (decoder == nullptr) {
    return false;
  }
  const auto ways = static_cast<std::uint32_t>(spec.targets.size());
  decoder->flags = store::kCxlEnabled | store::kCxlCapType2 | store::kCxlCapType3 | (spec.ram ? store::kCxlCapRam : 0) |
                   (spec.pmem ? store::kCxlCapPmem : 0);
  decoder->ways = ways;
  decoder->granularity = ways == 1 ? kMinGranularity : spec.granularity; // any that a region may want
  decoder->start = start;
  decoder->size = spec.size;
  decoder->qos_class = spec.qos_class;
  decoder->target_node = spec.target_node;
  decoder->next_region = next;
  decoder->nr_targets = ways;
  for (std::uint32_t at = 0; at < ways; ++at) {
    decoder->targets[at] = spec.targets[at] + 1; // dports of the root were added in that order, first of all
  }
  return true;
}

// cxl_acpi_probe(): root0 with its dports and windows, then a port for each host bridge.
Outcome<void> add_root(const store::Store& store, const TopologySpec& spec) {
  CxlPortRecord* root = add_port(store, {.kind = CxlPortKind::root});
  if (root == nullptr) {
    return no_room("root0");
  }
  const std::vector<CxlPciRecord*> bridges = host_bridges(store);
  for (const CxlPciRecord* bridge : bridges) {
    const std::uint32_t port_id = spec.mock ? bridge->uid : bridge->bus; // _UID: in QEMU the number of the bus
    if (add_dport(store, *root, port_id, *bridge) == nullptr) {
      return no_room("its host bridges");
    }
  }
  std::uint64_t start = first_address(store, spec);
  for (const WindowSpec& window : spec.windows) {
    if (!add_window(store, *root, window, start)) {
      return no_room("its windows");
    }
    start = align_up(start + window.size, kPudSize);
  }
  for (const CxlPciRecord* bridge : bridges) {
    CxlPortRecord* port = add_port(
        store, {.kind = CxlPortKind::host_bridge,
                .parent = reference_of(store, *root),
                .parent_dport = reference_of(store, *dport_of_function(store, *root, reference_of(store, *bridge))),
                .uport = reference_of(store, *bridge)});
    if (port == nullptr || !probe_switch(store, *port)) {
      return no_room("its ports");
    }
  }
  return {};
}

Outcome<void> add_all(const store::Store& store, const TopologySpec& spec) {
  if (auto added = add_pci(store, spec); !added) {
    return added;
  }
  if (auto added = add_root(store, spec); !added) {
    return added;
  }
  if (has_nvdimm_bridge(store)) {
    if (const auto added = add_nd_bus(store); !added) {
      return no_room("an nd bus");
    }
  }
  for (CxlMemdevRecord& memdev : memdevs(store)) {
    add_memdev(store, memdev);
    // Persistent memory that no window takes leaves the memdev without a driver, as on a machine.
    if (const auto probed = probe_mem(store, memdev); !probed && probed.error() != Errno{ENODEV}) {
      return no_room("its endpoints");
    }
  }
  return {};
}

} // namespace

TopologySpec default_topology(std::uint64_t size) {
  MemdevSpec memdev;
  memdev.ram = size;
  BelowSpec below;
  below.memdev = {memdev};
  HostBridgeSpec bridge;
  bridge.root_ports = {below, below};
  WindowSpec window;
  window.size = std::max<std::uint64_t>(window.size, align_up(2 * size, kCapacityUnit));
  TopologySpec spec;
  spec.host_bridges = {bridge};
  spec.windows = {window, window};
  return spec;
}

Outcome<void> enumerate(const store::Store& store, const TopologySpec& spec) {
  if (auto fine = check(spec); !fine) {
    return fine;
  }
  auto change = Change::begin(store);
  if (!change) {
    return refuse(change.error().value, "the platform cannot be locked", "check that its store is still there");
  }
  if (is_present(store)) {
    return refuse(EEXIST, "the platform has a CXL topology already", "describe all of it at once");
  }
  store.cxl().state.mock = spec.mock ? 1 : 0;
  store.cxl().state.present = 1;
  auto added = add_all(store, spec);
  if (!added) {
    change->undo();
  }
  return added;
}

} // namespace daxemu::cxl
