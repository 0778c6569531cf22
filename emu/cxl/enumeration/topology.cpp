#include "emu/cxl/enumeration/topology.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/cxl/change.hpp"
#include "emu/cxl/enumeration/acpi.hpp"
#include "emu/cxl/enumeration/mem_probe.hpp"
#include "emu/cxl/enumeration/topology_check.hpp"
#include "emu/cxl/enumeration/topology_pci.hpp"
#include "emu/dax/builder.hpp"

namespace daxemu::cxl {
namespace {

// Where no dax region is, nor will be: they are made one behind the other.
std::uint64_t first_address(const store::Store& store, const TopologySpec& spec) {
  std::uint64_t start = spec.phys_start != 0 ? spec.phys_start : dax::kFirstRegionStart;
  for (const store::RegionRecord& region : store.regions()) {
    start = std::max(start, region.phys_start + region.size);
  }
  return start;
}

std::vector<std::uint32_t> host_bridges(const store::Store& store) {
  std::vector<std::uint32_t> found;
  for (const CxlPciRecord& function : pci_functions(store)) {
    if (function.kind == CxlPciKind::host_bridge) {
      found.push_back(reference_of(store, function));
    }
  }
  return found;
}

void add_windows(const store::Store& store, const TopologySpec& spec) {
  CxlState& state = store.cxl().state;
  const std::vector<std::uint32_t> bridges = host_bridges(store);
  std::uint64_t start = first_address(store, spec);
  for (const WindowSpec& window : spec.windows) {
    // What divides by 3 does so from address 0 on: where a region begins at a multiple too, its positions begin with it
    // (region_is_unaligned_mod3() of 7.3 tells those that do not).
    const std::uint64_t unit = window.targets.size() % 3 == 0 ? 3 * kPudSize : kPudSize;
    start = (start + unit - 1) / unit * unit;
    store::CxlWindowRecord& record = state.windows[state.windows_used++];
    record = {.start = start,
              .size = window.size,
              .flags = store::kCxlCapType2 | store::kCxlCapType3 | (window.ram ? store::kCxlCapRam : 0) |
                       (window.pmem ? store::kCxlCapPmem : 0) | (window.is_xor ? store::kCxlXorArithmetic : 0),
              .ways = static_cast<std::uint32_t>(window.targets.size()),
              .granularity = window.granularity,
              .qos_class = window.qos_class,
              .target_node = window.target_node};
    for (std::uint32_t at = 0; at < record.ways; ++at) {
      record.targets[at] = bridges[window.targets[at]];
    }
    start += window.size;
  }
}

Outcome<void> add_all(const store::Store& store, const TopologySpec& spec) {
  if (auto added = add_pci(store, spec); !added) {
    return added;
  }
  add_windows(store, spec);
  for (CxlMemdevRecord& memdev : memdevs(store)) {
    add_memdev(store, memdev);
  }
  if (!probe_acpi(store)) {
    return refuse(ENOSPC, "the tables of the platform have no room for the topology", "use a smaller topology");
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
