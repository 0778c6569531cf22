// Objects of a region that wait to be given a namespace: btt0.0, pfn0.0 and the next nd_dax (drivers/nvdimm/btt_devs.c,
// pfn_devs.c). Nothing here ever gives them one.
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/nd_objects.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

constexpr NodeSpec kBttNodes[] = {
    attribute("devtype", 0444, constant<"nd_btt">),
    attribute("log_zero_flags", 0444, constant<"Y">),
    attribute("modalias", 0444, constant<"nd:t4">),
    attribute("namespace", 0644, constant<"">),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("sector_size", 0644, constant<"512 520 528 4096 4104 4160 4224 ">),
    attribute("size", 0444, failing<ENXIO>), // btt_devs.c size_show(): no size until it is enabled
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, constant<"DEVTYPE=nd_btt\nMODALIAS=nd:t4">, store_uevent),
    attribute("uuid", 0644, constant<"">),
};

// pfn0.0 and a dax seed differ in their types only.
template <Literal Devtype, Literal Modalias, Literal Uevent>
constexpr NodeSpec kPfnNodes[] = {
    attribute("align", 0644, constant<"2097152">), // nd_pfn_default_align()
    attribute("devtype", 0444, constant<Devtype>),
    attribute("modalias", 0444, constant<Modalias>),
    attribute("mode", 0644, constant<"none">),
    attribute("namespace", 0644, constant<"">),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("resource", 0400, failing<ENXIO>),
    attribute("size", 0444, failing<ENXIO>),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("supported_alignments", 0444, constant<"4096 2097152 1073741824 ">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, constant<Uevent>, store_uevent),
    attribute("uuid", 0644, constant<"">),
};

} // namespace

constinit const Directory kNdBtt = {kBttNodes};
constinit const Directory kNdPfn = {kPfnNodes<"nd_pfn", "nd:t4", "DEVTYPE=nd_pfn\nMODALIAS=nd:t4">};
constinit const Directory kNdDaxSeed = {kPfnNodes<"nd_dax", "nd:t7", "DEVTYPE=nd_dax\nMODALIAS=nd:t7">};

} // namespace daxemu::sysfs
