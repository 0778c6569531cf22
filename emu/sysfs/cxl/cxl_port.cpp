// rootN, portN, endpointN: where a topology branches (cxl_port_attrs in drivers/cxl/core/port.c, CDAT in
// drivers/cxl/port.c). The way down that is called dportN leads to a PCI function.
#include "emu/sysfs/cxl/cdat.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlPortKind;

CxlPortKind kind_of(const Scope& scope) {
  return port_in(scope).kind;
}
bool is_root(const Scope& scope) {
  return kind_of(scope) == CxlPortKind::root;
}
bool is_not_root(const Scope& scope) {
  return !is_root(scope);
}
bool is_bound_endpoint(const Scope& scope) {
  return kind_of(scope) == CxlPortKind::endpoint && is_bound<CxlKind::port>(scope);
}
bool is_root_with_bridge(const Scope& scope) {
  return is_root(scope) && has_bridge(scope);
}

Result<void> show_committed(const Scope& scope, Text& out) {
  out.number(port_in(scope).commit_end).put("\n");
  return {};
}
Result<void> show_modalias(const Scope& scope, Text& out) {
  out.put("cxl:t").number(cxl_device_id(scope.store->cxl().state, CxlKind::port, scope.cxl)).put("\n");
  return {};
}
// What it belongs to: the root to the platform device, an endpoint to its memdev, another to a PCI function.
void uport_path(const Scope& scope, Text& out) {
  const store::CxlPortRecord& port = port_in(scope);
  if (port.kind == CxlPortKind::root) {
    acpi_path(scope, out);
  } else if (port.kind == CxlPortKind::endpoint) {
    memdev_path(cxl_scope(scope, port.uport), out);
  } else {
    pci_path(cxl_scope(scope, port.uport), out);
  }
}
void parent_dport_path(const Scope& scope, Text& out) {
  if (const auto* dport = cxl::dport_at(*scope.store, port_in(scope).parent_dport); dport != nullptr) {
    pci_path(cxl_scope(scope, dport->pci), out);
  }
}
Result<void> show_cdat(const Scope& scope, Text& out) {
  put_cdat(*cxl::memdev_at(*scope.store, port_in(scope).uport), out);
  return {};
}

constexpr NodeSpec kNodes[] = {
    binary("CDAT", 0400, 0, show_cdat, nullptr, is_bound_endpoint),
    attribute("decoders_committed", 0444, show_committed),
    attribute("devtype", 0444, constant<"cxl_port">),
    link("driver", fixed_target<"/sys/bus/cxl/drivers/cxl_port">, is_bound<CxlKind::port>),
    attribute("modalias", 0444, show_modalias),
    directory("nvdimm-bridge0", kCxlBridge, is_root_with_bridge),
    link("parent_dport", parent_dport_path, is_not_root),
    link("subsystem", fixed_target<"/sys/bus/cxl">),
    attribute("uevent", 0644, show_cxl_uevent<CxlKind::port>, store_uevent),
    link("uport", uport_path),
};
constexpr Family kFamilies[] = {
    {each_child_port, directory("", kCxlPort)},
    {each_root_decoder, directory("", kCxlRootDecoder)},
    {each_switch_decoder, directory("", kCxlSwitchDecoder)},
    {each_endpoint_decoder, directory("", kCxlEndpointDecoder)},
    {each_dport, link("", pci_path)},
};

} // namespace

constinit const Directory kCxlPort = {kNodes, kFamilies};

} // namespace daxemu::sysfs
