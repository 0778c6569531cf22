// ndbusN below nvdimm-bridge0, its character device, and nmemN: the DIMMs that memdevs are there (drivers/cxl/pmem.c,
// nvdimm_attributes in drivers/nvdimm/dimm_devs.c).
#include "emu/cxl/derived/namespace_labels.hpp"
#include "emu/dax/change.hpp"
#include "emu/sysfs/families/cxl_objects.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/nd/nd_security.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_dev(const Scope& scope, Text& out) {
  out.number(scope.store->platform().nd_major).put(":").number(scope.number).put("\n");
  return {};
}
Result<void> show_ndctl_uevent(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(scope.store->platform().nd_major).put("\nMINOR=").number(scope.number);
  out.put("\nDEVNAME=ndctl").number(scope.number).put("\n");
  return {};
}
constexpr NodeSpec kNdctlNodes[] = {
    attribute("dev", 0444, show_dev),
    link("device", cxl_nd_bus_path),
    link("subsystem", fixed_target<"/sys/class/nd">),
    attribute("uevent", 0644, show_ndctl_uevent, store_uevent),
};
constinit const Directory kNdctl = {kNdctlNodes};
constexpr Family kNdFamilies[] = {{each_cxl_ndctl, directory("", kNdctl)}};
constinit const Directory kNd = {{}, kNdFamilies};
constinit const Directory kFirmware = {};

bool is_dimm_bound(const Scope& scope) {
  return dimm_in(scope).dimm_unbound == 0;
}
// One slot is kept for changing a label.
Result<void> show_available_slots(const Scope& scope, Text& out) {
  if (!is_dimm_bound(scope)) {
    return fail(ENXIO);
  }
  const std::uint32_t free = cxl::free_label_slots(*scope.store, dimm_in(scope));
  out.number(free == 0 ? 0 : free - 1).put("\n");
  return {};
}
Result<void> show_dimm_id(const Scope& scope, Text& out) {
  out.number(dimm_in(scope).serial).put("\n");
  return {};
}
Result<void> show_dimm_provider(const Scope& scope, Text& out) {
  out.put("pmem").number(dimm_in(scope).id).put("\n");
  return {};
}
Result<void> show_dimm_number(const Scope& scope, Text& out) {
  out.number(dimm_major(*scope.store)).put(":").number(dimm_in(scope).dimm - 1).put("\n");
  return {};
}
Result<void> show_dimm_state(const Scope& scope, Text& out) {
  out.put(is_dimm_busy(scope) ? "active\n" : "idle\n");
  return {};
}
// The mock says so in its place (mock_nvdimm_bus_register() in tools/testing/cxl/test/mock.c).
Result<void> show_provider(const Scope& scope, Text& out) {
  out.put(has_cxl_mock(scope) ? "cxl_test\n" : "CXL\n");
  return {};
}

constexpr NodeSpec kCxlGroupNodes[] = {
    attribute("id", 0444, show_dimm_id),
    attribute("provider", 0444, show_dimm_provider),
};
constinit const Directory kCxlGroup = {kCxlGroupNodes};

constexpr NodeSpec kDimmNodes[] = {
    attribute("available_slots", 0444, show_available_slots),
    attribute("commands", 0444, constant<"get_size get_data set_data ">),
    directory("cxl", kCxlGroup),
    attribute("dev", 0444, show_dimm_number),
    attribute("devtype", 0444, constant<"nvdimm">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nvdimm">, is_dimm_bound),
    directory("firmware", kFirmware),
    attribute("flags", 0444, constant<"label ">),
    attribute("frozen", 0444, show_dimm_frozen),
    attribute("modalias", 0444, constant<"nd:t1">),
    attribute("security", 0644, show_dimm_security, store_dimm_security),
    attribute("state", 0444, show_dimm_state),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("uevent", 0644, nd_dimm_variables, store_uevent),
};
constinit const Directory kDimm = {kDimmNodes};

constexpr NodeSpec kBusNodes[] = {
    attribute("commands", 0444, constant<"">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_bus">),
    directory("firmware", kFirmware),
    directory("nd", kNd),
    attribute("provider", 0444, show_provider),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("uevent", 0644, constant<"DRIVER=nd_bus\nMODALIAS=nd:t0">, store_uevent),
    attribute("wait_probe", 0444, constant<"1">),
};
constexpr Family kBusFamilies[] = {
    {each_dimm, directory("", kDimm)},
    {each_cxl_nd_region, directory("", kNdRegion)},
};

} // namespace

Result<void> nd_dimm_variables(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(dimm_major(*scope.store)).put("\nMINOR=").number(dimm_in(scope).dimm - 1);
  out.put("\nDEVNAME=nmem").number(dimm_in(scope).dimm - 1).put("\nDEVTYPE=nvdimm\n");
  out.put(is_dimm_bound(scope) ? "DRIVER=nvdimm\n" : "").put("MODALIAS=nd:t1\n");
  return {};
}

constinit const Directory kCxlNdBus = {kBusNodes, kBusFamilies};

} // namespace daxemu::sysfs
