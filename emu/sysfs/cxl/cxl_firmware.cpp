// What the firmware declares: ACPI0017:00, the CXL root, and an ACPI0016 for each host bridge
// (acpi_attrs in drivers/acpi/device_sysfs.c).
#include "emu/sysfs/cxl/pci/pci_parts.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

// Attributes of a wakeup source that never was active (drivers/base/power/wakeup_stats.c).
template <Target Device, Show Name>
constexpr NodeSpec kWakeupNodes[] = {
    attribute("active_count", 0444, constant<"0">),
    attribute("active_time_ms", 0444, constant<"0">),
    link("device", Device),
    attribute("event_count", 0444, constant<"0">),
    attribute("expire_count", 0444, constant<"0">),
    attribute("last_change_ms", 0444, constant<"0">),
    attribute("max_time_ms", 0444, constant<"0">),
    attribute("name", 0444, Name),
    attribute("prevent_suspend_time_ms", 0444, constant<"0">),
    attribute("relax_count", 0444, constant<"0">, nullptr, devices_wake),
    link("subsystem", fixed_target<"/sys/class/wakeup">),
    attribute("total_time_ms", 0444, constant<"0">),
    attribute("uevent", 0644, nothing, store_uevent),
    attribute("wakeup_count", 0444, constant<"0">),
};

// Host bridges.
void bridge_name(const Scope& function, Text& out) {
  out.put("ACPI0016:").digits(pci_in(function).uid, 16, 2);
}
Result<void> show_bridge_name(const Scope& scope, Text& out) {
  bridge_name(scope, out);
  out.put("\n");
  return {};
}
// QEMU calls it by its bus.
Result<void> show_bridge_path(const Scope& scope, Text& out) {
  TextBuffer<8> bus;
  bus.digits(pci_in(scope).bus, 16, 2);
  out.put("\\_SB_.CL");
  for (const char digit : bus.view()) {
    const char upper = digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
    out.put({&upper, 1});
  }
  out.put("\n");
  return {};
}
// _UID: what the root's target lists call it, QEMU its bus.
Result<void> show_uid(const Scope& scope, Text& out) {
  out.number(scope.store->cxl().state.mock != 0 ? pci_in(scope).uid : pci_in(scope).bus).put("\n");
  return {};
}
store::PowerBits& power_of_bridge(const Scope& scope) {
  return scope.store->cxl().firmware_power[scope.cxl - 1];
}

// Their number counts what can wake the machine up.
void each_bridge_wakeup(const Scope& function, Members members) {
  NameText name;
  name.put("wakeup").number(pci_in(function).uid + 7);
  members(name.view(), function);
}
constinit const Directory kBridgeWakeup = {kWakeupNodes<firmware_path, show_bridge_name>};
constinit const Directory kOwnBridgeWakeup = {kWakeupNodes<pci_path, show_bridge_name>};
constexpr Family kBridgeWakeupFamily[] = {{each_bridge_wakeup, directory("", kBridgeWakeup)}};
constinit const Directory kBridgeWakeups = {{}, kBridgeWakeupFamily};
constexpr Family kOwnBridgeWakeupFamily[] = {{each_bridge_wakeup, directory("", kOwnBridgeWakeup)}};

constexpr NodeSpec kBridgeNodes[] = {
    attribute("cid", 0444, constant<"PNP0A08,PNP0A03">, nullptr, devices_wake),
    attribute("hid", 0444, constant<"ACPI0016">),
    attribute("modalias", 0444, constant<"acpi:ACPI0016:PNP0A08:PNP0A03:">),
    attribute("path", 0444, show_bridge_path),
    link("physical_node", pci_path),
    directory("power", kPower<power_of_bridge>, firmware_nodes_wake),
    link("subsystem", fixed_target<"/sys/bus/acpi">),
    attribute("uevent", 0644, constant<"MODALIAS=acpi:ACPI0016:PNP0A08:PNP0A03:">, store_uevent),
    attribute("uid", 0444, show_uid),
    directory("wakeup", kBridgeWakeups, firmware_nodes_wake),
};
constinit const Directory kBridge = {kBridgeNodes};
void each_firmware_bridge(const Scope& scope, Members members) {
  each_host_bridge(scope, [&](std::string_view, const Scope& function) {
    NameText name;
    bridge_name(function, name);
    return members(name.view(), function);
  });
}

// The root.
store::PowerBits& power_of_root(const Scope& scope) {
  return scope.store->cxl().root_firmware_power;
}
void each_root_wakeup(const Scope& scope, Members members) {
  std::uint32_t bridges = 0;
  each_host_bridge(scope, [&](std::string_view, const Scope&) { return ++bridges != 0; });
  NameText name;
  name.put("wakeup").number(bridges + 10);
  members(name.view(), scope);
}
constinit const Directory kRootWakeup = {
    kWakeupNodes<fixed_target<"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0017:00">, constant<"ACPI0017:00">>};
constinit const Directory kOwnRootWakeup = {
    kWakeupNodes<fixed_target<"/sys/devices/platform/ACPI0017:00">, constant<"ACPI0017:00">>};
constexpr Family kOwnRootWakeupFamily[] = {{each_root_wakeup, directory("", kOwnRootWakeup)}};
constexpr Family kRootWakeupFamily[] = {{each_root_wakeup, directory("", kRootWakeup)}};
constinit const Directory kRootWakeups = {{}, kRootWakeupFamily};
// cxl_acpi_probe() lets it wake the machine.
bool root_node_wakes(const Scope& scope) {
  return firmware_nodes_wake(scope) && scope.store->cxl().state.acpi_unbound == 0;
}
constexpr NodeSpec kRootNodes[] = {
    attribute("hid", 0444, constant<"ACPI0017">),
    attribute("modalias", 0444, constant<"acpi:ACPI0017:">),
    attribute("path", 0444, constant<"\\_SB_.CXLM">),
    link("physical_node", fixed_target<"/sys/devices/platform/ACPI0017:00">),
    directory("power", kPower<power_of_root>, firmware_nodes_wake),
    attribute("status", 0444, constant<"11">),
    link("subsystem", fixed_target<"/sys/bus/acpi">),
    attribute("uevent", 0644, constant<"MODALIAS=acpi:ACPI0017:">, store_uevent),
    directory("wakeup", kRootWakeups, root_node_wakes),
};
constinit const Directory kRootNode = {kRootNodes};

constexpr NodeSpec kSystemBusNodes[] = {
    directory("ACPI0012:00", kNfitMachine, has_nfit_machine),
    directory("ACPI0017:00", kRootNode, has_cxl_machine),
};
constexpr Family kSystemBusFamily[] = {{each_firmware_bridge, directory("", kBridge)}};
constinit const Directory kSystemBus = {kSystemBusNodes, kSystemBusFamily};
constexpr NodeSpec kSystemNodes[] = {shared("LNXSYBUS:00", kSystemBus)};

// /sys/bus/acpi/devices
constexpr NodeSpec kAcpiNodes[] = {
    link("ACPI0012:00", fixed_target<"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00">, has_nfit_machine),
    link("ACPI0017:00", fixed_target<"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0017:00">, has_cxl_machine),
};
constexpr Family kAcpiFamily[] = {{each_firmware_bridge, link("", firmware_path)}};
constinit const Directory kAcpiDevices = {kAcpiNodes, kAcpiFamily};
constexpr NodeSpec kAcpiBusNodes[] = {shared("devices", kAcpiDevices)};

} // namespace

void firmware_path(const Scope& host_bridge, Text& out) {
  out.put("/sys/devices/LNXSYSTM:00/LNXSYBUS:00/");
  bridge_name(host_bridge, out);
}
bool firmware_nodes_wake(const Scope& scope) {
  return scope.store->profile().firmware_nodes_wake;
}
bool devices_wake(const Scope& scope) {
  return !firmware_nodes_wake(scope);
}

constinit const Directory kHostBridgeWakeups = {{}, kOwnBridgeWakeupFamily};
constinit const Directory kPlatformWakeups = {{}, kOwnRootWakeupFamily};
constinit const Directory kCxlFirmware = {kSystemNodes};
constinit const Directory kCxlAcpiBus = {kAcpiBusNodes};

} // namespace daxemu::sysfs
