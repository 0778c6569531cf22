// namespaceX.Y: the memory of a region, held by its nd_dax (nd_namespace_attributes in
// drivers/nvdimm/namespace_devs.c).
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/nd_objects.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_holder(const Scope& scope, Text& out) {
  out.put("dax").number(scope.region->id).put(".0\n");
  return {};
}
Result<void> show_resource(const Scope& scope, Text& out) {
  out.hex(scope.region->phys_start).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.number(scope.region->size).put("\n");
  return {};
}

constexpr NodeSpec kNodes[] = {
    attribute("devtype", 0444, constant<"nd_namespace_io">),
    attribute("force_raw", 0644, constant<"0">),
    attribute("holder", 0444, show_holder),
    attribute("holder_class", 0644, constant<"dax">),
    attribute("modalias", 0444, constant<"nd:t4">),
    attribute("mode", 0444, constant<"dax">),
    attribute("nstype", 0444, constant<"4">),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("resource", 0400, show_resource),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, constant<"DEVTYPE=nd_namespace_io\nMODALIAS=nd:t4">, store_uevent),
};

} // namespace

constinit const Directory kNdNamespace = {kNodes};

} // namespace daxemu::sysfs
