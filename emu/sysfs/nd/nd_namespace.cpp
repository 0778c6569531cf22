// namespaceX.0: the memory of a region, held by whoever uses it (nd_namespace_attributes in
// drivers/nvdimm/namespace_devs.c).
#include "emu/sysfs/nd/nd_namespace.hpp"

#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/region.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

using store::NdHolderRecord;
using store::NdKind;

struct ClassWord {
  std::string_view text;
  NdKind kind;
  std::string_view mode;  // of a namespace that such a one holds
  bool is_written = true; // by whoever chooses it
};
constexpr ClassWord kClasses[] = {{"btt", NdKind::btt, "safe"},         {"pfn", NdKind::pfn, "memory"},
                                  {"dax", NdKind::dax, "dax"},          {"", NdKind::none, ""},
                                  {"btt", NdKind::btt2, "safe", false}, {"<unknown>", NdKind::unknown, "", false}};

} // namespace

Result<void> show_force_raw(const Scope& scope, Text& out) {
  out.number(scope.region->nd.force_raw).put("\n");
  return {};
}
Result<void> store_force_raw(const Scope& scope, std::string_view text) {
  const auto raw = parse_bool(text, scope.store->profile());
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  scope.region->nd.force_raw = *raw ? 1 : 0;
  return {};
}
Result<void> show_namespace_holder(const Scope& scope, Text& out) {
  if (const NdHolderRecord* holder = dax::nd::holder_of_namespace(*scope.store, *scope.region); holder != nullptr) {
    Scope narrowed = scope;
    narrowed.region = &dax::nd::region_of_namespace(*scope.store, *scope.region);
    narrowed.number = static_cast<std::uint64_t>(holder - narrowed.region->nd.holders.data());
    holder_name(narrowed, out);
  }
  out.put("\n");
  return {};
}
Result<void> show_holder_class(const Scope& scope, Text& out) {
  for (const ClassWord& word : kClasses) {
    if (word.kind == scope.region->nd.holder_class) {
      out.put(word.text).put("\n");
    }
  }
  return {};
}
Result<void> store_holder_class(const Scope& scope, std::string_view text) {
  auto change = dax::Change::begin(*scope.store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  if (has_disk(scope) || dax::nd::holder_of_namespace(*scope.store, *scope.region) != nullptr) {
    return trace::because(EBUSY, trace::Reason::nd_class_in_use); // whatever was written
  }
  for (const ClassWord& word : kClasses) {
    if (word.is_written && same_text(word.text, text)) {
      return nd::set_namespace_class(*scope.store, *scope.region, word.kind);
    }
  }
  return trace::because(EINVAL, trace::Reason::word_unknown);
}
// Unclaimed memory of a kind that has struct pages reads as if it were a pfn's, unless it is to be raw.
Result<void> show_namespace_mode(const Scope& scope, Text& out) {
  const NdHolderRecord* holder = dax::nd::holder_of_namespace(*scope.store, *scope.region);
  if (holder == nullptr) {
    const bool has_pages = scope.region->nd.parent == 0; // ND_REGION_PAGEMAP
    out.put(scope.region->nd.force_raw != 0 || !has_pages ? "raw\n" : "memory\n");
    return {};
  }
  for (const ClassWord& word : kClasses) {
    if (word.kind == holder->kind) {
      out.put(word.mode).put("\n");
    }
  }
  return {};
}
void put_nd_uuid(const store::Uuid& uuid, Text& out) {
  for (std::size_t at = 0; at < uuid.size(); ++at) {
    out.put(at == 4 || at == 6 || at == 8 || at == 10 ? "-" : "").digits(uuid[at], 16, 2);
  }
}

namespace {

Result<void> show_resource(const Scope& scope, Text& out) {
  out.hex(scope.region->phys_start).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  out.number(scope.region->size).put("\n");
  return {};
}

constexpr NodeSpec kNodes[] = {
    directory("block", kNdDisks, is_raw_disk),
    attribute("devtype", 0444, constant<"nd_namespace_io">),
    link("driver", fixed_target<"/sys/bus/nd/drivers/nd_pmem">, is_raw_disk),
    attribute("force_raw", 0644, show_force_raw, store_force_raw),
    attribute("holder", 0444, show_namespace_holder),
    attribute("holder_class", 0644, show_holder_class, store_holder_class),
    attribute("modalias", 0444, constant<"nd:t4">),
    attribute("mode", 0444, show_namespace_mode),
    attribute("nstype", 0444, constant<"4">),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("resource", 0400, show_resource),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, nd_namespace_variables, store_uevent),
};

} // namespace

Result<void> nd_namespace_variables(const Scope& scope, Text& out) {
  const bool labelled = scope.region->nd.parent != 0;
  out.put(labelled ? "DEVTYPE=nd_namespace_pmem\n" : "DEVTYPE=nd_namespace_io\n");
  out.put(is_raw_disk(scope) ? "DRIVER=nd_pmem\n" : "").put(labelled ? "MODALIAS=nd:t5\n" : "MODALIAS=nd:t4\n");
  return {};
}

constinit const Directory kNdNamespace = {kNodes};

} // namespace daxemu::sysfs
