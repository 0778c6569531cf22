// Ports, their ways down and their decoders as they come and go (drivers/cxl/core/port.c and hdm.c). The caller holds a
// Change.
#pragma once

#include "emu/base/result.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

struct NewPort {
  CxlPortKind kind = CxlPortKind::none;
  std::uint32_t parent = 0;
  std::uint32_t parent_dport = 0;
  std::uint32_t uport = 0;
};
// devm_cxl_add_port(), with the lowest free number. nullptr: no record left.
CxlPortRecord* add_port(const store::Store& store, const NewPort& port);
// unregister_port(): it, its dports and its decoders are gone. No region uses them any more.
void remove_port(const store::Store& store, CxlPortRecord& port);

// devm_cxl_add_dport(). nullptr: no record left.
CxlDportRecord* add_dport(const store::Store& store, const CxlPortRecord& port, std::uint32_t port_id,
                          const CxlPciRecord& pci);

// cxl_port_probe() of a host bridge or switch: its dports and its decoders (devm_cxl_port_enumerate_dports(),
// devm_cxl_enumerate_decoders(), devm_cxl_add_passthrough_decoder()). Where the profile's kernel finds dports as
// memdevs ask for them, nothing. Errors: ENOMEM.
Result<void> probe_switch(const store::Store& store, CxlPortRecord& port);
// The dport of `port` that is the function; added now where the profile's kernel does so (probe_dport()), with the
// decoders if it is the first. nullptr: it is none.
CxlDportRecord* find_or_add_dport(const store::Store& store, CxlPortRecord& port, const CxlPciRecord& pci);
// Of an endpoint. Errors: ENOMEM.
Result<void> add_endpoint_decoders(const store::Store& store, CxlPortRecord& endpoint, std::uint32_t count);
// What remove() of a port's driver takes back: dports and decoders. No region uses them any more.
void remove_ways_down(const store::Store& store, CxlPortRecord& port);

// A record for a decoder of `port`, otherwise empty but one way. nullptr: none left.
CxlDecoderRecord* add_decoder(const store::Store& store, CxlPortRecord& port);

// The port whose upstream side is the function, and the dport that is; nullptr: none.
[[nodiscard]] CxlPortRecord* port_of_function(const store::Store& store, std::uint32_t pci);
[[nodiscard]] CxlDportRecord* dport_of_function(const store::Store& store, const CxlPortRecord& port,
                                                std::uint32_t pci);
[[nodiscard]] CxlPortRecord& root_port(const store::Store& store);
// Is `above` the function, or above it?
[[nodiscard]] bool is_below(const store::Store& store, const CxlPciRecord& pci, const CxlPciRecord& above);

} // namespace daxemu::cxl
