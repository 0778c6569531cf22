#include "emu/cxl/enumeration/ports.hpp"

#include <algorithm>

#include "emu/base/units.hpp"
#include "emu/cxl/region/decoder_registers.hpp"

namespace daxemu::cxl {
namespace {

// The first free record of a table of which `used` have ever been in use; nullptr: none left.
template <class Record, std::size_t Size, class IsFree>
Record* take(std::array<Record, Size>& table, std::uint32_t& used, IsFree is_free) {
  const auto end = table.begin() + used;
  const auto found = std::find_if(table.begin(), end, is_free);
  if (found == table.end()) {
    return nullptr;
  }
  if (found == end) {
    ++used;
  }
  *found = Record{};
  return &*found;
}

std::uint32_t free_port_id(const store::Store& store) {
  const std::span all = ports(store);
  std::uint32_t id = 0;
  const auto has = [&](const CxlPortRecord& port) { return port.kind != CxlPortKind::none && port.id == id; };
  while (std::ranges::any_of(all, has)) {
    ++id;
  }
  return id;
}

Result<void> add_switch_decoders(const store::Store& store, CxlPortRecord& port, const CxlPciRecord& function) {
  port.passthrough = function.decoders == 0 ? 1 : 0;
  for (std::uint32_t id = 0; id < std::max(function.decoders, 1U); ++id) {
    CxlDecoderRecord* decoder = add_decoder(store, port);
    if (decoder == nullptr) {
      return fail(ENOMEM);
    }
    if (port.passthrough == 0) {
      read_registers(store, *decoder);
      continue;
    }
    // Whatever its one dport is called; where that comes later, update_decoder_targets() of 7.3 compares with a target
    // map of zeroes.
    const std::uint32_t owner = reference_of(store, port);
    const std::span all = dports(store);
    const auto only = std::ranges::find(all, owner, &CxlDportRecord::port);
    decoder->nr_targets = 1;
    decoder->targets[0] = only == all.end() ? 0 : reference_of(store, *only);
  }
  return {};
}

} // namespace

CxlPortRecord* add_port(const store::Store& store, const NewPort& spec) {
  CxlState& state = store.cxl().state;
  const std::uint32_t id = free_port_id(store);
  CxlPortRecord* port =
      take(state.ports, state.ports_used, [](const CxlPortRecord& record) { return record.kind == CxlPortKind::none; });
  if (port == nullptr) {
    return nullptr;
  }
  const CxlPortRecord* parent = port_at(store, spec.parent);
  port->kind = spec.kind;
  port->id = id;
  port->parent = spec.parent;
  port->parent_dport = spec.parent_dport;
  port->uport = spec.uport;
  port->added = state.ports_added++;
  port->depth = parent == nullptr ? 0 : parent->depth + 1;
  return port;
}

void remove_ways_down(const store::Store& store, CxlPortRecord& port) {
  const std::uint32_t owner = reference_of(store, port);
  for (CxlDportRecord& dport : dports(store)) {
    if (dport.port == owner) {
      dport = {};
    }
  }
  for (CxlDecoderRecord& decoder : decoders(store)) {
    if (decoder.port == owner) {
      decoder = {};
    }
  }
  port.decoders = 0;
  port.passthrough = 0;
  port.hdm_end = 0;
  port.commit_end = 0;
}

void remove_port(const store::Store& store, CxlPortRecord& port) {
  remove_ways_down(store, port);
  port = {};
}

CxlDportRecord* add_dport(const store::Store& store, const CxlPortRecord& port, std::uint32_t port_id,
                          const CxlPciRecord& pci) {
  CxlState& state = store.cxl().state;
  CxlDportRecord* dport =
      take(state.dports, state.dports_used, [](const CxlDportRecord& record) { return record.port == 0; });
  if (dport != nullptr) {
    *dport = {.port = reference_of(store, port), .port_id = port_id, .pci = reference_of(store, pci)};
  }
  return dport;
}

CxlDecoderRecord* add_decoder(const store::Store& store, CxlPortRecord& port) {
  CxlState& state = store.cxl().state;
  CxlDecoderRecord* decoder =
      take(state.decoders, state.decoders_used, [](const CxlDecoderRecord& record) { return record.port == 0; });
  if (decoder != nullptr) {
    decoder->port = reference_of(store, port);
    decoder->id = port.decoders++;
    decoder->ways = 1;
    decoder->granularity = kPageSize; // cxl_decoder_init()
  }
  return decoder;
}

Result<void> probe_switch(const store::Store& store, CxlPortRecord& port) {
  if (store.profile().cxl_dports_follow_memdevs) {
    return {};
  }
  const CxlPciRecord& function = *pci_at(store, port.uport);
  for (const CxlPciRecord& below : pci_functions(store)) {
    if (below.parent == port.uport && below.removed == 0 &&
        add_dport(store, port, below.port_number, below) == nullptr) {
      return fail(ENOMEM);
    }
  }
  return add_switch_decoders(store, port, function);
}

CxlDportRecord* find_or_add_dport(const store::Store& store, CxlPortRecord& port, const CxlPciRecord& pci) {
  if (CxlDportRecord* found = dport_of_function(store, port, reference_of(store, pci)); found != nullptr) {
    return found;
  }
  if (!store.profile().cxl_dports_follow_memdevs || port.unbound != 0) {
    return nullptr;
  }
  if (port.decoders == 0 && !add_switch_decoders(store, port, *pci_at(store, port.uport))) {
    return nullptr;
  }
  CxlDportRecord* dport = add_dport(store, port, pci.port_number, pci);
  if (dport == nullptr) {
    return nullptr;
  }
  fill_targets(store, *dport);
  return dport;
}

Result<void> add_endpoint_decoders(const store::Store& store, CxlPortRecord& endpoint, std::uint32_t count) {
  for (std::uint32_t id = 0; id < count; ++id) {
    CxlDecoderRecord* decoder = add_decoder(store, endpoint);
    if (decoder == nullptr) {
      return fail(ENOMEM);
    }
    read_registers(store, *decoder);
  }
  return {};
}

CxlPortRecord* port_of_function(const store::Store& store, std::uint32_t pci) {
  const std::span all = ports(store);
  const auto found = std::ranges::find_if(all, [&](const CxlPortRecord& port) {
    return (port.kind == CxlPortKind::host_bridge || port.kind == CxlPortKind::switch_port) && port.uport == pci;
  });
  return found == all.end() ? nullptr : &*found;
}

CxlDportRecord* dport_of_function(const store::Store& store, const CxlPortRecord& port, std::uint32_t pci) {
  const std::uint32_t owner = reference_of(store, port);
  const std::span all = dports(store);
  const auto found =
      std::ranges::find_if(all, [&](const CxlDportRecord& dport) { return dport.port == owner && dport.pci == pci; });
  return found == all.end() ? nullptr : &*found;
}

CxlPortRecord& root_port(const store::Store& store) {
  return store.cxl().state.ports[0]; // added first, and never removed
}

bool is_below(const store::Store& store, const CxlPciRecord& pci, const CxlPciRecord& above) {
  for (const CxlPciRecord* at = &pci; at != nullptr; at = pci_at(store, at->parent)) {
    if (at == &above) {
      return true;
    }
  }
  return false;
}

} // namespace daxemu::cxl
