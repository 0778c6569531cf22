// power/ of PCI functions and of what hangs at them. A function is awake and kept so (pci_pm_init); what is written to
// `async`, `control` and `wakeup` is remembered and has no other effect.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

extern const Directory kPciFunctionPower;
extern const Directory kPciBusPower;     // of pci_bus/0000:BB below the scope's function
extern const Directory kHostBridgePower; // of pci0000:BB
extern const Directory kPcieServicePower;

} // namespace daxemu::sysfs
