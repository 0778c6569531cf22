#include "emu/dax/nd/nd.hpp"

#include <algorithm>
#include <array>

#include "emu/base/units.hpp"
#include "emu/dax/bind.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/trace/why.hpp"

namespace daxemu::dax::nd {
namespace {

using store::NdPages;
using store::NdRegionRecord;
using trace::because;
using trace::Reason;

constexpr std::uint64_t kLeastNamespace = kPageSize;  // ND_MIN_NAMESPACE_SIZE
constexpr std::uint64_t kDefaultNdAlign = 16U << 20U; // MEMREMAP_COMPAT_ALIGN_MAX
constexpr std::array<std::uint64_t, 3> kExtents = {kPageSize, kPmdSize, kPudSize};
constexpr std::array<std::uint64_t, 7> kSectors = {512, 520, 528, 4096, 4104, 4160, 4224};

std::uint32_t& seed_of(NdRegionRecord& nd, NdKind kind) {
  return nd.seeds[static_cast<std::size_t>(kind)];
}
std::uint32_t number_of(const NdRegionRecord& nd, const NdHolderRecord& holder) {
  return static_cast<std::uint32_t>(&holder - nd.holders.data()) + 1;
}

// A new bttX.Y, pfnX.Y or daxX.Y with the lowest free number of its kind; nullptr: the table is full.
NdHolderRecord* add_holder(RegionRecord& region, NdKind kind) {
  std::array<NdHolderRecord, store::kMaxNdHolders>& holders = region.nd.holders;
  const auto place = std::find_if(holders.begin(), holders.end(),
                                  [](const NdHolderRecord& holder) { return holder.kind == NdKind::none; });
  if (place == holders.end()) {
    return nullptr;
  }
  std::uint32_t id = 0;
  while (std::any_of(holders.begin(), holders.end(),
                     [&](const NdHolderRecord& holder) { return holder.kind == kind && holder.id == id; })) {
    ++id;
  }
  *place = {.kind = kind, .id = id, .unit = kind == NdKind::btt ? 0 : kPmdSize};
  return &*place;
}

void add_seed(RegionRecord& region, NdKind kind) {
  if (NdHolderRecord* seed = add_holder(region, kind); seed != nullptr) {
    seed_of(region.nd, kind) = number_of(region.nd, *seed);
  }
}

// What nobody chose yet: uuid and place of struct pages go with whoever had the namespace, the extent stays.
void reset(NdHolderRecord& holder) {
  holder.has_uuid = 0;
  holder.uuid = {};
  holder.pages = NdPages::none;
  if (holder.kind == NdKind::btt) {
    holder.unit = 0;
  }
}

// nvdimm_namespace_common_probe(): too small, or without the uuid that it was to be given.
tl::unexpected<Errno> refuse_unready(const RegionRecord& space) {
  return space.size < kLeastNamespace ? because(ENODEV, {.reason = Reason::nd_too_small, .a = space.size})
                                      : because(ENODEV, Reason::nd_no_uuid);
}

// nd_pfn_validate(). ENODEV: there is no info block of this uuid.
Result<void> validate(const RegionRecord& region, const NdHolderRecord& holder) {
  const store::NdInfoBlock& info = region.nd.info;
  if (info.present == 0 || info.uuid != holder.uuid) {
    return fail(ENODEV);
  }
  return info.align == holder.unit && info.pages == holder.pages ? Result<void>()
                                                                 : because(EOPNOTSUPP, Reason::nd_info_differs);
}

// nd_pfn_init()
Result<void> write_info(const store::Store& store, const RegionRecord& region, RegionRecord& space,
                        const NdHolderRecord& holder) {
  if (region.nd.read_only != 0 || holder.pages == NdPages::none ||
      data_offset(space, holder.unit, holder.pages) + holder.unit > space.size) {
    return because(ENXIO, Reason::nd_no_room_for_data);
  }
  space.nd.info = {.present = 1, .pages = holder.pages, .align = holder.unit, .uuid = holder.uuid};
  return put_info(store, space);
}

} // namespace

void begin(const store::Store& store, RegionRecord& region, std::uint32_t device,
           const std::optional<store::Uuid>& uuid) {
  NdRegionRecord& nd = region.nd;
  nd = {};
  nd.device = device + 1;
  // default_align() says 16M; where that does not divide the region, whoever made the namespace had to choose
  // less.
  nd.align = region.size % kDefaultNdAlign == 0 ? kDefaultNdAlign : kPmdSize;
  nd.holder_class = NdKind::dax;
  add_seed(region, NdKind::btt);
  add_seed(region, NdKind::pfn);
  NdHolderRecord* dax = add_holder(region, NdKind::dax);
  dax->unit = region.align;
  dax->pages = NdPages::ram;
  dax->uuid = uuid ? *uuid : new_uuid(store, region);
  dax->has_uuid = 1;
  dax->holds = 1;
  dax->bound = 1;
  nd.dax_id = dax->id;
  nd.info = {.present = 1, .pages = dax->pages, .align = dax->unit, .uuid = dax->uuid};
  add_seed(region, NdKind::dax);
}

NdHolderRecord* holder_of_namespace(const store::Store& store, const RegionRecord& space) {
  const std::uint32_t number = space.nd.parent == 0 ? 0 : reference_of(store, space);
  for (NdHolderRecord& holder :
       store.region_table()[reference_of(store, region_of_namespace(store, space)) - 1].nd.holders) {
    if (holder.kind != NdKind::none && holder.holds != 0 && holder.space == number) {
      return &holder;
    }
  }
  return nullptr;
}

bool is_seed(const RegionRecord& region, const NdHolderRecord& holder) {
  return region.nd.seeds[static_cast<std::size_t>(holder.kind)] == number_of(region.nd, holder);
}

void replace_seed(RegionRecord& region, const NdHolderRecord& holder) {
  if (is_seed(region, holder)) {
    add_seed(region, holder.kind);
  }
}

void advance_namespace_seed(const store::Store& store, RegionRecord& region, const RegionRecord& used) {
  if (region.nd.labelled != 0 && region.nd.namespace_seed == reference_of(store, used)) {
    const RegionRecord* next = add_namespace(store, region, 0, 0);
    region.nd.namespace_seed = next == nullptr ? 0 : reference_of(store, *next);
  }
}

std::uint64_t data_offset(const RegionRecord& region, std::uint64_t align, NdPages pages) {
  constexpr std::uint64_t kInfoBlock = 8192;
  constexpr std::uint64_t kStructPage = 64;
  std::uint64_t before = kInfoBlock;
  if (pages == NdPages::pmem) {
    before += kStructPage * ((region.size - kInfoBlock) >> kPageShift);
  }
  return align_up(region.phys_start + before, std::max(align, kPmdSize)) - region.phys_start;
}

Result<void> set_unit(NdHolderRecord& holder, std::uint64_t bytes) {
  if (holder.bound != 0) {
    return because(EBUSY, Reason::nd_is_bound);
  }
  const bool known = holder.kind == NdKind::btt ? std::find(kSectors.begin(), kSectors.end(), bytes) != kSectors.end()
                                                : std::find(kExtents.begin(), kExtents.end(), bytes) != kExtents.end();
  if (!known) {
    return because(EINVAL, {.reason = Reason::nd_align_unknown, .a = bytes});
  }
  holder.unit = bytes;
  return {};
}

Result<void> set_pages(NdHolderRecord& holder, NdPages pages) {
  if (holder.bound != 0) {
    return because(EBUSY, Reason::nd_is_bound);
  }
  holder.pages = pages;
  return {};
}

Result<void> set_uuid(NdHolderRecord& holder, const store::Uuid& uuid) {
  if (holder.bound != 0) {
    return because(EBUSY, Reason::nd_is_bound);
  }
  holder.uuid = uuid;
  holder.has_uuid = 1;
  return {};
}

Result<void> attach(const store::Store& store, const RegionRecord& space, NdHolderRecord& holder) {
  const NdKind meant = space.nd.holder_class;
  if (holder.bound != 0 || holder.holds != 0 || (meant != NdKind::none && meant != holder.kind) ||
      holder_of_namespace(store, space) != nullptr) {
    return because(EBUSY, Reason::nd_namespace_claimed);
  }
  holder.space = space.nd.parent == 0 ? 0 : reference_of(store, space);
  holder.holds = 1;
  return {};
}

Result<void> detach(RegionRecord& region, NdHolderRecord& holder) {
  if (holder.bound != 0) {
    return because(EBUSY, Reason::nd_is_bound);
  }
  holder.holds = 0;
  holder.space = 0;
  if (is_seed(region, holder)) {
    reset(holder);
  } else {
    holder = {};
  }
  return {};
}

Result<void> set_holder_class(const store::Store& store, RegionRecord& space, NdKind kind) {
  if (is_disk(space) || holder_of_namespace(store, space) != nullptr) {
    return because(EBUSY, Reason::nd_class_in_use);
  }
  space.nd.holder_class = kind;
  return {};
}

Result<void> bind_dax(const store::Store& store, RegionRecord& region, NdHolderRecord& holder) {
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
  auto valid = validate(space, holder);
  if (!valid && valid.error() == Errno{ENODEV}) {
    valid = write_info(store, region, space, holder);
  }
  if (!valid) {
    if (valid.error() == Errno{EOPNOTSUPP} && is_seed(region, holder)) {
      add_seed(region, NdKind::dax); // nd_bus_probe: what the driver does not support has been probed all the same
    }
    return valid;
  }
  if (auto added = add_dax_device(store, space); !added) {
    return added;
  }
  holder.bound = 1;
  space.nd.dax_id = holder.id;
  if (is_seed(region, holder)) {
    add_seed(region, NdKind::dax);
  }
  advance_namespace_seed(store, region, space);
  return {};
}

Result<void> unbind_dax(const store::Store& store, RegionRecord& region, NdHolderRecord& holder) {
  if (holder.bound == 0) {
    return because(ENODEV, Reason::nd_not_its_driver);
  }
  remove_dax_device(store, namespace_of(store, region, holder));
  holder.bound = 0;
  return {};
}

Result<void> bind_namespace(const store::Store& store, RegionRecord& space) {
  NdRegionRecord& nd = space.nd;
  RegionRecord& region = region_of_namespace(store, space);
  if (region.nd.unbound != 0) {
    return because(ENODEV, Reason::nd_region_disabled);
  }
  if (is_disk(space)) {
    return because(EBUSY, Reason::nd_already);
  }
  if (holder_of_namespace(store, space) != nullptr) {
    return because(ENXIO, Reason::nd_has_holder);
  }
  if (space.size < kLeastNamespace || (nd.parent != 0 && nd.has_uuid == 0)) {
    return refuse_unready(space);
  }
  const bool may_be_dax = nd.holder_class == NdKind::none || nd.holder_class == NdKind::dax;
  if (nd.force_raw != 0 || nd.info.present == 0 || !may_be_dax) {
    auto attached = attach_disk(store, space);
    if (attached) {
      advance_namespace_seed(store, region, space);
    }
    return attached;
  }
  NdHolderRecord* dax = add_holder(region, NdKind::dax); // nd_dax_probe()
  if (dax == nullptr) {
    return because(ENOMEM, Reason::store_table_full);
  }
  dax->holds = 1;
  dax->space = nd.parent == 0 ? 0 : reference_of(store, space);
  dax->has_uuid = 1;
  dax->uuid = nd.info.uuid;
  dax->unit = nd.info.align;
  dax->pages = nd.info.pages;
  if (store.platform().nd_autoprobe_off == 0) {
    (void)bind_dax(store, region, *dax);
  }
  return because(ENXIO, Reason::nd_made_a_holder);
}

void add_seeds(RegionRecord& region) {
  for (const NdKind kind : {NdKind::btt, NdKind::pfn, NdKind::dax}) {
    add_seed(region, kind);
  }
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
    (void)unbind_dax(store, region, holder);
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
