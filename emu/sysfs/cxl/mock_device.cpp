// The platform devices of the kernel's cxl_test, in place of PCI functions: host bridges, ports, switches and memory
// devices (tools/testing/cxl/test/cxl.c), and what the driver cxl_mock_mem shows of the last (test/mem.c).
#include <algorithm>
#include <span>

#include "emu/cxl/mailbox/security.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/power.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/tracing/mock_events.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlMemdevRecord;
using cxl::CxlPciKind;

bool is_host_bridge(const Scope& scope) {
  return pci_in(scope).kind == CxlPciKind::host_bridge;
}
bool is_memory(const Scope& scope) {
  return pci_in(scope).kind == CxlPciKind::memory_device && is_bound<CxlKind::function>(scope);
}
// The memdev that a memory device is: one that there is, by where this is shown.
CxlMemdevRecord& memdev_of(const Scope& scope) {
  const std::span memdevs = cxl::memdevs(*scope.store);
  const auto found = std::find_if(memdevs.begin(), memdevs.end(),
                                  [&](const CxlMemdevRecord& memdev) { return memdev.pci == scope.cxl; });
  return found == memdevs.end() ? memdevs.front() : *found;
}
bool has_node(const Scope& scope) {
  return is_memory(scope) && memdev_of(scope).numa_node >= 0;
}
Result<void> show_node(const Scope& scope, Text& out) {
  out.number(memdev_of(scope).numa_node).put("\n");
  return {};
}
Result<void> show_modalias(const Scope& scope, Text& out) {
  NameText name;
  pci_name(scope, name);
  out.put("platform:").put(name.view().substr(0, name.view().find('.'))).put("\n");
  return {};
}
store::PowerBits& power_of(const Scope& scope) {
  return scope.store->cxl().pci_power[scope.cxl - 1];
}

// fw_buf_checksum: of what was uploaded.
Result<void> show_checksum(const Scope& scope, Text& out) {
  for (const std::uint8_t byte : memdev_of(scope).mailbox.fw_hash.digest()) {
    out.digits(static_cast<unsigned>(byte), 16, 2);
  }
  out.put("\n");
  return {};
}
// sanitize_timeout: ms that a sanitization takes.
Result<void> show_timeout(const Scope& scope, Text& out) {
  out.number(memdev_of(scope).mailbox.sanitize_ms).put("\n");
  return {};
}
Result<void> store_timeout(const Scope& scope, std::string_view text) {
  const auto timeout = parse_unsigned(text, 0);
  if (!timeout) {
    return tl::unexpected(timeout.error());
  }
  return changing_cxl(scope, [&]() -> Result<void> {
    memdev_of(scope).mailbox.sanitize_ms = *timeout;
    return {};
  });
}

// event_trigger_store(): the kernel fetches what the device has logged, whatever is written.
Result<void> store_trigger(const Scope& scope, std::string_view) {
  return changing_cxl(scope, [&]() -> Result<void> {
    trace_mock_events(scope, memdev_of(scope));
    return {};
  });
}
// security_lock: a loss of power.
Result<void> show_lock(const Scope& scope, Text& out) {
  out.put((memdev_of(scope).security & cxl::kLocked) != 0 ? "1\n" : "0\n");
  return {};
}
Result<void> store_lock(const Scope& scope, std::string_view text) {
  const auto value = parse_unsigned(text, 0);
  if (!value || *value != 1) {
    return fail(EINVAL);
  }
  return changing_cxl(scope, [&] { return cxl::lock_persistent_memory(memdev_of(scope)); });
}

// cxl_mock_mem finds its devices by itself, and keeps them.
Result<void> refuse(const Scope&, std::string_view) {
  return fail(EOPNOTSUPP);
}

constexpr NodeSpec kNodes[] = {
    link("driver", fixed_target<"/sys/bus/platform/drivers/cxl_mock_mem">, is_memory),
    attribute("driver_override", 0644, constant<"(null)">, refuse),
    attribute("event_trigger", 0200, nullptr, store_trigger, is_memory),
    attribute("fw_buf_checksum", 0444, show_checksum, nullptr, is_memory),
    attribute("modalias", 0444, show_modalias),
    attribute("numa_node", 0444, show_node, nullptr, has_node),
    link("physical_node", pci_path, is_host_bridge),
    directory("power", kPower<power_of>),
    attribute("sanitize_timeout", 0644, show_timeout, store_timeout, is_memory),
    attribute("security_lock", 0644, show_lock, store_lock, is_memory),
    link("subsystem", fixed_target<"/sys/bus/platform">),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::function>, store_uevent),
};
constexpr Family kFamilies[] = {
    {each_child_function, directory("", kCxlMockDevice)},
    {each_memdev_of_function, directory("", kCxlMemdev)},
};

constexpr NodeSpec kDriverNodes[] = {
    attribute("bind", 0200, nullptr, refuse),
    attribute("uevent", 0200, nullptr, store_uevent),
    attribute("unbind", 0200, nullptr, refuse),
};
constexpr Family kDriverLinks[] = {{each_pci_function, link("", pci_path, is_memory)}};

} // namespace

constinit const Directory kCxlMockDevice = {kNodes, kFamilies};
constinit const Directory kCxlMockDriver = {kDriverNodes, kDriverLinks};

} // namespace daxemu::sysfs
