#include "emu/cxl/enumeration/acpi.hpp"

#include <algorithm>

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/enumeration/mem_probe.hpp"
#include "emu/cxl/enumeration/memregion.hpp"
#include "emu/cxl/enumeration/ports.hpp"
#include "emu/cxl/interleave.hpp"
#include "emu/cxl/region/regions.hpp"
#include "emu/cxl/written_name.hpp"

namespace daxemu::cxl {
namespace {

// cxl_parse_cfmws().
Result<void> add_window(const store::Store& store, CxlPortRecord& root, const store::CxlWindowRecord& window) {
  const std::uint32_t next = next_memregion(store);
  CxlDecoderRecord* decoder = add_decoder(store, root);
  if (decoder == nullptr) {
    return fail(ENOMEM);
  }
  decoder->flags = window.flags | store::kCxlEnabled;
  decoder->ways = window.ways;
  decoder->granularity = window.ways == 1 ? kMinGranularity : window.granularity; // any that a region may want
  decoder->start = window.start;
  decoder->size = window.size;
  decoder->qos_class = window.qos_class;
  decoder->target_node = window.target_node;
  decoder->next_region = next;
  decoder->nr_targets = window.ways;
  for (std::uint32_t at = 0; at < window.ways; ++at) {
    const CxlDportRecord* dport = dport_of_function(store, root, window.targets[at]);
    decoder->targets[at] = dport == nullptr ? 0 : reference_of(store, *dport);
  }
  return {};
}

// add_host_bridge_dport(): called by the bridge's _UID, which in QEMU is the number of its bus.
Result<void> add_ways(const store::Store& store, const CxlPortRecord& root) {
  const bool is_mock = store.cxl().state.mock != 0;
  for (const CxlPciRecord& function : pci_functions(store)) {
    if (function.kind == CxlPciKind::host_bridge &&
        add_dport(store, root, is_mock ? function.uid : function.bus, function) == nullptr) {
      return fail(ENOMEM);
    }
  }
  return {};
}

// add_host_bridge_uport().
Result<void> add_bridge_ports(const store::Store& store, const CxlPortRecord& root) {
  const std::uint32_t owner = reference_of(store, root);
  for (std::uint32_t at = 0; at < store.cxl().state.dports_used; ++at) { // those of the ports come behind
    const CxlDportRecord& dport = store.cxl().state.dports[at];
    if (dport.port != owner) {
      continue;
    }
    CxlPortRecord* port = add_port(store, {.kind = CxlPortKind::host_bridge,
                                           .parent = owner,
                                           .parent_dport = reference_of(store, dport),
                                           .uport = dport.pci});
    if (port == nullptr) {
      return fail(ENOMEM);
    }
    if (auto probed = probe_switch(store, *port); !probed) {
      return probed;
    }
  }
  return {};
}

// kill_regions() of each window.
void delete_regions(const store::Store& store) {
  for (const CxlRegionRecord& region : regions(store)) {
    if (region.used != 0) {
      (void)delete_region(store, root_decoder_of(store, region), "region" + std::to_string(region.id));
    }
  }
}

} // namespace

Result<void> probe_acpi(const store::Store& store) {
  CxlState& state = store.cxl().state;
  CxlPortRecord* root = add_port(store, {.kind = CxlPortKind::root});
  if (root == nullptr) {
    return fail(ENOMEM);
  }
  if (auto added = add_ways(store, *root); !added) {
    return added;
  }
  for (std::uint32_t at = 0; at < std::min<std::size_t>(state.windows_used, store::kMaxCxlWindows); ++at) {
    if (auto added = add_window(store, *root, state.windows[at]); !added) {
      return added;
    }
  }
  if (auto added = add_bridge_ports(store, *root); !added) {
    return added;
  }
  if (has_nvdimm_bridge(store)) {
    if (auto added = add_nd_bus(store); !added) {
      return added;
    }
  }
  state.acpi_unbound = 0;
  for (CxlMemdevRecord& memdev : memdevs(store)) {
    // Persistent memory that no window takes leaves the memdev without a driver, as on a machine.
    if (const auto probed = memdev.used != 0 ? probe_mem(store, memdev) : Result<void>{};
        !probed && probed.error() == Errno{ENOMEM}) {
      return probed;
    }
  }
  return {};
}

Result<void> bind_acpi(const store::Store& store, std::string_view name) {
  if (!is_present(store) || without_newline(name) != acpi_name(store.cxl().state)) {
    return fail(ENODEV);
  }
  return store.cxl().state.acpi_unbound == 0 ? fail(EBUSY) : probe_acpi(store);
}

Result<void> unbind_acpi(const store::Store& store, std::string_view name) {
  CxlState& state = store.cxl().state;
  if (!is_present(store) || without_newline(name) != acpi_name(store.cxl().state) || state.acpi_unbound != 0) {
    return fail(ENODEV);
  }
  if (auto room = make_return_room(store, nullptr); !room) {
    return room;
  }
  delete_regions(store);
  for (CxlMemdevRecord& memdev : memdevs(store)) {
    if (memdev.used != 0) {
      release_mem(store, memdev);
    }
  }
  if (has_nvdimm_bridge(store)) {
    remove_nd_bus(store);
  }
  for (CxlPortRecord& port : ports(store)) {
    if (port.kind != CxlPortKind::none) {
      remove_port(store, port);
    }
  }
  state.acpi_unbound = 1;
  return {};
}

} // namespace daxemu::cxl
