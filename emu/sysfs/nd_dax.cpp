// daxX.0 of the nd bus: the info block of a namespace in devdax mode. The dax region and its one device hang below it
// (nd_pfn_attributes in drivers/nvdimm/pfn_devs.c, drivers/dax/pmem.c).
#include "emu/sysfs/directories.hpp"
#include "emu/sysfs/families.hpp"
#include "emu/sysfs/identity.hpp"
#include "emu/sysfs/nd_objects.hpp"
#include "emu/sysfs/places.hpp"
#include "emu/sysfs/values.hpp"

namespace daxemu::sysfs {
namespace {

Result<void> show_align(const Scope& scope, Text& out) {
  out.number(scope.region->align).put("\n");
  return {};
}
Result<void> show_namespace(const Scope& scope, Text& out) {
  namespace_name(scope, out);
  out.put("\n");
  return {};
}
Result<void> show_resource(const Scope& scope, Text& out) {
  out.hex(scope.device->ranges[0].phys_start).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.number(scope.device->size.load(std::memory_order_acquire)).put("\n");
  return {};
}
// Whoever made the namespace chose it by chance; here the platform's birth decides, so that it stays the same.
Result<void> show_uuid(const Scope& scope, Text& out) {
  TextBuffer<64> seed;
  seed.number(scope.store->platform().created_ns).put("/").number(scope.region->id);
  const std::uint64_t high = inode_of("uuid-high", seed.view());
  const std::uint64_t low = inode_of("uuid-low", seed.view());
  out.digits(high & 0xffffffffU, 16, 8).put("-").digits(high >> 32 & 0xffffU, 16, 4).put("-");
  out.digits((high >> 48 & 0x0fffU) | 0x4000U, 16, 4).put("-"); // version 4: random
  out.digits((low & 0x3fffU) | 0x8000U, 16, 4).put("-").digits(low >> 14 & 0xffff'ffff'ffffU, 16, 12).put("\n");
  return {};
}

constexpr NodeSpec kNodes[] = {
    attribute("align", 0644, show_align),
    directory("dax_region", kDaxRegion),
    attribute("devtype", 0444, constant<"nd_dax">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/dax_pmem">),
    attribute("modalias", 0444, constant<"nd:t7">),
    attribute("mode", 0644, constant<"ram">), // struct pages live in ordinary memory (ndctl -M mem)
    attribute("namespace", 0644, show_namespace),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("resource", 0400, show_resource),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("supported_alignments", 0444, constant<"4096 2097152 1073741824 ">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, constant<"DEVTYPE=nd_dax\nDRIVER=dax_pmem\nMODALIAS=nd:t7">, store_uevent),
    attribute("uuid", 0644, show_uuid),
};
constexpr Family kFamilies[] = {{each_device, directory("", kDaxDevice)}};

} // namespace

constinit const Directory kNdDax = {kNodes, kFamilies};

} // namespace daxemu::sysfs
