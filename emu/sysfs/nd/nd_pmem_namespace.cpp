// namespaceX.Y of a region with labels (nd_namespace_attributes in drivers/nvdimm/namespace_devs.c): what its label
// says can be written, too. What it shares with a namespace without one is in nd_namespace.cpp.
#include "emu/nd/region.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/nd/nd_namespace.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"

namespace daxemu::sysfs {
namespace {

// Does something to the namespace while nobody else changes anything.
template <class Action>
Result<void> changing_space(const Scope& scope, Action&& action) {
  auto change = AnnouncedChange::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  return scope.region->used.load() == 0 ? fail(ENODEV) : action(*scope.store, *scope.region);
}

Result<void> show_alt_name(const Scope& scope, Text& out) {
  out.put(scope.region->nd.alt_name.view()).put("\n");
  return {};
}
Result<void> store_alt_name(const Scope& scope, std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r"; // strim()
  const std::size_t first = text.find_first_not_of(kSpace);
  text = first == std::string_view::npos ? std::string_view() : text.substr(first);
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  return changing_space(scope, [&](const store::Store& store, store::RegionRecord& space) {
    return nd::set_namespace_name(store, space, text);
  });
}
Result<void> show_extents(const Scope& scope, Text& out) {
  const store::RegionRecord& space = *scope.region;
  out.number(space.size == 0 ? 0U : nd::mappings_of(*scope.store, space)).put("\n");
  return {};
}
Result<void> show_place(const Scope& scope, Text& out) {
  if (scope.region->size == 0) {
    return fail(ENXIO);
  }
  out.hex(scope.region->phys_start).put("\n");
  return {};
}
Result<void> show_sector_sizes(const Scope& scope, Text& out) {
  // The first one is chosen once the label says nothing else (nd_size_select_show).
  const store::NdRegionRecord& nd = scope.region->nd;
  for (const std::uint64_t size : {512U, 4096U}) {
    const bool chosen = nd.sector_size == size;
    out.put(chosen ? "[" : "").number(size).put(chosen ? "] " : " ");
  }
  out.put("\n");
  return {};
}
Result<void> store_sector_size(const Scope& scope, std::string_view text) {
  const auto bytes = parse_unsigned(text, 0);
  return changing_space(scope, [&](const store::Store& store, store::RegionRecord& space) -> Result<void> {
    return bytes ? nd::set_namespace_sector(store, space, *bytes) : tl::unexpected(bytes.error());
  });
}
Result<void> show_space_size(const Scope& scope, Text& out) {
  out.number(scope.region->size).put("\n");
  return {};
}
Result<void> store_space_size(const Scope& scope, std::string_view text) {
  const auto size = parse_unsigned(text, 0);
  if (!size) {
    return tl::unexpected(size.error());
  }
  return changing_space(scope, [&](const store::Store& store, store::RegionRecord& space) {
    return nd::set_namespace_size(store, space, *size);
  });
}
Result<void> show_space_uuid(const Scope& scope, Text& out) {
  if (scope.region->nd.has_uuid != 0) {
    put_nd_uuid(scope.region->nd.uuid, out);
  }
  out.put("\n");
  return {};
}
Result<void> store_space_uuid(const Scope& scope, std::string_view text) {
  const auto uuid = parse_uuid(text);
  return changing_space(scope, [&](const store::Store& store, store::RegionRecord& space) -> Result<void> {
    return uuid ? nd::set_namespace_uuid(store, space, *uuid) : tl::unexpected(uuid.error());
  });
}

constexpr NodeSpec kNodes[] = {
    attribute("alt_name", 0644, show_alt_name, store_alt_name),
    directory("block", kNdDisks, is_raw_disk),
    attribute("devtype", 0444, constant<"nd_namespace_pmem">),
    attribute("dpa_extents", 0444, show_extents),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_pmem">, is_raw_disk),
    attribute("force_raw", 0644, show_force_raw, store_force_raw),
    attribute("holder", 0444, show_namespace_holder),
    attribute("holder_class", 0644, show_holder_class, store_holder_class),
    attribute("modalias", 0444, constant<"nd:t5">),
    attribute("mode", 0444, show_namespace_mode),
    attribute("nstype", 0444, constant<"5">),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("resource", 0400, show_place),
    attribute("sector_size", 0644, show_sector_sizes, store_sector_size),
    attribute("size", 0644, show_space_size, store_space_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, nd_namespace_variables, store_uevent),
    attribute("uuid", 0644, show_space_uuid, store_space_uuid),
};

} // namespace

constinit const Directory kNdPmemNamespace = {kNodes};

} // namespace daxemu::sysfs
