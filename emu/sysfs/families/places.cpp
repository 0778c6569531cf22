#include "emu/sysfs/families/places.hpp"

#include "emu/dax/memory/cxl_windows.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/dimm.hpp"
#include "emu/sysfs/families/cxl_paths.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/nd_objects.hpp"

namespace daxemu::sysfs {
namespace {

bool is_pmem(const Scope& scope) {
  return scope.region->kind == store::RegionKind::pmem;
}

// Of the CXL region that has become a dax region; the window is asked, for the region itself may be gone by now.
void path_of_cxl_region(const Scope& scope, Text& out) {
  const store::CxlState& state = scope.store->cxl().state;
  CxlPaths(state).acpi_path(out);
  if (const store::CxlDecoderRecord* window = dax::window_at(*scope.store, scope.region->phys_start)) {
    const std::uint32_t root = state.ports[window->port - 1].id;
    out.put("/root").number(root).put("/decoder").number(root).put(".").number(window->id);
  }
  out.put("/region").number(scope.region->id);
}

} // namespace

void region_name(const Scope& scope, Text& out) {
  switch (scope.region->kind) {
  case store::RegionKind::hmem:
    out.put("hmem.");
    break;
  case store::RegionKind::pmem:
    out.put("region");
    break;
  case store::RegionKind::cxl:
    out.put("dax_region");
    break;
  }
  out.number(scope.region->id);
}
void region_path(const Scope& scope, Text& out) {
  if (is_pmem(scope)) {
    nd_bus_path(scope, out);
    out.put("/");
  } else if (scope.region->kind == store::RegionKind::cxl) {
    path_of_cxl_region(scope, out);
    out.put("/");
  } else {
    const bool below = scope.store->profile().hmem_place == HmemPlace::below_hmem_platform;
    out.put("/sys/devices/platform/").put(below ? "hmem_platform.0/" : "");
  }
  region_name(scope, out);
}
void holder_path(const Scope& scope, Text& out) {
  region_path(scope, out);
  if (is_pmem(scope)) {
    out.put("/dax").number(scope.region->id).put(".").number(scope.region->nd.dax_id);
  }
}
void device_name(const Scope& scope, Text& out) {
  out.put("dax").number(scope.region->id).put(".").number(scope.device->id);
}
void device_path(const Scope& scope, Text& out) {
  holder_path(scope, out);
  out.put("/");
  device_name(scope, out);
}
void device_number(const Scope& scope, Text& out) {
  out.number(scope.store->platform().dax_major).put(":").number(scope.device->minor);
}
void namespace_name(const Scope& scope, Text& out) {
  out.put("namespace").number(scope.region->id).put(".").number(scope.region->nd.namespace_id);
}
void disk_name(const Scope& scope, Text& out) {
  out.put("pmem").number(scope.region->id);
  if (scope.region->nd.namespace_id != 0) { // nvdimm_namespace_disk_name()
    out.put(".").number(scope.region->nd.namespace_id);
  }
  const store::NdHolderRecord* holder = dax::nd::disk_holder(*scope.store, *scope.region);
  out.put(holder != nullptr && holder->kind == store::NdKind::btt ? "s" : "");
}
// The device that the disk is of.
void disk_owner_path(const Scope& scope, Text& out) {
  region_path(scope, out);
  out.put("/");
  if (const store::NdHolderRecord* holder = dax::nd::disk_holder(*scope.store, *scope.region)) {
    Scope narrowed = scope;
    narrowed.region = &dax::nd::region_of_namespace(*scope.store, *scope.region);
    narrowed.number = static_cast<std::uint64_t>(holder - narrowed.region->nd.holders.data());
    holder_name(narrowed, out);
    return;
  }
  namespace_name(scope, out);
}
void disk_path(const Scope& scope, Text& out) {
  disk_owner_path(scope, out);
  out.put("/block/");
  disk_name(scope, out);
}
void disk_number(const Scope& scope, Text& out) {
  out.number(kDiskMajor).put(":").number(disk_minor(*scope.region));
}
void nd_bus_path(const Scope& scope, Text& out) {
  if (scope.region != nullptr && scope.region->cxl != 0) {
    cxl_nd_bus_path(scope, out);
    return;
  }
  if (nd::has_nfit(*scope.store)) {
    nfit_bus_path(scope, out);
  } else {
    out.put("/sys/devices/platform/e820_pmem/ndbus0");
  }
}
// From 7.3 on acpi-nfit drives the platform device (acpi_nfit_probe), before that nfit the node of the firmware's tree
// (acpi_nfit_add): that is the change after which such nodes have no power/ either.
bool nfit_is_in_firmware_tree(const Scope& scope) {
  return scope.store->profile().firmware_nodes_wake;
}
void nfit_path(const Scope& scope, Text& out) {
  out.put(is_nfit_mock(scope)               ? "/sys/devices/platform/nfit_test.0"
          : nfit_is_in_firmware_tree(scope) ? "/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00"
                                            : "/sys/devices/platform/ACPI0012:00");
}
void nfit_bus_path(const Scope& scope, Text& out) {
  nfit_path(scope, out);
  out.put("/ndbus0");
}
bool has_nfit(const Scope& scope) {
  return nd::has_nfit(*scope.store);
}
bool is_nfit_mock(const Scope& scope) {
  return scope.store->platform().nfit.mock != 0;
}
bool has_nfit_machine(const Scope& scope) {
  return has_nfit(scope) && !is_nfit_mock(scope);
}
bool has_nfit_mock(const Scope& scope) {
  return has_nfit(scope) && is_nfit_mock(scope);
}
void nd_bus_number(const Scope& scope, Text& out) {
  out.number(scope.store->platform().nd_major).put(":0");
}

} // namespace daxemu::sysfs
