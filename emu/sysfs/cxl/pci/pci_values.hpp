// What attributes of PCI functions say (drivers/pci/pci-sysfs.c, drivers/pci/pcie/aer.c).
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

Result<void> show_pci_vendor(const Scope& function, Text& out);
Result<void> show_pci_device(const Scope& function, Text& out);
Result<void> show_pci_class(const Scope& function, Text& out);
Result<void> show_pci_revision(const Scope& function, Text& out);
Result<void> show_pci_subsystem_vendor(const Scope& function, Text& out);
Result<void> show_pci_subsystem_device(const Scope& function, Text& out);
Result<void> show_pci_modalias(const Scope& function, Text& out);
// The header of its configuration space: what whoever lacks CAP_SYS_ADMIN may read of it (pci_read_config).
Result<void> show_pci_config(const Scope& function, Text& out);
// Where its registers are, for programs that look: nothing answers there.
Result<void> show_pci_resource(const Scope& function, Text& out);

// Errors that the link has had: none.
enum class AerKind : std::uint8_t { correctable, fatal, nonfatal };
void put_aer_counts(AerKind kind, Text& out);
template <AerKind Kind>
Result<void> show_aer(const Scope&, Text& out) {
  put_aer_counts(Kind, out);
  return {};
}

// The CPUs that are near it: all that are on line. As a list ("0-3") and as a mask ("f").
Result<void> show_cpu_list(const Scope& scope, Text& out);
Result<void> show_cpu_mask(const Scope& scope, Text& out);

// Of a port its interrupt, of a memory device its messages: "29" to "36".
inline constexpr std::uint32_t kMemdevMessages = 8;
[[nodiscard]] std::uint32_t first_interrupt(const Scope& function);

} // namespace daxemu::sysfs
