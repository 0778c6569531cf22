// nmemN: the DIMMs of an nd bus, which memdevs are or the firmware's table tells of (nvdimm_attributes in
// drivers/nvdimm/dimm_devs.c).
#include "emu/nd/labels/namespace_labels.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/nd/nd_security.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

bool is_dimm_bound(const Scope& scope) {
  return dimm_in(scope).is_bound();
}
// One slot is kept for changing a label.
Result<void> show_available_slots(const Scope& scope, Text& out) {
  if (!is_dimm_bound(scope)) {
    return fail(ENXIO);
  }
  const std::uint32_t free = nd::free_label_slots(*scope.store, dimm_in(scope).labels());
  out.number(free == 0 ? 0 : free - 1).put("\n");
  return {};
}
Result<void> show_dimm_id(const Scope& scope, Text& out) {
  out.number(dimm_in(scope).memdev->serial).put("\n");
  return {};
}
Result<void> show_dimm_provider(const Scope& scope, Text& out) {
  out.put("pmem").number(dimm_in(scope).memdev->id).put("\n");
  return {};
}
// What of the family has a number of the nd bus's own comes first (nvdimm_cmd_name).
Result<void> show_commands(const Scope& scope, Text& out) {
  out.put(dimm_in(scope).nfit != nullptr ? "smart smart_thresh get_size get_data set_data cmd_call \n"
                                         : "get_size get_data set_data \n");
  return {};
}
Result<void> show_dimm_number(const Scope& scope, Text& out) {
  out.number(dimm_major(*scope.store)).put(":").number(dimm_in(scope).number()).put("\n");
  return {};
}
Result<void> show_dimm_state(const Scope& scope, Text& out) {
  out.put(nd::is_busy(*scope.store, dimm_in(scope)) ? "active\n" : "idle\n");
  return {};
}
bool is_of_memdev(const Scope& scope) {
  return dimm_in(scope).memdev != nullptr;
}
bool is_of_nfit(const Scope& scope) {
  return dimm_in(scope).nfit != nullptr;
}

constexpr NodeSpec kCxlGroupNodes[] = {
    attribute("id", 0444, show_dimm_id),
    attribute("provider", 0444, show_dimm_provider),
};
constinit const Directory kCxlGroup = {kCxlGroupNodes};

constinit const Directory kFirmware = {};

constexpr NodeSpec kDimmNodes[] = {
    attribute("available_slots", 0444, show_available_slots),
    attribute("commands", 0444, show_commands),
    directory("cxl", kCxlGroup, is_of_memdev),
    attribute("dev", 0444, show_dimm_number),
    attribute("devtype", 0444, constant<"nvdimm">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nvdimm">, is_dimm_bound),
    directory("firmware", kFirmware),
    attribute("flags", 0444, constant<"label ">),
    attribute("frozen", 0444, show_dimm_frozen, nullptr, is_of_memdev),
    attribute("modalias", 0444, constant<"nd:t1">),
    directory("nfit", kNfitDimm, is_of_nfit),
    attribute("security", 0644, show_dimm_security, store_dimm_security, is_of_memdev),
    attribute("state", 0444, show_dimm_state),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("uevent", 0644, nd_dimm_variables, store_uevent),
};

} // namespace

Result<void> nd_dimm_variables(const Scope& scope, Text& out) {
  out.put("MAJOR=").number(dimm_major(*scope.store)).put("\nMINOR=").number(dimm_in(scope).number());
  out.put("\nDEVNAME=nmem").number(dimm_in(scope).number()).put("\nDEVTYPE=nvdimm\n");
  out.put(is_dimm_bound(scope) ? "DRIVER=nvdimm\n" : "").put("MODALIAS=nd:t1\n");
  return {};
}

constinit const Directory kNdDimm = {kDimmNodes};

} // namespace daxemu::sysfs
