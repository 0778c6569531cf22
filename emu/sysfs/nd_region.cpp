// regionN of the nd bus (nd_region_attributes in drivers/nvdimm/region_devs.c).
#include "emu/base/units.hpp"
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/nd_objects.hpp"
#include "emu/sysfs/places.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_align(const Scope& scope, Text& out) {
  // default_align(): what namespaces are allocated in, whatever their extents.
  out.hex(kPmdSize).put("\n");
  (void)scope;
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.number(scope.region->size).put("\n");
  return {};
}
Result<void> show_resource(const Scope& scope, Text& out) {
  out.hex(scope.region->phys_start).put("\n");
  return {};
}
// The name of the object that will be used next.
template <auto Each>
Result<void> show_seed(const Scope& scope, Text& out) {
  Each(scope, [&](std::string_view name, const Scope&) {
    out.put(name);
    return false;
  });
  out.put("\n");
  return {};
}

constexpr NodeSpec kNodes[] = {
    attribute("align", 0644, show_align),
    attribute("badblocks", 0444, nothing),
    attribute("btt_seed", 0444, show_seed<each_btt>),
    attribute("dax_seed", 0444, show_seed<each_dax_seed>),
    attribute("devtype", 0444, constant<"nd_pmem">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_region">),
    attribute("init_namespaces", 0444, constant<"1/1">),
    attribute("mappings", 0444, constant<"0">),
    attribute("max_available_extent", 0444, constant<"0">),
    attribute("modalias", 0444, constant<"nd:t2">),
    attribute("namespace_seed", 0444, show_seed<each_namespace>),
    attribute("nstype", 0444, constant<"4">),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("pfn_seed", 0444, show_seed<each_pfn>),
    attribute("read_only", 0644, constant<"0">),
    attribute("resource", 0400, show_resource),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, constant<"DEVTYPE=nd_pmem\nDRIVER=nd_region\nMODALIAS=nd:t2">, store_uevent),
};
constexpr Family kFamilies[] = {
    {each_btt, directory("", kNdBtt)},          {each_nd_dax, directory("", kNdDax)},
    {each_dax_seed, directory("", kNdDaxSeed)}, {each_namespace, directory("", kNdNamespace)},
    {each_pfn, directory("", kNdPfn)},
};

} // namespace

constinit const Directory kNdRegion = {kNodes, kFamilies};

} // namespace daxemu::sysfs
