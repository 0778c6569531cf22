// Services of a PCIe port, as devices below it (drivers/pci/pcie/portdrv.c).
#include <array>

#include "emu/sysfs/cxl/pci/pci_parts.hpp"
#include "emu/sysfs/cxl/pci/pci_power.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

struct Service {
  std::string_view number;
  std::string_view driver;
  bool of_root_ports; // only
};
constexpr std::array<Service, 4> kServices = {{
    {"001", "pcie_pme", true},
    {"002", "aer", true},
    {"004", "pciehp", false},
    {"010", "pcie_bwctrl", false},
}};

const Service& service_in(const Scope& scope) {
  return kServices[scope.number % kServices.size()];
}
// The last one has a driver where kernels have one.
bool has_driver(const Scope& scope) {
  return scope.number + 1 != kServices.size() || pci_says_more(scope);
}
void driver_path(const Scope& scope, Text& out) {
  out.put("/sys/bus/pci_express/drivers/").put(service_in(scope).driver);
}
Result<void> show_service_uevent(const Scope& scope, Text& out) {
  if (has_driver(scope)) {
    out.put("DRIVER=").put(service_in(scope).driver).put("\n");
  }
  return {};
}

constexpr NodeSpec kNodes[] = {
    link("driver", driver_path, has_driver),
    directory("power", kPcieServicePower),
    link("subsystem", fixed_target<"/sys/bus/pci_express">),
    attribute("uevent", 0644, show_service_uevent, store_uevent),
};

} // namespace

void each_pcie_service(const Scope& port, Members members) {
  const cxl::CxlPciKind kind = pci_in(port).kind;
  if (kind == cxl::CxlPciKind::memory_device) {
    return;
  }
  for (std::size_t at = 0; at < kServices.size(); ++at) {
    if (kServices[at].of_root_ports && kind != cxl::CxlPciKind::root_port) {
      continue;
    }
    Scope narrowed = port;
    narrowed.number = at;
    NameText name;
    pci_name(port, name);
    name.put(":pcie").put(kServices[at].number);
    if (!members(name.view(), narrowed)) {
      return;
    }
  }
}

constinit const Directory kPcieService = {kNodes};

} // namespace daxemu::sysfs
