#include "emu/sysfs/uevents/announced_change.hpp"

#include <algorithm>
#include <utility>

#include "emu/cxl/objects.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/region.hpp"
#include "emu/nd/share/stretches.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/families/nd_objects.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/schema/uevent_variables.hpp"
#include "emu/sysfs/uevents/memory_uevents.hpp"
#include "emu/sysfs/uevents/uevent.hpp"

namespace daxemu::sysfs {
namespace {

using store::DeviceState;
using store::NdKind;

bool has_driver(DeviceState state) {
  return dax::driver_of(state) != nullptr;
}

void say(const Scope& scope, std::string_view action, std::string_view path, std::string_view subsystem,
         Show variables) {
  TextBuffer<512> lines;
  (void)variables(scope, lines);
  announce(*scope.store, {.action = action, .path = path, .subsystem = subsystem, .variables = lines.view()});
}

void say_device(const store::Store& store, store::DeviceRecord& device, std::string_view action) {
  const Scope scope{.store = &store, .region = &store.region_of(device), .device = &device};
  PathText path;
  device_path(scope, path);
  say(scope, action, path.view(), "dax", dax_device_variables);
}

void say_region(const Scope& region, std::string_view action, bool bound) {
  PathText path;
  region_path(region, path);
  TextBuffer<128> lines;
  lines.put("DEVTYPE=nd_pmem\n").put(bound ? "DRIVER=nd_region\n" : "").put("MODALIAS=nd:t2\n");
  announce(*region.store, {.action = action, .path = path.view(), .subsystem = "nd", .variables = lines.view()});
}

void say_namespace(const Scope& region, std::string_view action) {
  PathText path;
  region_path(region, path);
  path.put("/");
  namespace_name(region, path);
  say(region, action, path.view(), "nd", nd_namespace_variables);
}

// Of a holder that may be gone: by its kind and number.
void say_holder(const Scope& region, NdKind kind, std::uint32_t id, bool bound, std::string_view action) {
  PathText path;
  region_path(region, path);
  path.put("/").put(nd_devtype(kind).substr(3)).number(region.region->id).put(".").number(id); // "nd_dax"
  TextBuffer<128> lines;
  lines.put("DEVTYPE=")
      .put(nd_devtype(kind))
      .put("\n")
      .put(bound ? "DRIVER=" : "")
      .put(bound ? nd_driver(kind) : "")
      .put(bound ? "\n" : "");
  lines.put("MODALIAS=").put(nd_modalias(*region.region, kind)).put("\n");
  announce(*region.store, {.action = action, .path = path.view(), .subsystem = "nd", .variables = lines.view()});
}

} // namespace

Presence::Presence(const store::Store& store) {
  const auto devices = store.devices();
  for (std::size_t at = 0; at < std::min(devices.size(), devices_.size()); ++at) {
    devices_[at] = static_cast<std::uint8_t>(devices[at].state.load(std::memory_order_acquire));
  }
  const auto regions = store.regions();
  for (std::size_t at = 0; at < std::min(regions.size(), regions_.size()); ++at) {
    const store::NdRegionRecord& nd = regions[at].nd;
    NdRegion& region = regions_[at];
    const bool of_nd = regions[at].kind == store::RegionKind::pmem && regions[at].used.load() != 0;
    region.present = of_nd && nd.parent == 0;
    region.space = of_nd && nd.parent != 0;
    region.labelled = nd.labelled != 0;
    region.bound = nd.unbound == 0;
    region.disk = nd.disk;
    if (const auto* owner = dax::nd::disk_holder(store, regions[at])) {
      region.owner = {owner->kind, owner->id, true};
    }
    for (std::size_t which = 0; region.present && which < region.holders.size(); ++which) {
      const store::NdHolderRecord& holder = nd.holders[which];
      region.holders[which] = {holder.kind, holder.id, holder.bound != 0};
    }
  }
  const std::span<cxl::CxlMemdevRecord> memdevs = cxl::memdevs(store);
  for (std::size_t at = 0; at < std::min(memdevs.size(), store::kMaxCxlMemdevs); ++at) {
    const cxl::CxlMemdevRecord& memdev = memdevs[at];
    dimms_[at] = {memdev.used == 0 ? 0 : memdev.dimm, memdev.dimm_unbound == 0};
  }
  std::size_t next = store::kMaxCxlMemdevs;
  nd::each_nfit_dimm(store, [&](const nd::Dimm& dimm) {
    dimms_[next++] = {dimm.number() + 1, dimm.is_bound()};
    return true;
  });
}

// Of a disk that may be gone, as its owner may be: by its number and theirs. What nd_pmem has is bound, and let go of,
// around it; of holders that is said where the others are.
void Presence::say_disk(const Scope& space, const NdRegion& had, bool comes) {
  const store::RegionRecord& record = *space.region;
  NameText name;
  name.put("pmem").number(record.id);
  if (record.nd.namespace_id != 0) {
    name.put(".").number(record.nd.namespace_id);
  }
  name.put(had.owner.kind == NdKind::btt ? "s" : "");
  PathText path;
  region_path(space, path);
  path.put("/");
  if (had.owner.kind == NdKind::none) {
    namespace_name(space, path);
  } else {
    path.put(nd_devtype(had.owner.kind).substr(3)).number(record.id).put(".").number(had.owner.id);
  }
  path.put("/block/").put(name.view());
  TextBuffer<128> lines;
  lines.put("MAJOR=").number(kDiskMajor).put("\nMINOR=").number(disk_minor(record)).put("\nDEVNAME=");
  lines.put(name.view()).put("\nDEVTYPE=disk\nDISKSEQ=").number(had.disk).put("\n");
  announce(*space.store,
           {.action = comes ? "add" : "remove", .path = path.view(), .subsystem = "block", .variables = lines.view()});
  if (had.owner.kind == NdKind::none) {
    say_namespace(space, comes ? "bind" : "unbind");
  }
}

// Disks of holders, or those that are raw, which are new or gone; those that go with their region are said there.
void Presence::announce_disks(const Presence& before, const store::Store& store, bool comes, bool of_holders) const {
  const auto regions = store.regions();
  for (std::size_t at = 0; at < std::min(regions.size(), regions_.size()); ++at) {
    const NdRegion& had = comes ? regions_[at] : before.regions_[at];
    const bool changed = had.disk != 0 && regions_[at].disk != before.regions_[at].disk;
    const bool is_raw = had.owner.kind == NdKind::none;
    const bool stays = comes || of_holders || (had.space && regions_[at].space);
    if (changed && is_raw != of_holders && stays) {
      say_disk(Scope{.store = &store, .region = &regions[at]}, had, comes);
    }
  }
}

// Holders let go and leave, the bound ones first; then the disk, the namespace and the region.
void Presence::announce_gone(const Presence& before, const Scope& region, std::size_t index) const {
  const NdRegion& was = before.regions_[index];
  const NdRegion& is = regions_[index];
  for (const bool bound : {true, false}) {
    for (std::size_t at = 0; at < was.holders.size(); ++at) {
      const NdHolder& old = was.holders[at];
      const NdHolder& now = is.holders[at];
      if (old.kind == NdKind::none || old.bound != bound) {
        continue;
      }
      const bool left = now.kind != old.kind || now.id != old.id;
      if (old.bound && (left || !now.bound)) {
        say_holder(region, old.kind, old.id, false, "unbind");
      }
      if (left) {
        say_holder(region, old.kind, old.id, false, "remove");
      }
    }
  }
  if (was.disk != 0 && was.owner.kind == NdKind::none && is.disk != was.disk) {
    say_disk(region, was, false);
  }
  if (was.bound && !is.bound) {
    if (was.labelled) {
      announce_spaces(before, region, "remove");
    } else {
      say_namespace(region, "remove");
    }
    say_region(region, "unbind", false);
  }
  if (was.present && !is.present) {
    say_region(region, "remove", false);
  }
}

// Namespaces of a region with labels that are new, or gone, the disks of the latter before them.
void Presence::announce_spaces(const Presence& before, const Scope& region, std::string_view action) const {
  const auto regions = region.store->regions();
  const bool adds = action == "add";
  for (std::size_t at = 0; at < std::min(regions.size(), regions_.size()); ++at) {
    const NdRegion& was = before.regions_[at];
    const NdRegion& is = regions_[at];
    const bool changed = adds ? is.space && !was.space : was.space && !is.space;
    if (changed && regions[at].nd.parent == dax::nd::reference_of(*region.store, *region.region)) {
      const Scope space{.store = region.store, .region = &regions[at]};
      if (!adds && was.disk != 0 && was.owner.kind == NdKind::none) {
        say_disk(space, was, false);
      }
      say_namespace(space, action);
    }
  }
}

// DIMMs, by the numbers they had.
void Presence::announce_dimms(const Presence& before, const store::Store& store, bool comes) const {
  const Scope scope{.store = &store};
  for (std::size_t at = 0; at < dimms_.size(); ++at) {
    const Dimm& was = before.dimms_[at];
    const Dimm& is = dimms_[at];
    const auto say_dimm = [&](std::uint32_t number, bool bound, std::string_view action) {
      PathText path;
      if (at < store::kMaxCxlMemdevs) {
        cxl_nd_bus_path(scope, path);
      } else {
        nfit_bus_path(scope, path);
      }
      path.put("/nmem").number(number - 1);
      TextBuffer<192> lines;
      lines.put("MAJOR=").number(dimm_major(store)).put("\nMINOR=").number(number - 1);
      lines.put("\nDEVNAME=nmem").number(number - 1).put("\nDEVTYPE=nvdimm\n");
      lines.put(bound ? "DRIVER=nvdimm\n" : "").put("MODALIAS=nd:t1\n");
      announce(store, {.action = action, .path = path.view(), .subsystem = "nd", .variables = lines.view()});
    };
    const bool same = was.number == is.number;
    if (!comes && was.number != 0) {
      if (was.bound && !(same && is.bound)) {
        say_dimm(was.number, false, "unbind");
      }
      if (!same) {
        say_dimm(was.number, false, "remove");
      }
    }
    if (comes && is.number != 0) {
      if (!same) {
        say_dimm(is.number, false, "add");
      }
      if (is.bound && !(same && was.bound)) {
        say_dimm(is.number, true, "bind");
      }
    }
  }
}

// New holders, either those a region or namespace begins with, or the next seeds.
void Presence::announce_come(const Presence& before, const Scope& region, std::size_t index, bool seeds) const {
  const NdRegion& was = before.regions_[index];
  const NdRegion& is = regions_[index];
  for (std::size_t at = 0; at < is.holders.size(); ++at) {
    const NdHolder& now = is.holders[at];
    const NdHolder& old = was.holders[at];
    const bool is_new = now.kind != NdKind::none && (now.kind != old.kind || now.id != old.id);
    const bool is_next_seed = was.bound && !now.bound;
    if (is_new && is_next_seed == seeds) {
      say_holder(region, now.kind, now.id, now.bound, "add");
    }
  }
}

void Presence::announce_since(const Presence& before, const store::Store& store) const {
  const auto devices = store.devices();
  const std::size_t device_count = std::min(devices.size(), devices_.size());
  for (std::size_t at = 0; at < device_count; ++at) {
    const auto was = static_cast<DeviceState>(before.devices_[at]);
    const auto is = static_cast<DeviceState>(devices_[at]);
    if (was != is && has_driver(was)) {
      if (was == DeviceState::system_ram && devices[at].kmem_state != store::KmemState::unplugged) {
        announce_memory(store, devices[at], "remove");
      }
      say_device(store, devices[at], "unbind");
    }
    if (was != is && is == DeviceState::absent) {
      say_device(store, devices[at], "remove");
    }
  }
  announce_dimms(before, store, false);
  announce_dimms(before, store, true);
  const auto regions = store.regions();
  const auto each_region = [&](auto&& action) {
    for (std::size_t at = 0; at < std::min(regions.size(), regions_.size()); ++at) {
      if (regions_[at].present || before.regions_[at].present) {
        action(Scope{.store = &store, .region = &regions[at]}, at);
      }
    }
  };
  announce_disks(before, store, false, true);
  announce_disks(before, store, false, false);
  each_region([&](const Scope& region, std::size_t at) {
    announce_gone(before, region, at);
    const NdRegion& is = regions_[at];
    if (is.present && !before.regions_[at].present) {
      say_region(region, "add", false);
    }
    const bool binds = is.bound && !(before.regions_[at].present && before.regions_[at].bound);
    if (is.present && binds) {
      say_region(region, "bind", true);
      if (!is.labelled) {
        say_namespace(region, "add");
      }
    }
    if (is.labelled) { // others than those that went with their region
      announce_spaces(before, region, "add");
      if (is.bound && before.regions_[at].bound) {
        announce_spaces(before, region, "remove");
      }
    }
    announce_come(before, region, at, false);
  });
  for (std::size_t at = 0; at < device_count; ++at) {
    const auto was = static_cast<DeviceState>(before.devices_[at]);
    const auto is = static_cast<DeviceState>(devices_[at]);
    if (was != is && was == DeviceState::absent) {
      say_device(store, devices[at], "add");
    }
    if (was != is && has_driver(is)) {
      if (is == DeviceState::system_ram) {
        announce_memory(store, devices[at], "add");
        announce_online(store, devices[at]);
      }
      say_device(store, devices[at], "bind");
    }
  }
  announce_disks(before, store, true, true);
  each_region([&](const Scope& region, std::size_t at) {
    for (std::size_t which = 0; which < regions_[at].holders.size(); ++which) {
      const NdHolder& now = regions_[at].holders[which];
      const NdHolder& old = before.regions_[at].holders[which];
      if (now.bound && !(old.bound && old.kind == now.kind && old.id == now.id)) {
        say_holder(region, now.kind, now.id, true, "bind");
      }
    }
    announce_come(before, region, at, true);
  });
  announce_disks(before, store, true, false);
}

AnnouncedChange::AnnouncedChange(const store::Store& store, dax::Change change)
    : store_(&store), change_(std::move(change)), before_(store) {}

AnnouncedChange::AnnouncedChange(AnnouncedChange&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)), change_(std::move(other.change_)), before_(other.before_) {}

Result<AnnouncedChange> AnnouncedChange::begin(const store::Store& store) {
  auto change = dax::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  nd::settle_claims(store);
  nd::forget_lost_claims(store);
  return AnnouncedChange(store, std::move(*change));
}

AnnouncedChange::~AnnouncedChange() {
  if (store_ != nullptr) {
    Presence(*store_).announce_since(before_, *store_);
  }
}

} // namespace daxemu::sysfs
