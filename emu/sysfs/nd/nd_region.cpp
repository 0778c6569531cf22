// regionN of the nd bus (nd_region_attributes in drivers/nvdimm/region_devs.c).
#include <algorithm>
#include <bit>

#include "emu/base/units.hpp"
#include "emu/dax/change.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/region.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/nd/nd_badblocks.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/trace/why.hpp"

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
  const std::uint64_t ways = std::max<std::uint64_t>(nd::mappings_of(*scope.store, *scope.region), 1);
  if (*align % ways != 0 || !std::has_single_bit(*align / ways) || *align / ways < kPageSize ||
      *align > scope.region->size) {
    return trace::because(EINVAL, {.reason = trace::Reason::nd_region_align, .a = *align});
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
  const store::NdRegionRecord& nd = scope.region->nd;
  each_namespace(scope, [&](std::string_view name, const Scope& space) {
    const bool is_it = nd.labelled == 0 || dax::nd::reference_of(*scope.store, *space.region) == nd.namespace_seed;
    if (is_it) {
      out.put(name);
    }
    return !is_it;
  });
  out.put("\n");
  return {};
}
bool is_bound(const Scope& scope) {
  return scope.region->nd.unbound == 0;
}
Result<void> show_badblocks(const Scope& scope, Text& out) {
  if (!is_bound(scope)) {
    return fail(ENXIO);
  }
  put_badblocks(scope, scope.region->phys_start, scope.region->size, out);
  return {};
}
Result<void> show_init_namespaces(const Scope& scope, Text& out) {
  if (!is_bound(scope)) {
    return fail(ENXIO);
  }
  const std::uint32_t count = scope.region->nd.labelled != 0 ? scope.region->nd.first_namespaces : 1;
  out.number(count).put("/").number(count).put("\n");
  return {};
}

// Of a region with labels.
bool has_labels(const Scope& scope) {
  return scope.region->nd.labelled != 0;
}
Result<void> show_available(const Scope& scope, Text& out) {
  out.number(nd::available_dpa(*scope.store, *scope.region)).put("\n");
  return {};
}
Result<void> show_allocatable(const Scope& scope, Text& out) {
  out.number(has_labels(scope) ? nd::allocatable_dpa(*scope.store, *scope.region) : 0).put("\n");
  return {};
}
Result<void> show_mappings(const Scope& scope, Text& out) {
  out.number(nd::mappings_of(*scope.store, *scope.region)).put("\n");
  return {};
}
Result<void> show_nstype(const Scope& scope, Text& out) {
  out.put(has_labels(scope) ? "5\n" : "4\n");
  return {};
}
Result<void> show_cookie(const Scope& scope, Text& out) {
  out.hex(nd::cookie_of(*scope.store, *scope.region)).put("\n");
  return {};
}
// mapping0, mapping1, ...: a DIMM, what it gives, and where that stands among the others.
void each_nd_mapping(const Scope& scope, Members members) {
  for (std::uint32_t at = 0; at < nd::mappings_of(*scope.store, *scope.region); ++at) {
    Scope narrowed = scope;
    narrowed.number = at;
    NameText name;
    name.put("mapping").number(at);
    if (!members(name.view(), narrowed)) {
      return;
    }
  }
}
Result<void> show_mapping(const Scope& scope, Text& out) {
  const auto position = static_cast<std::uint32_t>(scope.number);
  const nd::NdMapping mapping = nd::mapping_of(*scope.store, *scope.region, position);
  if (!mapping.dimm.is_there()) {
    return fail(ENXIO);
  }
  Scope dimm = scope;
  dimm.dimm = nd::reference_of(*scope.store, mapping.dimm);
  dimm_name(dimm, out);
  out.put(",").number(mapping.start).put(",").number(mapping.size).put(",").number(position).put("\n");
  return {};
}

// What the kernel says of flushes to it: of a CXL region, of nothing that the firmware does not tell of (guest).
bool is_of_cxl(const Scope& scope) {
  return scope.region->cxl != 0;
}
bool is_of_nfit(const Scope& scope) {
  return scope.region->nd.first_dimm != 0;
}
Result<void> show_range_index(const Scope& scope, Text& out) {
  out.number(scope.region->nd.first_dimm).put("\n");
  return {};
}
constexpr NodeSpec kNfitNodes[] = {attribute("range_index", 0444, show_range_index)};
constinit const Directory kNfitGroup = {kNfitNodes};

constexpr NodeSpec kNodes[] = {
    attribute("align", 0644, show_align, store_align),
    attribute("available_size", 0444, show_available, nullptr, has_labels),
    attribute("badblocks", 0444, show_badblocks),
    attribute("btt_seed", 0444, show_seed<NdKind::btt>),
    attribute("dax_seed", 0444, show_seed<NdKind::dax>),
    attribute("deep_flush", 0444, constant<"0">, nullptr, has_labels),
    attribute("devtype", 0444, constant<"nd_pmem">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_region">, is_bound),
    attribute("init_namespaces", 0444, show_init_namespaces),
    attribute("mappings", 0444, show_mappings),
    attribute("max_available_extent", 0444, show_allocatable),
    attribute("modalias", 0444, constant<"nd:t2">),
    attribute("namespace_seed", 0444, show_namespace_seed),
    directory("nfit", kNfitGroup, is_of_nfit),
    attribute("nstype", 0444, show_nstype),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("persistence_domain", 0444, constant<"memory_controller">, nullptr, is_of_cxl),
    attribute("pfn_seed", 0444, show_seed<NdKind::pfn>),
    attribute("read_only", 0644, show_read_only, store_read_only),
    attribute("resource", 0400, show_resource),
    attribute("set_cookie", 0444, show_cookie, nullptr, has_labels),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, nd_region_variables, store_uevent),
};
constexpr Family kFamilies[] = {
    {each_nd_holder<NdKind::btt>, directory("", kNdBtt)}, {each_nd_holder<NdKind::dax>, directory("", kNdPfn)},
    {each_plain_namespace, directory("", kNdNamespace)},  {each_labelled_namespace, directory("", kNdPmemNamespace)},
    {each_nd_mapping, attribute("", 0444, show_mapping)}, {each_nd_holder<NdKind::pfn>, directory("", kNdPfn)},
};

} // namespace

Result<void> nd_region_variables(const Scope& scope, Text& out) {
  out.put("DEVTYPE=nd_pmem\n").put(is_bound(scope) ? "DRIVER=nd_region\n" : "").put("MODALIAS=nd:t2\n");
  return {};
}

constinit const Directory kNdRegion = {kNodes, kFamilies};

} // namespace daxemu::sysfs
