// What the drivers of the nd bus do: nd_pmem with a namespace, a pfn or a btt, dax_pmem with a dax, nd_region with a
// region.
#include "emu/base/units.hpp"
#include "emu/dax/nd/btt.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_holders.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::dax::nd {
namespace {

using store::NdPages;
using store::NdRegionRecord;
using trace::because;
using trace::Reason;

constexpr std::uint64_t kLeastNamespace = kPageSize; // ND_MIN_NAMESPACE_SIZE

// nvdimm_namespace_common_probe(): too small, or without the uuid that it was to be given.
tl::unexpected<Errno> refuse_unready(const RegionRecord& space) {
  return space.size < kLeastNamespace ? because(ENODEV, {.reason = Reason::nd_too_small, .a = space.size})
                                      : because(ENODEV, Reason::nd_no_uuid);
}

// nd_pfn_validate(): is the data where struct pages can be for it?
Result<void> check_place(const RegionRecord& space, const store::NdInfoBlock& info) {
  if (info.align == 0) {
    return because(EOPNOTSUPP, Reason::nd_info_differs);
  }
  if ((space.phys_start + info.start_pad) % kPmdSize != 0 || data_begin(space, info) + info.align > space.size) {
    return because(EOPNOTSUPP, {.reason = Reason::nd_misplaced, .a = space.phys_start + info.start_pad});
  }
  return {};
}

// The same of what holds the namespace. ENODEV: there is no info block of this uuid.
Result<void> validate(const RegionRecord& space, const NdHolderRecord& holder) {
  const store::NdInfoBlock& info = space.nd.info;
  if (info.kind != holder.kind || info.uuid != holder.uuid) {
    return fail(ENODEV);
  }
  return info.align == holder.unit && info.pages == holder.pages ? check_place(space, info)
                                                                 : because(EOPNOTSUPP, Reason::nd_info_differs);
}

// nd_pfn_init()
Result<void> begin_pfn(const store::Store& store, const RegionRecord& region, RegionRecord& space,
                       const NdHolderRecord& holder) {
  if (auto valid = validate(space, holder); valid || valid.error() != Errno{ENODEV}) {
    return valid;
  }
  if (region.nd.read_only == 0 && space.phys_start % kPmdSize != 0) {
    return because(EINVAL, {.reason = Reason::nd_misplaced, .a = space.phys_start});
  }
  if (region.nd.read_only != 0 || holder.pages == NdPages::none ||
      data_offset(space, holder.unit, holder.pages) + holder.unit > space.size) {
    return because(ENXIO, Reason::nd_no_room_for_data);
  }
  space.nd.info = {.kind = holder.kind,
                   .pages = holder.pages,
                   .align = static_cast<std::uint32_t>(holder.unit),
                   .uuid = holder.uuid};
  return put_info(store, space);
}

// nvdimm_namespace_attach_btt(), btt_init(): what lies there is taken whatever its uuid.
Result<void> begin_btt(const store::Store& store, const RegionRecord& region, RegionRecord& space,
                       const NdHolderRecord& holder) {
  if (holder.unit == 0) {
    return because(ENODEV, Reason::nd_no_sectors);
  }
  if (space.nd.parent == 0) {
    return because(EOPNOTSUPP, Reason::nd_block_device); // nobody writes its layout into such memory
  }
  if (const std::uint64_t least = btt_offset(btt_version(space)) + kBttLeastArena; space.size < least) {
    return because(ENXIO, {.reason = Reason::nd_btt_too_small, .a = least});
  }
  if (space.nd.info.kind == NdKind::btt) {
    return {};
  }
  if (region.nd.read_only != 0) {
    return because(ENOMEM, Reason::nd_no_room_for_data);
  }
  space.nd.info = {.kind = NdKind::btt, .align = static_cast<std::uint32_t>(holder.unit), .uuid = holder.uuid};
  return put_info(store, space);
}

// nd_btt_probe(), nd_pfn_probe(), nd_dax_probe(): a holder by what the info block says, and its driver has it.
Result<void> make_holder(const store::Store& store, RegionRecord& region, RegionRecord& space, Bring bring) {
  const store::NdInfoBlock info = space.nd.info;
  NdHolderRecord* holder = add_holder(region, info.kind);
  if (holder == nullptr) {
    return because(ENOMEM, Reason::store_table_full);
  }
  holder->holds = 1;
  holder->space = space.nd.parent == 0 ? 0 : reference_of(store, space);
  holder->has_uuid = 1;
  holder->uuid = info.uuid;
  holder->unit = info.align;
  holder->pages = info.pages;
  if (store.platform().nd_autoprobe_off == 0) {
    (void)bind_holder(store, region, *holder, bring);
  }
  return because(ENXIO, Reason::nd_made_a_holder);
}

} // namespace

Result<void> bind_holder(const store::Store& store, RegionRecord& region, NdHolderRecord& holder, Bring bring) {
  if (holder.bound != 0) {
    return because(EBUSY, Reason::nd_already);
  }
  if (holder.holds == 0) {
    return because(ENODEV, Reason::nd_no_namespace);
  }
  RegionRecord& space = namespace_of(store, region, holder);
  if (is_disk(space)) {
    return because(EBUSY, Reason::nd_raw_is_active); // nvdimm_namespace_common_probe(): the raw personality is active
  }
  if (space.size < kLeastNamespace || (space.nd.parent != 0 && space.nd.has_uuid == 0)) {
    return refuse_unready(space);
  }
  if (holder.has_uuid == 0) {
    return because(ENODEV, Reason::nd_no_uuid);
  }
  auto ready =
      holder.kind == NdKind::btt ? begin_btt(store, region, space, holder) : begin_pfn(store, region, space, holder);
  if (!ready) {
    if (ready.error() == Errno{EOPNOTSUPP}) { // nvdimm_bus_probe: what the driver does not support has been probed, too
      replace_seed(region, holder);
      advance_namespace_seed(store, region, space);
    }
    return ready;
  }
  auto made = holder.kind == NdKind::dax ? add_dax_device(store, space, bring) : attach_disk(store, space);
  if (!made) {
    return made;
  }
  holder.bound = 1;
  space.nd.dax_id = holder.kind == NdKind::dax ? holder.id : space.nd.dax_id;
  replace_seed(region, holder);
  advance_namespace_seed(store, region, space);
  return {};
}

Result<void> unbind_holder(const store::Store& store, RegionRecord& region, NdHolderRecord& holder) {
  if (holder.bound == 0) {
    return because(ENODEV, Reason::nd_not_its_driver);
  }
  RegionRecord& space = namespace_of(store, region, holder);
  if (holder.kind == NdKind::dax) {
    remove_dax_device(store, space);
  } else {
    (void)detach_disk(store, space);
  }
  holder.bound = 0;
  return {};
}

Result<void> bind_namespace(const store::Store& store, RegionRecord& space, Bring bring) {
  NdRegionRecord& nd = space.nd;
  RegionRecord& region = region_of_namespace(store, space);
  if (region.nd.unbound != 0) {
    return because(ENODEV, Reason::nd_region_disabled);
  }
  if (is_disk(space) && disk_holder(store, space) == nullptr) {
    return because(EBUSY, Reason::nd_already);
  }
  if (holder_of_namespace(store, space) != nullptr) {
    return because(ENXIO, Reason::nd_has_holder);
  }
  if (space.size < kLeastNamespace || (nd.parent != 0 && nd.has_uuid == 0)) {
    return refuse_unready(space);
  }
  if (nd.force_raw == 0 && nd.info.kind != NdKind::none && admits(nd.holder_class, nd.info.kind)) {
    if (nd.info.kind != NdKind::btt) {
      if (auto placed = check_place(space, nd.info); !placed) {
        advance_namespace_seed(store, region, space);
        return placed; // nd_pfn_probe(), nd_dax_probe(): nobody takes it
      }
    }
    return make_holder(store, region, space, bring);
  }
  auto attached = attach_disk(store, space);
  if (attached) {
    advance_namespace_seed(store, region, space);
  }
  return attached;
}

Result<void> bind_region(const store::Store& store, RegionRecord& region) {
  NdRegionRecord& nd = region.nd;
  if (nd.unbound == 0) {
    return because(EBUSY, Reason::nd_already);
  }
  nd.unbound = 0;
  add_seeds(region);
  if (store.platform().nd_autoprobe_off == 0) {
    (void)bind_namespace(store, region);
  }
  return {};
}

Result<void> unbind_region(const store::Store& store, RegionRecord& region) {
  NdRegionRecord& nd = region.nd;
  if (nd.unbound != 0) {
    return because(ENODEV, Reason::nd_not_its_driver);
  }
  for (NdHolderRecord& holder : nd.holders) {
    (void)unbind_holder(store, region, holder);
    holder = {};
  }
  (void)detach_disk(store, region);
  for (RegionRecord& space : store.regions()) {
    if (is_namespace_of(store, region, space)) {
      (void)detach_disk(store, space);
      space.used.store(0, std::memory_order_release);
    }
  }
  nd.namespace_seed = 0;
  nd.seeds = {};
  nd.force_raw = 0;
  nd.holder_class = NdKind::none;
  nd.unbound = 1;
  return {};
}

} // namespace daxemu::dax::nd
