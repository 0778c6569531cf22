// regionN of the nd bus (nd_region_attributes in drivers/nvdimm/region_devs.c).
#include <bit>

#include "emu/base/units.hpp"
#include "emu/dax/change.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"

namespace daxemu::sysfs {
namespace {

using store::NdKind;

// What namespaces are allocated in, whatever their extents.
Result<void> show_align(const Scope& scope, Text& out) {
  out.hex(scope.region->nd.align).put("\n");
  return {};
}
Result<void> store_align(const Scope& scope, std::string_view text) {
  const auto align = parse_unsigned(text, 0);
  if (!align) {
    return tl::unexpected(align.error());
  }
  if (!std::has_single_bit(*align) || *align < kPageSize || *align > scope.region->size) {
    return fail(EINVAL);
  }
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  scope.region->nd.align = *align;
  return {};
}
Result<void> show_read_only(const Scope& scope, Text& out) {
  out.number(scope.region->nd.read_only).put("\n");
  return {};
}
Result<void> store_read_only(const Scope& scope, std::string_view text) {
  const auto read_only = parse_bool(text, scope.store->profile());
  if (!read_only) {
    return tl::unexpected(read_only.error());
  }
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  scope.region->nd.read_only = *read_only ? 1 : 0;
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
// The name of the object that will be used next; none while nobody drives the region.
template <NdKind Kind>
Result<void> show_seed(const Scope& scope, Text& out) {
  if (const std::uint32_t number = scope.region->nd.seeds[static_cast<std::size_t>(Kind)]; number != 0) {
    Scope narrowed = scope;
    narrowed.number = number - 1;
    holder_name(narrowed, out);
  }
  out.put("\n");
  return {};
}
Result<void> show_namespace_seed(const Scope& scope, Text& out) {
  each_namespace(scope, [&](std::string_view name, const Scope&) {
    out.put(name);
    return false;
  });
  out.put("\n");
  return {};
}
bool is_bound(const Scope& scope) {
  return scope.region->nd.unbound == 0;
}
Result<void> show_badblocks(const Scope& scope, Text&) {
  return is_bound(scope) ? Result<void>() : fail(ENXIO);
}
Result<void> show_init_namespaces(const Scope& scope, Text& out) {
  if (!is_bound(scope)) {
    return fail(ENXIO);
  }
  out.put("1/1\n");
  return {};
}

constexpr NodeSpec kNodes[] = {
    attribute("align", 0644, show_align, store_align),
    attribute("badblocks", 0444, show_badblocks),
    attribute("btt_seed", 0444, show_seed<NdKind::btt>),
    attribute("dax_seed", 0444, show_seed<NdKind::dax>),
    attribute("devtype", 0444, constant<"nd_pmem">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_region">, is_bound),
    attribute("init_namespaces", 0444, show_init_namespaces),
    attribute("mappings", 0444, constant<"0">),
    attribute("max_available_extent", 0444, constant<"0">),
    attribute("modalias", 0444, constant<"nd:t2">),
    attribute("namespace_seed", 0444, show_namespace_seed),
    attribute("nstype", 0444, constant<"4">),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("pfn_seed", 0444, show_seed<NdKind::pfn>),
    attribute("read_only", 0644, show_read_only, store_read_only),
    attribute("resource", 0400, show_resource),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, nd_region_variables, store_uevent),
};
constexpr Family kFamilies[] = {
    {each_nd_holder<NdKind::btt>, directory("", kNdBtt)},
    {each_nd_holder<NdKind::dax>, directory("", kNdPfn)},
    {each_namespace, directory("", kNdNamespace)},
    {each_nd_holder<NdKind::pfn>, directory("", kNdPfn)},
};

} // namespace

Result<void> nd_region_variables(const Scope& scope, Text& out) {
  out.put("DEVTYPE=nd_pmem\n").put(is_bound(scope) ? "DRIVER=nd_region\n" : "").put("MODALIAS=nd:t2\n");
  return {};
}

constinit const Directory kNdRegion = {kNodes, kFamilies};

} // namespace daxemu::sysfs
