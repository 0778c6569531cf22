// bttX.Y, pfnX.Y and daxX.Y of the nd bus: seeds that wait for a namespace, and what holds one. Below a bound dax hang
// the dax region and its one device (drivers/nvdimm/btt_devs.c, pfn_devs.c, claim.c, drivers/dax/pmem.c).
#include <algorithm>

#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/sysfs/families/families.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/nd/nd_namespace.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/announced_change.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::sysfs {
namespace {

using store::NdHolderRecord;
using store::NdKind;
using store::NdPages;
using trace::Reason;

// Does something to the holder while nobody else changes anything.
template <class Action>
Result<void> changing(const Scope& scope, Action&& action) {
  auto change = AnnouncedChange::begin(*scope.store);
  return change ? action(holder_in(scope)) : tl::unexpected(change.error());
}

// One that waits for a namespace, and has one: the region has no room for another one behind it.
Result<void> refuse_bound(const Scope& scope, const NdHolderRecord& holder) {
  if (!dax::nd::is_seed(*scope.region, holder)) {
    return trace::because(EBUSY, Reason::nd_is_bound);
  }
  const auto& all = scope.region->nd.holders;
  const auto count = std::count_if(all.begin(), all.end(), [](const NdHolderRecord& one) { return one.holds != 0; });
  return trace::because(EBUSY, {.reason = Reason::nd_holders_full, .a = static_cast<std::uint64_t>(count)});
}

Result<void> show_unit(const Scope& scope, Text& out) {
  out.number(holder_in(scope).unit).put("\n");
  return {};
}
// nd_size_select_store()
Result<void> store_unit(const Scope& scope, std::string_view text) {
  return changing(scope, [&](NdHolderRecord& holder) -> Result<void> {
    if (holder.bound != 0) {
      return refuse_bound(scope, holder);
    }
    const auto bytes = parse_unsigned(text, 0);
    return bytes ? dax::nd::set_unit(holder, *bytes) : tl::unexpected(bytes.error());
  });
}
Result<void> show_sectors(const Scope& scope, Text& out) {
  for (const std::uint64_t size : {512U, 520U, 528U, 4096U, 4104U, 4160U, 4224U}) {
    const bool chosen = size == holder_in(scope).unit;
    out.put(chosen ? "[" : "").number(size).put(chosen ? "] " : " ");
  }
  out.put("\n");
  return {};
}

struct PagesWord {
  std::string_view text;
  NdPages pages;
};
constexpr PagesWord kPages[] = {{"pmem", NdPages::pmem}, {"ram", NdPages::ram}, {"none", NdPages::none}};

Result<void> show_mode(const Scope& scope, Text& out) {
  for (const PagesWord& word : kPages) {
    if (word.pages == holder_in(scope).pages) {
      out.put(word.text).put("\n");
    }
  }
  return {};
}
// mode_store() compares all bytes written but the last, whatever that is: "r" is as good as "pmem".
Result<void> store_mode(const Scope& scope, std::string_view text) {
  return changing(scope, [&](NdHolderRecord& holder) -> Result<void> {
    if (holder.bound != 0) {
      return refuse_bound(scope, holder);
    }
    const std::size_t compared = scope.written.empty() ? 0 : scope.written.size() - 1;
    for (const PagesWord& word : kPages) {
      TextBuffer<8> line;
      line.put(word.text).put("\n");
      const std::string_view asked = text.substr(0, compared); // as strncmp() does
      if (asked == word.text.substr(0, compared) || asked == line.view().substr(0, compared)) {
        return dax::nd::set_pages(holder, word.pages);
      }
    }
    return trace::because(EINVAL, Reason::word_unknown);
  });
}

Result<void> show_namespace(const Scope& scope, Text& out) {
  if (holder_in(scope).holds != 0) {
    namespace_name(namespace_scope(scope), out);
  }
  out.put("\n");
  return {};
}
// nd_namespace_store(): trimmed at its end only.
Result<void> store_namespace(const Scope& scope, std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  return changing(scope, [&](NdHolderRecord& holder) -> Result<void> {
    if (holder.bound != 0) {
      return refuse_bound(scope, holder);
    }
    if (text.empty()) {
      return dax::nd::detach(*scope.region, holder);
    }
    if (!text.starts_with("namespace")) {
      return trace::because(EINVAL, Reason::nd_namespace_unknown);
    }
    if (holder.holds != 0) {
      return trace::because(EBUSY, Reason::nd_namespace_set);
    }
    Result<void> attached = trace::because(ENODEV, Reason::nd_namespace_unknown);
    each_namespace(scope, [&](std::string_view name, const Scope& space) {
      if (name == text) {
        attached = dax::nd::attach(*scope.store, *space.region, holder);
      }
      return name != text;
    });
    return attached;
  });
}

Result<void> show_uuid(const Scope& scope, Text& out) {
  const NdHolderRecord& holder = holder_in(scope);
  if (holder.has_uuid != 0) {
    put_nd_uuid(holder.uuid, out);
  }
  out.put("\n");
  return {};
}
// nd_uuid_store()
Result<void> store_uuid(const Scope& scope, std::string_view text) {
  return changing(scope, [&](NdHolderRecord& holder) -> Result<void> {
    if (holder.bound != 0) {
      return refuse_bound(scope, holder);
    }
    const auto uuid = parse_uuid(text);
    return uuid ? dax::nd::set_uuid(holder, *uuid) : trace::because(uuid.error().value, Reason::no_uuid);
  });
}

// Of what is not bound nobody knows where the data is.
Result<void> show_resource(const Scope& scope, Text& out) {
  const NdHolderRecord& holder = holder_in(scope);
  if (holder.bound == 0) {
    return fail(ENXIO);
  }
  const store::RegionRecord& space = *namespace_scope(scope).region;
  out.hex(space.phys_start + dax::nd::data_begin(space, space.nd.info)).put("\n");
  return {};
}
Result<void> show_size(const Scope& scope, Text& out) {
  const NdHolderRecord& holder = holder_in(scope);
  if (holder.bound == 0) {
    return fail(ENXIO);
  }
  const store::RegionRecord& space = *namespace_scope(scope).region;
  out.number(holder.kind == NdKind::btt ? dax::nd::disk_shape(*scope.store, space).size
                                        : dax::nd::data_size(space, space.nd.info))
      .put("\n");
  return {};
}
Result<void> show_devtype(const Scope& scope, Text& out) {
  out.put(nd_devtype(holder_in(scope).kind)).put("\n");
  return {};
}
Result<void> show_modalias(const Scope& scope, Text& out) {
  out.put(nd_modalias(*scope.region, holder_in(scope).kind)).put("\n");
  return {};
}

bool is_bound(const Scope& scope) {
  return holder_in(scope).bound != 0;
}
bool is_dax(const Scope& scope) {
  return holder_in(scope).kind == NdKind::dax;
}
bool has_own_disk(const Scope& scope) {
  return is_bound(scope) && !is_dax(scope);
}
void driver_path(const Scope& scope, Text& out) {
  out.put("/sys/bus/nd/drivers/").put(nd_driver(holder_in(scope).kind));
}
// The devices of the region hang below whichever dax is bound.
void each_own_device(const Scope& scope, Members members) {
  if (is_bound(scope) && is_dax(scope)) {
    each_device(namespace_scope(scope), members);
  }
}
void each_own_group(const Scope& scope, Members members) {
  if (is_bound(scope) && is_dax(scope)) {
    members("dax_region", namespace_scope(scope));
  }
}

constexpr NodeSpec kBttNodes[] = {
    directory("block", kHolderDisks, has_own_disk),
    attribute("devtype", 0444, show_devtype),
    link("driver", driver_path, is_bound),
    attribute("log_zero_flags", 0444, constant<"Y">),
    attribute("modalias", 0444, show_modalias),
    attribute("namespace", 0644, show_namespace, store_namespace),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("sector_size", 0644, show_sectors, store_unit),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, nd_holder_variables, store_uevent),
    attribute("uuid", 0644, show_uuid, store_uuid),
};

constexpr NodeSpec kPfnNodes[] = {
    attribute("align", 0644, show_unit, store_unit),
    directory("block", kHolderDisks, has_own_disk),
    attribute("devtype", 0444, show_devtype),
    link("driver", driver_path, is_bound),
    attribute("modalias", 0444, show_modalias),
    attribute("mode", 0644, show_mode, store_mode),
    attribute("namespace", 0644, show_namespace, store_namespace),
    attribute("numa_node", 0444, show_nd_numa_node),
    attribute("resource", 0400, show_resource),
    attribute("size", 0444, show_size),
    link("subsystem", fixed_target<"/sys/bus/nd">),
    attribute("supported_alignments", 0444, constant<"4096 2097152 1073741824 ">),
    attribute("target_node", 0444, show_nd_target_node, nullptr, has_nd_target_node),
    attribute("uevent", 0644, nd_holder_variables, store_uevent),
    attribute("uuid", 0644, show_uuid, store_uuid),
};
constexpr Family kPfnFamilies[] = {
    {each_own_device, directory("", kDaxDevice)},
    {each_own_group, directory("", kDaxRegion)},
};

} // namespace

Result<void> nd_holder_variables(const Scope& scope, Text& out) {
  const NdHolderRecord& holder = holder_in(scope);
  out.put("DEVTYPE=").put(nd_devtype(holder.kind)).put("\n");
  if (holder.bound != 0) {
    out.put("DRIVER=").put(nd_driver(holder.kind)).put("\n");
  }
  out.put("MODALIAS=").put(nd_modalias(*scope.region, holder.kind)).put("\n");
  return {};
}

constinit const Directory kNdBtt = {kBttNodes};
constinit const Directory kNdPfn = {kPfnNodes, kPfnFamilies};

} // namespace daxemu::sysfs
