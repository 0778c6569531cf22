// The PCI functions of a topology, with the bus numbers that firmware gives: depth first, a bus for each port.
#pragma once

#include "emu/cxl/enumeration/topology.hpp"
#include "emu/cxl/objects.hpp"

namespace daxemu::cxl {

// Adds host bridges and all below them to the table, in the order of their addresses, and a record (not yet a memdev of
// the kernel) for each memory device. The spec has been checked. Errors (Problem): ENOSPC (no PCI bus numbers left).
[[nodiscard]] Outcome<void> add_pci(const store::Store& store, const TopologySpec& spec);

} // namespace daxemu::cxl
