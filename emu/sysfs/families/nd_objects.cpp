#include "emu/sysfs/families/nd_objects.hpp"

#include <array>

#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/places.hpp"

namespace daxemu::sysfs {
namespace {

using store::NdHolderRecord;
using store::NdKind;

struct KindNames {
  std::string_view prefix;
  std::string_view devtype;
  std::string_view modalias;
};
constexpr std::array<KindNames, 4> kKinds = {{
    {"", "", ""},
    {"btt", "nd_btt", "nd:t4"},
    {"pfn", "nd_pfn", "nd:t4"},
    {"dax", "nd_dax", "nd:t7"},
}};
const KindNames& names_of(NdKind kind) {
  return kKinds[static_cast<std::size_t>(kind) % kKinds.size()];
}

template <class Matches>
void holders(const Scope& scope, Members members, Matches&& matches) {
  for (std::size_t at = 0; at < store::kMaxNdHolders; ++at) {
    const NdHolderRecord& holder = scope.region->nd.holders[at];
    if (holder.kind == NdKind::none || !matches(holder)) {
      continue;
    }
    Scope narrowed = scope;
    narrowed.number = at;
    NameText name;
    holder_name(narrowed, name);
    if (!members(name.view(), narrowed)) {
      return;
    }
  }
}

// With what `name` calls them.
void disks_as(const Scope& scope, void (*name)(const Scope&, Text&), Members members) {
  if (!has_disks(scope)) {
    return;
  }
  each_pmem_region(scope, [&](std::string_view, const Scope& region) {
    bool go_on = true;
    each_namespace(region, [&](std::string_view, const Scope& space) {
      if (!has_disk(space) || (scope.region != nullptr && space.region != scope.region)) {
        return true;
      }
      Scope narrowed = space;
      narrowed.device = dax::nd::device_of(*scope.store, *space.region);
      narrowed.number = space.region->nd.disk;
      NameText text;
      name(narrowed, text);
      go_on = members(text.view(), narrowed);
      return go_on;
    });
    return go_on;
  });
}

} // namespace

bool has_nd_bus(const Scope& scope) {
  bool any = false;
  each_e820_region(scope, [&](std::string_view, const Scope&) {
    any = true;
    return false;
  });
  return any;
}

bool has_e820(const Scope& scope) {
  return has_nd_bus(scope) && !has_nfit(scope);
}

void each_nd_bus_number(const Scope& scope, Members members) {
  if (has_nd_bus(scope)) {
    NameText name;
    nd_bus_number(scope, name);
    members(name.view(), scope);
  }
}

void ndctl_path(const Scope& scope, Text& out) {
  nd_bus_path(scope, out);
  out.put("/nd/ndctl0");
}

void each_bound_region(const Scope& scope, Members members) {
  each_pmem_region(scope, [&](std::string_view name, const Scope& region) {
    return region.region->nd.unbound != 0 || members(name, region);
  });
}

void each_namespace(const Scope& scope, Members members) {
  if (scope.region->nd.unbound != 0) {
    return;
  }
  for (store::RegionRecord& space : scope.store->regions()) {
    const bool is_its_own = scope.region->nd.labelled == 0 && &space == scope.region;
    if (!is_its_own && !dax::nd::is_namespace_of(*scope.store, *scope.region, space)) {
      continue;
    }
    Scope narrowed = scope;
    narrowed.region = &space;
    NameText name;
    namespace_name(narrowed, name);
    if (!members(name.view(), narrowed)) {
      return;
    }
  }
}
void each_plain_namespace(const Scope& scope, Members members) {
  if (scope.region->nd.labelled == 0) {
    each_namespace(scope, members);
  }
}
void each_labelled_namespace(const Scope& scope, Members members) {
  if (scope.region->nd.labelled != 0) {
    each_namespace(scope, members);
  }
}

void each_disk(const Scope& scope, Members members) {
  disks_as(scope, disk_name, members);
}
void each_disk_number(const Scope& scope, Members members) {
  disks_as(scope, disk_number, members);
}
void each_raw_namespace(const Scope& scope, Members members) {
  disks_as(scope, namespace_name,
           [&](std::string_view name, const Scope& space) { return !is_raw_disk(space) || members(name, space); });
}
bool has_disks(const Scope& scope) {
  return scope.store->platform().disks.load(std::memory_order_acquire) != 0;
}
bool has_disk(const Scope& scope) {
  return dax::nd::is_disk(*scope.region);
}
bool is_raw_disk(const Scope& scope) {
  return has_disk(scope) && dax::nd::disk_holder(*scope.store, *scope.region) == nullptr;
}
void each_disk_of_holder(const Scope& scope, Members members) {
  if (holder_in(scope).bound != 0 && holder_in(scope).kind != NdKind::dax) {
    each_disk(namespace_scope(scope), members);
  }
}

template <NdKind Kind>
void each_nd_holder(const Scope& scope, Members members) {
  holders(scope, members, [](const NdHolderRecord& holder) { return holder.kind == Kind; });
}
template void each_nd_holder<NdKind::btt>(const Scope&, Members);
template void each_nd_holder<NdKind::pfn>(const Scope&, Members);
template void each_nd_holder<NdKind::dax>(const Scope&, Members);

void each_bound_dax(const Scope& scope, Members members) {
  holders(scope, members, [](const NdHolderRecord& holder) { return holder.bound != 0 && holder.kind == NdKind::dax; });
}
void each_bound_block(const Scope& scope, Members members) {
  holders(scope, members, [](const NdHolderRecord& holder) { return holder.bound != 0 && holder.kind != NdKind::dax; });
}

Scope namespace_scope(const Scope& holder) {
  Scope narrowed = holder;
  narrowed.region = &dax::nd::namespace_of(*holder.store, *holder.region, holder_in(holder));
  return narrowed;
}

NdHolderRecord& holder_in(const Scope& scope) {
  return scope.region->nd.holders[scope.number % store::kMaxNdHolders];
}
void holder_name(const Scope& scope, Text& out) {
  const NdHolderRecord& holder = holder_in(scope);
  out.put(names_of(holder.kind).prefix).number(scope.region->id).put(".").number(holder.id);
}

Result<void> show_nd_numa_node(const Scope& scope, Text& out) {
  out.number(scope.region->numa_node).put("\n");
  return {};
}
Result<void> show_nd_target_node(const Scope& scope, Text& out) {
  out.number(scope.region->target_node).put("\n");
  return {};
}
bool has_nd_target_node(const Scope& scope) {
  return scope.region->target_node >= 0;
}

std::string_view nd_driver(NdKind kind) {
  return kind == NdKind::dax ? "dax_pmem" : "nd_pmem";
}
std::string_view nd_devtype(NdKind kind) {
  return names_of(kind).devtype;
}
std::string_view nd_modalias(const store::RegionRecord& region, NdKind kind) {
  return region.nd.labelled != 0 && kind != NdKind::dax ? "nd:t5" : names_of(kind).modalias;
}

} // namespace daxemu::sysfs
