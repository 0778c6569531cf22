#include "emu/dax/nd/nd.hpp"

#include <algorithm>
#include <array>

#include "emu/base/units.hpp"
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

constexpr std::uint64_t kDefaultNdAlign = 16U << 20U; // MEMREMAP_COMPAT_ALIGN_MAX
constexpr std::uint64_t kLeastHosting = 16U << 20U;   // nd_namespace_store()
constexpr std::array<std::uint64_t, 3> kExtents = {kPageSize, kPmdSize, kPudSize};
constexpr std::array<std::uint64_t, 7> kSectors = {512, 520, 528, 4096, 4104, 4160, 4224};

std::uint32_t& seed_of(NdRegionRecord& nd, NdKind kind) {
  return nd.seeds[static_cast<std::size_t>(kind)];
}
std::uint32_t number_of(const NdRegionRecord& nd, const NdHolderRecord& holder) {
  return static_cast<std::uint32_t>(&holder - nd.holders.data()) + 1;
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

} // namespace

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
  nd.info = {
      .kind = NdKind::dax, .pages = dax->pages, .align = static_cast<std::uint32_t>(dax->unit), .uuid = dax->uuid};
  add_seed(region, NdKind::dax);
}

bool admits(NdKind meant, NdKind kind) {
  return meant == NdKind::none || (meant == NdKind::btt2 ? NdKind::btt : meant) == kind;
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

std::uint64_t data_begin(const RegionRecord& space, const store::NdInfoBlock& info) {
  return info.start_pad + data_offset(space, info.align, info.pages);
}

std::uint64_t data_size(const RegionRecord& space, const store::NdInfoBlock& info) {
  const std::uint64_t end = align_down(space.phys_start + space.size, std::max<std::uint64_t>(info.align, kPmdSize));
  const std::uint64_t begin = space.phys_start + data_begin(space, info);
  return end > begin ? end - begin : 0;
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
  const bool taken = holder.bound != 0 || holder.holds != 0 || !admits(meant, holder.kind);
  if (!taken && space.size < kLeastHosting) {
    return because(ENXIO, {.reason = Reason::nd_too_small_to_host, .a = space.size});
  }
  if (taken || holder_of_namespace(store, space) != nullptr) {
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

void add_seeds(RegionRecord& region) {
  for (const NdKind kind : {NdKind::btt, NdKind::pfn, NdKind::dax}) {
    add_seed(region, kind);
  }
}

} // namespace daxemu::dax::nd
