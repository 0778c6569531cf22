// /sys/bus/pci with the driver cxl_pci, host bridges, and the buses below bridges.
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

// pci_bus/0000:BB below the bridge that leads to it.
void each_bus(const Scope& function, Members members) {
  const store::CxlPciRecord& pci = pci_in(function);
  NameText name;
  name.put("0000:").digits(pci.kind == CxlPciKind::host_bridge ? pci.bus : pci.secondary, 16, 2);
  members(name.view(), function);
}
constexpr NodeSpec kBusNodes[] = {
    attribute("cpuaffinity", 0444, show_cpu_mask),
    attribute("cpulistaffinity", 0444, show_cpu_list),
    link("device", pci_path),
    directory("power", kPciBusPower),
    attribute("rescan", 0200, nullptr, store_pci_rescan),
    link("subsystem", fixed_target<"/sys/class/pci_bus">),
    attribute("uevent", 0644, nothing, store_uevent),
};
constinit const Directory kBus = {kBusNodes};
constexpr Family kBusFamily[] = {{each_bus, directory("", kBus)}};

constexpr NodeSpec kHostBridgeNodes[] = {
    attribute("available_secure_streams", 0444, constant<"256">, nullptr, pci_says_more),
    link("firmware_node", firmware_path),
    directory("pci_bus", kPciBuses),
    directory("power", kHostBridgePower),
    attribute("uevent", 0644, nothing, store_uevent),
    attribute("waiting_for_supplier", 0444, constant<"0">),
    directory("wakeup", kHostBridgeWakeups, devices_wake),
};
constexpr Family kHostBridgeFamily[] = {{each_child_function, directory("", kPciFunction)}};

std::string_view without_newline(std::string_view text) {
  return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
}
Result<void> store_bind(const Scope& scope, std::string_view text) {
  return changing_cxl(scope, [&] { return cxl::bind_pci(*scope.store, without_newline(text)); });
}
Result<void> store_unbind(const Scope& scope, std::string_view text) {
  return changing_cxl(scope, [&] { return cxl::unbind_pci(*scope.store, without_newline(text)); });
}
// new_id, remove_id: which other devices the driver is for.
Result<void> refuse(const Scope&, std::string_view) {
  return fail(EOPNOTSUPP);
}
void each_bound(const Scope& scope, Members members) {
  each_pci_function(scope, [&](std::string_view name, const Scope& function) {
    const bool has = pci_in(function).kind == CxlPciKind::memory_device && is_bound<CxlKind::function>(function);
    return !has || members(name, function);
  });
}
constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr, store_bind),     link("module", fixed_target<"/sys/module/cxl_pci">),
    attribute("new_id", 0200, nullptr, refuse),       attribute("remove_id", 0200, nullptr, refuse),
    attribute("uevent", 0200, nullptr, store_uevent), attribute("unbind", 0200, nullptr, store_unbind),
};
constexpr Family kDriverLinks[] = {{each_bound, link("", pci_path)}};
constinit const Directory kDriver = {kDriverNodes, kDriverLinks};

constexpr Family kDeviceLinks[] = {{each_pci_function, link("", pci_path)}};
constinit const Directory kDevices = {{}, kDeviceLinks};
constexpr NodeSpec kDriversNodes[] = {directory("cxl_pci", kDriver)};
constinit const Directory kDrivers = {kDriversNodes};
constexpr NodeSpec kPciNodes[] = {
    shared("devices", kDevices),
    shared("drivers", kDrivers),
    attribute("rescan", 0200, nullptr, store_pci_rescan),
};

} // namespace

// rescan_store(), of a function, a bus and the bus type alike: whatever was removed is found again.
Result<void> store_pci_rescan(const Scope& scope, std::string_view text) {
  const auto rescan = parse_unsigned(text, 0); // kstrtoul()
  if (!rescan) {
    return fail(EINVAL);
  }
  if (*rescan == 0) {
    return {};
  }
  return changing_cxl(scope, [&]() -> Result<void> {
    cxl::rescan_pci(*scope.store);
    return {};
  });
}
bool pci_says_more(const Scope& scope) {
  return scope.store->profile().pci_says_more;
}

constinit const Directory kPciBuses = {{}, kBusFamily};
constinit const Directory kCxlHostBridge = {kHostBridgeNodes, kHostBridgeFamily};
constinit const Directory kCxlPciBus = {kPciNodes};

} // namespace daxemu::sysfs
