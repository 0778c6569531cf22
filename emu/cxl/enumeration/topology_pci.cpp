#include "emu/cxl/enumeration/topology_pci.hpp"

#include <algorithm>

namespace daxemu::cxl {
namespace {

constexpr std::uint32_t kBuses = 256;
constexpr std::uint32_t kSlots = 32; // devices of a bus; what has more is functions of them

std::uint32_t buses_below(const std::vector<BelowSpec>& below) {
  std::uint32_t count = 0;
  for (const BelowSpec& one : below) {
    ++count; // its own secondary bus
    for (const SwitchSpec& found : one.switches) {
      count += 1 + buses_below(found.ports);
    }
  }
  return count;
}

// The lowest root bus at or behind `from` for a bridge of `count` buses; kBuses: none.
std::uint32_t free_buses(const std::bitset<kBuses>& taken, std::uint32_t from, std::uint32_t count) {
  if (from >= kBuses) {
    return kBuses;
  }
  std::uint32_t start = from;
  for (std::uint32_t bus = from; bus < kBuses && bus - start < count; ++bus) {
    if (taken[bus]) {
      start = bus + 1;
    }
  }
  return start + count <= kBuses ? start : kBuses;
}

// Memdevs in the order of their addresses, which is not that of the file where a bridge has a bus of its own.
void sort_memdevs(const store::Store& store) {
  const std::span<CxlMemdevRecord> all = memdevs(store);
  std::stable_sort(all.begin(), all.end(), [&](const CxlMemdevRecord& one, const CxlMemdevRecord& other) {
    return pci_at(store, one.pci)->bus < pci_at(store, other.pci)->bus;
  });
}

class Hierarchy {
public:
  Hierarchy(const store::Store& store, bool mock) : store_(store), mock_(mock) {}

  void add_bridge(const HostBridgeSpec& spec, std::uint32_t index, std::uint32_t bus) {
    bus_ = bus;
    CxlPciRecord& bridge = add({.kind = CxlPciKind::host_bridge, .bus = bus, .secondary = bus, .uid = index});
    // What QEMU's host bridge has (hdm_for_passthrough=off): one with one root port has no decoder registers.
    // The mock has them whatever is below.
    bridge.decoders = spec.root_ports.size() == 1 && !mock_ ? 0 : spec.decoders;
    add_ports(CxlPciKind::root_port, spec.root_ports, bridge);
    bridge.subordinate = bus_;
  }

private:
  CxlPciRecord& add(const CxlPciRecord& record) {
    CxlPciRecord& added = store_.cxl().state.pci[store_.cxl().state.pci_used++];
    added = record;
    return added;
  }

  void add_ports(CxlPciKind kind, const std::vector<BelowSpec>& below, const CxlPciRecord& parent) {
    const std::uint32_t above = reference_of(store_, parent);
    for (std::uint32_t index = 0; index < below.size(); ++index) {
      CxlPciRecord& port = add({.kind = kind,
                                .parent = above,
                                .bus = parent.secondary,
                                .slot = index % kSlots,
                                .function = index / kSlots,
                                .secondary = ++bus_});
      port.port_number = below[index].number.value_or(index);
      for (const MemdevSpec& memdev : below[index].memdev) {
        add_memdev(memdev, port);
      }
      for (const SwitchSpec& found : below[index].switches) {
        CxlPciRecord& upstream = add({.kind = CxlPciKind::upstream_port,
                                      .parent = reference_of(store_, port),
                                      .bus = port.secondary,
                                      .secondary = ++bus_});
        upstream.decoders = found.decoders;
        add_ports(CxlPciKind::downstream_port, found.ports, upstream);
        upstream.subordinate = bus_;
      }
      port.subordinate = bus_;
    }
  }

  void add_memdev(const MemdevSpec& spec, const CxlPciRecord& port) {
    CxlState& state = store_.cxl().state;
    const CxlPciRecord& function =
        add({.kind = CxlPciKind::memory_device, .parent = reference_of(store_, port), .bus = port.secondary});
    CxlMemdevRecord& memdev = state.memdevs[state.memdevs_used++];
    memdev.pci = reference_of(store_, function);
    memdev.numa_node = spec.numa_node;
    memdev.decoders = spec.decoders;
    memdev.serial = spec.serial.value_or(state.memdevs_used);
    memdev.ram_size = spec.ram + spec.either - spec.either_pmem;
    memdev.pmem_size = spec.pmem + spec.either_pmem;
    memdev.only_ram = spec.ram;
    memdev.only_pmem = spec.pmem;
    memdev.partition_align = spec.either != 0 ? 256ULL << 20U : 0;
    const bool can_be_pmem = spec.pmem + spec.either != 0;
    memdev.label_size = spec.label_size != 0 ? spec.label_size : can_be_pmem ? 1ULL << 20U : 0;
    memdev.payload_max = 2048; // CXL_MAILBOX_MAX_PAYLOAD_SIZE of QEMU's device
    memdev.mailbox.fw_hash = {};
    memdev.firmware.assign(spec.firmware.empty() ? kDefaultFirmware : spec.firmware);
  }

  const store::Store& store_;
  bool mock_;
  std::uint32_t bus_ = 0; // the last one given
};

} // namespace

Outcome<void> add_pci(const store::Store& store, const TopologySpec& spec) {
  Hierarchy hierarchy(store, spec.mock);
  std::bitset<kBuses> taken = spec.buses_taken;
  std::uint32_t next = spec.first_bus;
  for (std::uint32_t index = 0; index < spec.host_bridges.size(); ++index) {
    const HostBridgeSpec& bridge = spec.host_bridges[index];
    const std::uint32_t count = 1 + buses_below(bridge.root_ports);
    const std::uint32_t bus = free_buses(taken, bridge.bus.value_or(next), count);
    if (bus == kBuses) {
      return refuse(ENOSPC,
                    "host bridge " + std::to_string(index) + " needs " + std::to_string(count) + " PCI buses in a row",
                    "use fewer root ports or switches: this machine has none free behind " + std::to_string(next));
    }
    if (bridge.bus && !bridge.bus_may_move && bus != *bridge.bus) {
      return refuse(EINVAL,
                    "\"bus\" " + std::to_string(*bridge.bus) + " of host bridge " + std::to_string(index) + " is taken",
                    "leave it out, or say " + std::to_string(bus));
    }
    for (std::uint32_t at = bus; at < bus + count; ++at) {
      taken[at] = true;
    }
    hierarchy.add_bridge(bridge, index, bus);
    next = bridge.bus ? next : bus + count;
  }
  sort_memdevs(store);
  return {};
}

} // namespace daxemu::cxl
