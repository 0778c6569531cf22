// 0000:0d:00.0: ports of the hierarchy, and memory devices, which memN hangs below (pci_dev_attrs in
// drivers/pci/pci-sysfs.c).
#include "emu/cxl/drivers.hpp"
#include "emu/sysfs/cxl/pci/pci_parts.hpp"
#include "emu/sysfs/cxl/pci/pci_power.hpp"
#include "emu/sysfs/cxl/pci/pci_values.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlPciKind;

bool is_memdev(const Scope& scope) {
  return pci_in(scope).kind == CxlPciKind::memory_device;
}
bool is_port(const Scope& scope) {
  return !is_memdev(scope);
}
bool is_root_port(const Scope& scope) {
  return pci_in(scope).kind == CxlPciKind::root_port;
}
bool memdev_says_more(const Scope& scope) {
  return is_memdev(scope) && pci_says_more(scope);
}

void driver_path(const Scope& scope, Text& out) {
  out.put("/sys/bus/pci/drivers/").put(cxl_driver(scope.store->cxl().state, CxlKind::function, scope.cxl));
}
template <Literal OfMemdev, Literal OfPort>
Result<void> show_either(const Scope& scope, Text& out) {
  out.put(is_memdev(scope) ? OfMemdev.view() : OfPort.view()).put("\n");
  return {};
}
template <std::uint32_t store::CxlPciRecord::*Member>
Result<void> show_member(const Scope& scope, Text& out) {
  out.number(pci_in(scope).*Member).put("\n");
  return {};
}
Result<void> show_interrupt(const Scope& scope, Text& out) {
  out.number(is_memdev(scope) ? 0 : first_interrupt(scope)).put("\n");
  return {};
}
void each_message(const Scope& scope, Members members) {
  const std::uint32_t first = first_interrupt(scope);
  for (std::uint32_t at = 0; at < (is_memdev(scope) ? kMemdevMessages : 1); ++at) {
    NameText name;
    name.number(first + at);
    if (!members(name.view(), scope)) {
      return;
    }
  }
}
Result<void> show_serial(const Scope& scope, Text& out) {
  each_memdev_of_function(scope, [&](std::string_view, const Scope& memdev) {
    const std::uint64_t serial = memdev_in(memdev).serial;
    for (int byte = 7; byte >= 0; --byte) {
      out.digits((serial >> (8U * static_cast<unsigned>(byte))) & 0xffU, 16, 2).put(byte == 0 ? "\n" : "-");
    }
    return false;
  });
  return {};
}
Result<void> show_reset_method(const Scope& scope, Text& out) {
  out.put(pci_says_more(scope) ? "cxl_bus\n" : "bus cxl_bus\n");
  return {};
}

// Writes that would change what is not there: the device's power, bus, driver or node.
Result<void> refuse(const Scope&, std::string_view) {
  return fail(EOPNOTSUPP);
}
// remove_store()
Result<void> store_remove(const Scope& scope, std::string_view text) {
  const auto remove = parse_unsigned(text, 0);
  if (!remove) {
    return fail(EINVAL);
  }
  if (*remove == 0) {
    return {};
  }
  return changing_cxl(scope, [&] { return cxl::remove_pci(*scope.store, pci_in(scope)); });
}

constexpr NodeSpec kAspmNodes[] = {attribute("l0s_aspm", 0644, constant<"0">, refuse, is_memdev)};
constinit const Directory kAspm = {kAspmNodes};
constexpr Family kMessageFamily[] = {{each_message, attribute("", 0444, show_either<"msix", "msi">)}};
constinit const Directory kMessages = {{}, kMessageFamily};
// How often errors are told of.
constexpr NodeSpec kAerNodes[] = {
    attribute("correctable_ratelimit_burst", 0644, constant<"10">, refuse),
    attribute("correctable_ratelimit_interval_ms", 0644, constant<"1250">, refuse),
    attribute("nonfatal_ratelimit_burst", 0644, constant<"10">, refuse),
    attribute("nonfatal_ratelimit_interval_ms", 0644, constant<"1250">, refuse),
};
constinit const Directory kAer = {kAerNodes};
// The mailboxes of PCI's Data Object Exchange: discovery, and the CDAT's.
constexpr NodeSpec kDoeNodes[] = {
    attribute("1e98:02", 0444, constant<"1e98:02">),
    attribute("doe_discovery", 0444, constant<"0001:00">),
};
constinit const Directory kDoe = {kDoeNodes};

constexpr NodeSpec kNodes[] = {
    directory("aer", kAer, pci_says_more),
    attribute("aer_dev_correctable", 0444, show_aer<AerKind::correctable>),
    attribute("aer_dev_fatal", 0444, show_aer<AerKind::fatal>),
    attribute("aer_dev_nonfatal", 0444, show_aer<AerKind::nonfatal>),
    attribute("aer_rootport_total_err_cor", 0444, constant<"0">, nullptr, is_root_port),
    attribute("aer_rootport_total_err_fatal", 0444, constant<"0">, nullptr, is_root_port),
    attribute("aer_rootport_total_err_nonfatal", 0444, constant<"0">, nullptr, is_root_port),
    attribute("ari_enabled", 0444, constant<"0">),
    attribute("broken_parity_status", 0644, constant<"0">, refuse),
    attribute("class", 0444, show_pci_class),
    binary("config", 0644, kAttributeSize, show_pci_config, refuse),
    attribute("consistent_dma_mask_bits", 0444, constant<"32">),
    attribute("current_link_speed", 0444, constant<"32.0 GT/s PCIe">),
    attribute("current_link_width", 0444, constant<"16">),
    attribute("d3cold_allowed", 0644, constant<"0">, refuse),
    attribute("device", 0444, show_pci_device),
    attribute("dma_mask_bits", 0444, constant<"32">),
    directory("doe_features", kDoe, memdev_says_more),
    link("driver", driver_path, is_bound<CxlKind::function>),
    attribute("driver_override", 0644, constant<"(null)">, refuse),
    attribute("enable", 0644, constant<"1">, refuse),
    attribute("irq", 0444, show_interrupt),
    directory("link", kAspm),
    attribute("local_cpulist", 0444, show_cpu_list),
    attribute("local_cpus", 0444, show_cpu_mask),
    attribute("max_link_speed", 0444, show_either<"32.0 GT/s PCIe", "64.0 GT/s PCIe">),
    attribute("max_link_width", 0444, show_either<"16", "32">),
    attribute("modalias", 0444, show_pci_modalias),
    attribute("msi_bus", 0644, constant<"1">, refuse),
    directory("msi_irqs", kMessages),
    attribute("numa_node", 0644, constant<"-1">, refuse),
    directory("pci_bus", kPciBuses, is_port),
    directory("power", kPciFunctionPower),
    attribute("power_state", 0444, constant<"D0">),
    attribute("remove", 0220, nullptr, store_remove),
    attribute("rescan", 0200, nullptr, store_pci_rescan),
    attribute("reset", 0200, nullptr, refuse, is_memdev),
    attribute("reset_method", 0644, show_reset_method, refuse, is_memdev),
    attribute("reset_subordinate", 0200, nullptr, refuse, is_port),
    attribute("resource", 0444, show_pci_resource),
    binary("resource0", 0600, 0x10000, nullptr),
    binary("resource2", 0600, kAttributeSize, nullptr, nullptr, is_memdev),
    binary("resource4", 0600, kAttributeSize, nullptr, nullptr, is_memdev),
    attribute("revision", 0444, show_pci_revision),
    attribute("secondary_bus_number", 0444, show_member<&store::CxlPciRecord::secondary>, nullptr, is_port),
    attribute("serial_number", 0400, show_serial, nullptr, memdev_says_more),
    attribute("subordinate_bus_number", 0444, show_member<&store::CxlPciRecord::subordinate>, nullptr, is_port),
    link("subsystem", fixed_target<"/sys/bus/pci">),
    attribute("subsystem_device", 0444, show_pci_subsystem_device),
    attribute("subsystem_vendor", 0444, show_pci_subsystem_vendor),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::function>, store_uevent),
    attribute("vendor", 0444, show_pci_vendor),
};
constexpr Family kFamilies[] = {
    {each_child_function, directory("", kPciFunction)},
    {each_memdev_of_function, directory("", kCxlMemdev)},
    {each_pcie_service, directory("", kPcieService)},
};

} // namespace

constinit const Directory kPciFunction = {kNodes, kFamilies};

} // namespace daxemu::sysfs
