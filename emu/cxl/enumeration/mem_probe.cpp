#include "emu/cxl/enumeration/mem_probe.hpp"

#include <algorithm>

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/enumeration/ports.hpp"
#include "emu/cxl/region/region_attach.hpp"

namespace daxemu::cxl {
namespace {

// The port of a host bridge or switch, made with all that is missing above it, from the top down.
Result<CxlPortRecord*> port_for(const store::Store& store, const CxlPciRecord& upstream) {
  const std::uint32_t number = reference_of(store, upstream);
  CxlPortRecord* port = port_of_function(store, number);
  if (port != nullptr) {
    return port;
  }
  const CxlPciRecord* way = pci_at(store, upstream.parent); // the root or downstream port that it is connected to
  const CxlPciRecord* above = way == nullptr ? nullptr : pci_at(store, way->parent);
  if (above == nullptr) {
    return fail(ENXIO); // a host bridge of which cxl_acpi made no port
  }
  const Result<CxlPortRecord*> parent = port_for(store, *above);
  if (!parent) {
    return parent;
  }
  if ((*parent)->unbound != 0) {
    return fail(ENXIO);
  }
  const CxlDportRecord* dport = find_or_add_dport(store, **parent, *way);
  if (dport == nullptr) {
    return fail(ENXIO);
  }
  port = add_port(store, {.kind = CxlPortKind::switch_port,
                          .parent = reference_of(store, **parent),
                          .parent_dport = reference_of(store, *dport),
                          .uport = number});
  if (port == nullptr) {
    return fail(ENOMEM);
  }
  if (const auto probed = probe_switch(store, *port); !probed) {
    return fail(probed.error().value);
  }
  return port;
}

// The dport of the memdev, enumerated if it is not yet (devm_cxl_enumerate_ports(), cxl_mem_find_port()).
Result<CxlDportRecord*> dport_for(const store::Store& store, const CxlMemdevRecord& memdev) {
  const CxlPciRecord* function = pci_at(store, memdev.pci);
  const CxlPciRecord* way = function == nullptr ? nullptr : pci_at(store, function->parent);
  const CxlPciRecord* above = way == nullptr ? nullptr : pci_at(store, way->parent);
  if (above == nullptr) {
    return fail(ENXIO);
  }
  const Result<CxlPortRecord*> port = port_for(store, *above);
  if (!port) {
    return fail(port.error().value);
  }
  CxlDportRecord* dport = find_or_add_dport(store, **port, *way);
  if (dport == nullptr) {
    return fail(ENXIO);
  }
  return dport;
}

// devm_cxl_add_nvdimm().
Result<void> add_nvdimm(const store::Store& store, CxlMemdevRecord& memdev) {
  if (!has_nvdimm_bridge(store)) {
    return fail(ENODEV);
  }
  memdev.has_nvdimm = 1;
  memdev.nvdimm_unbound = 1;
  if (store.cxl().autoprobe_off == 0) {
    (void)probe_nvdimm(store, memdev); // a device that no driver takes is one all the same
  }
  return {};
}

void remove_nvdimm(const store::Store& store, CxlMemdevRecord& memdev) {
  if (memdev.has_nvdimm != 0 && memdev.nvdimm_unbound == 0) {
    remove_dimm(store, memdev);
  }
  memdev.has_nvdimm = 0;
  memdev.nvdimm_unbound = 0;
}

Result<void> add_endpoint(const store::Store& store, CxlMemdevRecord& memdev, const CxlDportRecord& dport) {
  // Without a driver of its own the endpoint is given back.
  if (port_at(store, dport.port)->unbound != 0 || store.cxl().autoprobe_off != 0) {
    return fail(ENXIO);
  }
  CxlPortRecord* endpoint = add_port(store, {.kind = CxlPortKind::endpoint,
                                             .parent = dport.port,
                                             .parent_dport = reference_of(store, dport),
                                             .uport = reference_of(store, memdev)});
  if (endpoint == nullptr) {
    return fail(ENOMEM);
  }
  memdev.endpoint = reference_of(store, *endpoint);
  return add_endpoint_decoders(store, *endpoint, memdev.decoders);
}

void remove_endpoint(const store::Store& store, CxlMemdevRecord& memdev) {
  CxlPortRecord* endpoint = port_at(store, memdev.endpoint);
  if (endpoint == nullptr) {
    return;
  }
  for (CxlDecoderRecord& decoder : decoders(store)) {
    if (decoder.port == memdev.endpoint) {
      detach(store, decoder);
    }
  }
  remove_port(store, *endpoint);
  memdev.endpoint = 0;
}

bool has_endpoint_below(const store::Store& store, const CxlPciRecord& above) {
  return std::ranges::any_of(memdevs(store), [&](const CxlMemdevRecord& memdev) {
    const CxlPciRecord* function = pci_at(store, memdev.pci);
    return memdev.used != 0 && memdev.endpoint != 0 && function != nullptr && is_below(store, *function, above);
  });
}

// cxl_detach_ep(): from the bottom up.
void remove_idle_switches(const store::Store& store, const CxlMemdevRecord& memdev) {
  for (const CxlPciRecord* at = pci_at(store, memdev.pci); at != nullptr; at = pci_at(store, at->parent)) {
    CxlPortRecord* port = port_of_function(store, reference_of(store, *at));
    if (port != nullptr && port->kind == CxlPortKind::switch_port && !has_endpoint_below(store, *at)) {
      remove_port(store, *port);
    }
  }
}

} // namespace

bool has_nvdimm_bridge(const store::Store& store) {
  return std::ranges::any_of(decoders(store), [&](const CxlDecoderRecord& decoder) {
    return decoder.port != 0 && is_root_decoder(store, decoder) && (decoder.flags & store::kCxlCapPmem) != 0;
  });
}

void add_memdev(const store::Store& store, CxlMemdevRecord& memdev) {
  const std::span all = memdevs(store);
  std::uint32_t id = 0;
  while (std::ranges::any_of(all, [&](const CxlMemdevRecord& other) { return other.used != 0 && other.id == id; })) {
    ++id;
  }
  memdev.id = id;
  memdev.minor = id; // cxl_mem_major, cxlmd->id
  memdev.endpoint = 0;
  memdev.has_nvdimm = 0;
  memdev.unbound = 1;
  memdev.used = 1;
}

Result<void> probe_nvdimm(const store::Store& store, CxlMemdevRecord& memdev) {
  if (store.cxl().state.bridge_unbound != 0) {
    return fail(ENODEV);
  }
  auto added = add_dimm(store, memdev);
  memdev.nvdimm_unbound = added ? 0 : 1;
  return added;
}

Result<void> probe_mem(const store::Store& store, CxlMemdevRecord& memdev) {
  const Result<CxlDportRecord*> dport = dport_for(store, memdev);
  if (!dport) {
    return fail(dport.error().value);
  }
  Result<void> done = memdev.pmem_size != 0 ? add_nvdimm(store, memdev) : Result<void>{};
  if (done) {
    done = add_endpoint(store, memdev, **dport);
  }
  if (!done) {
    remove_endpoint(store, memdev);
    remove_nvdimm(store, memdev);
    return done;
  }
  memdev.unbound = 0;
  return {};
}

void release_mem(const store::Store& store, CxlMemdevRecord& memdev) {
  if (memdev.unbound != 0) {
    return;
  }
  remove_endpoint(store, memdev);
  remove_nvdimm(store, memdev);
  remove_idle_switches(store, memdev);
  memdev.unbound = 1;
}

} // namespace daxemu::cxl
