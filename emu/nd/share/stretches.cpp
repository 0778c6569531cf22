#include "emu/nd/share/stretches.hpp"

#include <algorithm>
#include <optional>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/device/device_bytes.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/nd/media/cxl_ways.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/nd/media/stripes.hpp"

namespace daxemu::nd {
namespace {

// None when it has left: its number may be another's by now, and programs of its may still be there.
std::uint64_t own_bit(const store::Store& store) {
  const std::uint32_t member = store.cxl().share_member;
  return member < kMaxShareMembers ? 1ULL << member : 0;
}

// Byte `offset` of a region is the first one. Nothing: it is within a granule, or a target is missing.
std::optional<StretchKey> key_of(const store::Store& store, const store::CxlRegionRecord& region,
                                 std::uint64_t offset) {
  const Stripes stripes(region.ways, region.granularity);
  const std::uint64_t first = stripes.position_of(offset);
  StretchKey key;
  key.ways = static_cast<std::uint32_t>(stripes.ways);
  key.granularity = stripes.ways == 1 ? 0 : static_cast<std::uint32_t>(stripes.granularity);
  if (stripes.ways != 1 && offset % stripes.granularity != 0) {
    return std::nullopt;
  }
  for (std::uint64_t at = 0; at < stripes.ways; ++at) {
    const std::uint64_t position = (first + at) % stripes.ways;
    const CxlWay way = way_of(store, region, static_cast<std::uint32_t>(position));
    if (way.memdev == nullptr) {
      return std::nullopt;
    }
    const std::size_t own = static_cast<std::size_t>(way.memdev - store.cxl().state.memdevs.data()) + 1;
    key.memdevs[at] =
        way.memdev->share_number != 0 ? way.memdev->share_number : kOwnMemdev | static_cast<std::uint32_t>(own);
    key.starts[at] = way.start + stripes.before(offset, position);
  }
  return key;
}

// What its bytes are in. Errors: ENXIO (the platform has not all of these memdevs).
Result<RegionMedia> media_of_key(const store::Store& store, const StretchKey& key) {
  RegionMedia media;
  media.ways = key.ways;
  media.granularity = key.granularity;
  for (std::size_t at = 0; at < std::min<std::size_t>(key.ways, media.parts.size()); ++at) {
    const store::CxlMemdevRecord* memdev = memdev_of_share(store, key.memdevs[at]);
    if (memdev == nullptr) {
      return fail(ENXIO);
    }
    media.parts[at] = {memdev->bytes_slot, key.starts[at]};
  }
  return media;
}

Result<void> return_to_memdevs(const store::Store& store, const Stretch& stretch, const store::BackingRecord& file) {
  const auto media = media_of_key(store, stretch.key);
  return media ? return_stretch(store, *media, file, stretch.size) : tl::unexpected(media.error());
}

bool overlap(const StretchKey& one, std::uint64_t one_size, const StretchKey& other, std::uint64_t other_size) {
  const Stripes here(one.ways, one.granularity);
  const Stripes there(other.ways, other.granularity);
  for (std::uint64_t mine = 0; mine < here.ways; ++mine) {
    for (std::uint64_t theirs = 0; theirs < there.ways; ++theirs) {
      const bool is_same = one.memdevs[mine] == other.memdevs[theirs] && (one.memdevs[mine] & kOwnMemdev) == 0;
      if (is_same && one.starts[mine] < other.starts[theirs] + there.before(other_size, theirs) &&
          other.starts[theirs] < one.starts[mine] + here.before(one_size, mine)) {
        return true;
      }
    }
  }
  return false;
}

Result<void> set_length(const store::Store& store, const store::BackingSlot& slot, std::uint64_t length, bool empty) {
  const auto file = store.open_file(slot.backing.location.c_str(), O_RDWR | O_CLOEXEC);
  const auto about = file ? sys::fstat(file->get()) : tl::unexpected(file.error());
  if (!about || (empty && !sys::ftruncate(file->get(), 0))) {
    return fail(ENOMEM);
  }
  const bool is_short = empty || static_cast<std::uint64_t>(about->st_size) < length;
  return !is_short || sys::ftruncate(file->get(), length) ? Result<void>() : fail(ENOMEM);
}

// Its bytes are in the memdevs again, and its file is free.
Result<void> dissolve(const store::Store& store, Stretch& stretch, std::size_t number) {
  const store::BackingSlot* slot = slot_of_stretch(store, number);
  if (stretch.state == StretchState::device) {
    if (slot == nullptr) {
      return fail(ENOMEM);
    }
    if (auto returned = return_to_memdevs(store, stretch, slot->backing); !returned) {
      return returned;
    }
  }
  stretch = {};
  return slot == nullptr ? Result<void>() : set_length(store, *slot, 0, true);
}

// Has this platform a disk with its first byte there? Of one that a target is missing of nobody knows: it may be.
bool has_disk(const store::Store& store, const StretchKey& key) {
  return std::ranges::any_of(store.regions(), [&](const store::RegionRecord& space) {
    const bool is_there = space.used.load(std::memory_order_acquire) != 0 && dax::nd::is_disk(space);
    const store::CxlRegionRecord* const region = is_there ? cxl_region_of(store, space) : nullptr;
    const auto its = region == nullptr ? std::nullopt : key_of(store, *region, space.phys_start - region->start);
    return region != nullptr && (!its || *its == key);
  });
}

// What this platform has of stretches, and no device or disk of its knows: a changer has died.
void forget_lost(const store::Store& store, ShareState& state) {
  for (std::size_t at = 0; at < state.stretches.size(); ++at) {
    Stretch& stretch = state.stretches[at];
    const store::BackingSlot* slot = slot_of_stretch(store, at);
    if (stretch.state == StretchState::device && slot != nullptr && slot->owner.load() == 0) {
      stretch.members &= ~own_bit(store);
    } else if (stretch.state == StretchState::disk && stretch.members == own_bit(store) &&
               !has_disk(store, stretch.key)) {
      stretch = {};
    }
  }
}

struct StretchPlace {
  std::size_t number = kMaxStretches; // of the stretch of this key, or a free one
  bool is_there = false;
};
// Room for `size` bytes of the key. Those that nobody has any more make way.
Result<StretchPlace> find_stretch(const store::Store& store, ShareState& state, const StretchKey& key,
                                  std::uint64_t size, StretchState wanted) {
  forget_lost(store, state);
  StretchPlace place;
  for (std::size_t at = 0; at < state.stretches.size(); ++at) {
    Stretch& stretch = state.stretches[at];
    const bool is_same = stretch.state == wanted && stretch.key == key;
    const bool is_ours = wanted == StretchState::device || (stretch.members & ~own_bit(store)) == 0;
    if (is_same && is_ours) {
      place = {at, true};
    } else if (stretch.state != StretchState::free && overlap(key, size, stretch.key, stretch.size)) {
      if (stretch.members != 0) {
        return fail(EBUSY);
      }
      if (auto dissolved = dissolve(store, stretch, at); !dissolved) {
        return fail(dissolved.error().value == ENXIO ? EBUSY : dissolved.error().value);
      }
    }
    if (stretch.state == StretchState::free && !place.is_there && place.number == kMaxStretches) {
      place.number = at;
    }
  }
  return place.number == kMaxStretches ? Result<StretchPlace>(fail(ENOMEM)) : Result<StretchPlace>(place);
}

// Of the stretch that the device's file is of; kMaxStretches: none.
std::uint32_t number_of(const store::Store& store, const store::DeviceRecord& device) {
  const std::span<store::BackingSlot> slots = store.backing_slots();
  const std::uint32_t number = device.slot == 0 || device.slot > slots.size() ? 0 : slots[device.slot - 1].stretch;
  return number == 0 || number > kMaxStretches ? kMaxStretches : number - 1;
}

} // namespace

bool has_shared(const store::Store& store, const store::CxlRegionRecord& region) {
  for (std::size_t at = 0; is_shared(store) && at < std::min<std::size_t>(region.ways, store::kMaxCxlWays); ++at) {
    const CxlWay way = way_of(store, region, static_cast<std::uint32_t>(at));
    if (way.memdev != nullptr && way.memdev->share_number != 0) {
      return true;
    }
  }
  return false;
}

Result<void> join_stretch(const store::Store& store, store::DeviceRecord& device,
                          const store::CxlRegionRecord& region) {
  const store::RangeRecord& range = device.ranges[0];
  const auto key = device.nr_ranges == 1 ? key_of(store, region, range.phys_start - region.start) : std::nullopt;
  if (!key) {
    return fail(EBUSY);
  }
  const auto media = media_of_key(store, *key);
  if (!media) {
    return tl::unexpected(media.error());
  }
  auto share = Share::enter(store);
  if (!share) {
    return tl::unexpected(share.error());
  }
  const auto place = find_stretch(store, share->state(), *key, range.size, StretchState::device);
  if (!place) {
    return tl::unexpected(place.error());
  }
  store::BackingSlot* slot = slot_of_stretch(store, place->number);
  Stretch& stretch = share->state().stretches[place->number];
  const std::uint64_t had = place->is_there ? stretch.size : 0;
  const std::uint64_t size = std::max(had, range.size);
  if (slot == nullptr) {
    return fail(ENOMEM);
  }
  if (auto sized = set_length(store, *slot, size, !place->is_there); !sized) {
    return sized;
  }
  if (auto brought = bring_stretch(store, *media, slot->backing, had, size); !brought) {
    return brought;
  }
  if (auto taken = dax::take_stretch_file(store, device, *slot); !taken) {
    return taken;
  }
  // From here on the file has the bytes, for whoever comes: until now the memdevs had them.
  stretch.key = *key;
  stretch.size = size;
  stretch.members |= own_bit(store);
  stretch.state = StretchState::device;
  std::atomic_ref(device.has_media).store(1, std::memory_order_release);
  clear_stretch(store, *media, had, size);
  return {};
}

Result<void> leave_stretch(const store::Store& store, store::DeviceRecord& device) {
  auto share = Share::enter(store);
  const std::uint32_t number = number_of(store, device);
  if (!share || number == kMaxStretches) {
    return fail(ENOMEM);
  }
  const std::span<store::BackingSlot> slots = store.backing_slots();
  Stretch& stretch = share->state().stretches[number];
  const bool is_last = (stretch.members & ~own_bit(store)) == 0;
  if (is_last) {
    if (auto returned = return_to_memdevs(store, stretch, slots[device.slot - 1].backing); !returned) {
      return returned;
    }
  }
  std::atomic_ref(device.has_media).store(0, std::memory_order_release);
  stretch.members &= ~own_bit(store);
  if (is_last) {
    stretch = {}; // who takes the file next empties it
  }
  return {};
}

Result<void> save_stretch(const store::Store& store, const store::DeviceRecord& device) {
  const auto share = Share::enter(store);
  const std::uint32_t number = number_of(store, device);
  if (!share || number == kMaxStretches) {
    return fail(ENOMEM);
  }
  const Stretch& stretch = share->state().stretches[number];
  return return_to_memdevs(store, stretch, store.backing_slots()[device.slot - 1].backing);
}

Result<void> claim_for_disk(const store::Store& store, const store::CxlRegionRecord& region, std::uint64_t offset,
                            std::uint64_t size) {
  const auto key = key_of(store, region, offset);
  auto share = Share::enter(store);
  if (!key || !share) {
    return fail(key ? ENOMEM : EBUSY);
  }
  const auto place = find_stretch(store, share->state(), *key, size, StretchState::disk);
  if (!place) {
    return tl::unexpected(place.error());
  }
  share->state().stretches[place->number] = {
      .state = StretchState::disk, .reserved = 0, .members = own_bit(store), .size = size, .key = *key};
  return {};
}

void unclaim_disk(const store::Store& store, const store::CxlRegionRecord& region, std::uint64_t offset) {
  const auto key = key_of(store, region, offset);
  auto share = Share::enter(store);
  if (!key || !share) {
    return;
  }
  for (Stretch& stretch : share->state().stretches) {
    if (stretch.state == StretchState::disk && stretch.key == *key && stretch.members == own_bit(store)) {
      stretch = {};
    }
  }
}

void forget_lost_claims(const store::Store& store) {
  if (!is_shared(store)) {
    return;
  }
  if (auto share = Share::enter(store); share) {
    forget_lost(store, share->state());
  }
}

bool is_shared_in_use(const store::Store& store, const store::CxlMemdevRecord& memdev) {
  auto share = Share::enter(store);
  return share && std::ranges::any_of(share->state().stretches, [&](const Stretch& stretch) {
           return stretch.state != StretchState::free && stretch.members != 0 &&
                  std::ranges::find(stretch.key.memdevs, memdev.share_number) != stretch.key.memdevs.end();
         });
}

Result<void> leave_share(const store::Store& store) {
  auto share = Share::enter(store);
  if (!share) {
    return tl::unexpected(share.error());
  }
  Result<void> result;
  ShareState& state = share->state();
  for (std::size_t at = 0; at < state.stretches.size(); ++at) {
    Stretch& stretch = state.stretches[at];
    stretch.members &= ~own_bit(store);
    if (stretch.state != StretchState::free && stretch.members == 0) {
      if (auto dissolved = dissolve(store, stretch, at); !dissolved && dissolved.error().value != ENXIO) {
        result = dissolved;
      }
    }
  }
  if (own_bit(store) != 0) {
    state.members[store.cxl().share_member] = {};
    store.cxl().share_member = kMaxShareMembers;
  }
  return result;
}

} // namespace daxemu::nd
