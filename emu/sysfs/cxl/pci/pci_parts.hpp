// Directories of the PCI hierarchy that its tables mention.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

extern const Directory kPciFunction; // pci_function.cpp: 0000:0d:00.0
extern const Directory kPciBuses;    // pci_bus.cpp: pci_bus below the bridge that leads to it
extern const Directory kPcieService; // pci_port.cpp: 0000:0c:00.0:pcie001
void each_pcie_service(const Scope& port, Members members);

// `rescan`. Errors: EINVAL.
Result<void> store_pci_rescan(const Scope& scope, std::string_view text);

[[nodiscard]] bool pci_says_more(const Scope& scope);

// firmware: "ACPI0016:00" of a host bridge, its path, and its wakeup/ where that is below the bridge itself.
void firmware_path(const Scope& host_bridge, Text& out);
extern const Directory kHostBridgeWakeups;
extern const Directory kPlatformWakeups; // of ACPI0017:00
[[nodiscard]] bool devices_wake(const Scope& scope);
[[nodiscard]] bool firmware_nodes_wake(const Scope& scope);

} // namespace daxemu::sysfs
