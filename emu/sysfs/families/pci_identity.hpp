// What the functions of the invented PCI hierarchy say they are: those of QEMU's cxl-type3, cxl-rp and its switch.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emu/store/records/cxl_records.hpp"

namespace daxemu::sysfs {

struct PciIdentity {
  std::uint32_t vendor = 0;
  std::uint32_t device = 0;
  std::uint32_t class_code = 0;
  std::uint32_t revision = 0;
  std::uint32_t subsystem_vendor = 0;
  std::uint32_t subsystem_device = 0;
  std::string_view driver;
};

[[nodiscard]] constexpr PciIdentity identity_of(store::CxlPciKind kind) {
  constexpr std::uint32_t kBridge = 0x060400;
  constexpr std::array<PciIdentity, 6> kIdentities = {{
      {},
      {},
      {0x8086, 0x7075, kBridge, 0, 0x8086, 0, "pcieport"},
      {0x19e5, 0xa128, kBridge, 0, 0, 0, "pcieport"},
      {0x19e5, 0xa129, kBridge, 0, 0, 0, "pcieport"},
      {0x8086, 0x0d93, 0x050210, 1, 0x1af4, 0x1100, "cxl_pci"},
  }};
  return kIdentities[static_cast<std::size_t>(kind)];
}

} // namespace daxemu::sysfs
