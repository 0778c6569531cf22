// Who has a namespace, and where its bytes are then: the info block in the memdevs, the data in the file of its device,
// all of it in that of its disk.
#include <array>
#include <span>

#include "emu/dax/nd/btt.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_info.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/dax/nd/passing_region.hpp"
#include "emu/nd/media/media.hpp"
#include "emu/nd/media/return_room.hpp"
#include "emu/nd/region.hpp"

namespace daxemu::nd {
namespace {

using dax::nd::InfoBytes;
using store::NdHolderRecord;
using store::RegionRecord;
using store::Store;

bool is_labelled(const RegionRecord& space) {
  return space.nd.parent != 0;
}

// What lies on the namespace counts, whoever wrote it.
void read_info(const Store& store, RegionRecord& space) {
  InfoBytes bytes{};
  if (is_labelled(space) && !dax::nd::is_disk(space) && space.size >= dax::nd::kInfoOffset + bytes.size()) {
    space.nd.info = read_media(store, space, dax::nd::info_offset(space), bytes)
                        ? dax::nd::parse_info_block(space, bytes)
                        : store::NdInfoBlock{};
  }
}

// btt_map_init(), btt_log_init(), btt_arena_write_layout() of an arena.
Result<void> write_arena(const Store& store, const RegionRecord& space, const dax::nd::BttArena& arena) {
  auto written = zero_media(store, space, arena.map, arena.copy - arena.map);
  for (std::uint32_t lane = 0; written && lane < dax::nd::kBttFree; ++lane) {
    const auto block = static_cast<std::uint32_t>(arena.sectors + lane);
    const std::array<std::uint32_t, 4> entry = {lane, block, block, 1}; // struct log_entry: lba, old_map, new_map, seq
    written = write_media(store, space, arena.log + lane * dax::nd::kBttLogGroup, std::as_bytes(std::span(entry)));
  }
  const InfoBytes block = dax::nd::btt_block(arena, space.nd.info.uuid, space.nd.uuid);
  written = written ? write_media(store, space, arena.copy, block) : written;
  return written ? write_media(store, space, arena.start, block) : written;
}

Result<void> write_info(const Store& store, const RegionRecord& space) {
  if (space.nd.info.kind != store::NdKind::btt) {
    return write_media(store, space, dax::nd::info_offset(space), dax::nd::info_block(space));
  }
  Result<void> written;
  dax::nd::each_btt_arena(
      dax::nd::btt_version(space), space.size, space.nd.info.align,
      [&](const dax::nd::BttArena& arena) { written = written ? write_arena(store, space, arena) : written; });
  return written;
}

// Of the disk that has just been made: a device had them before anybody saw it.
Result<void> bring_to_disk(const Store& store, RegionRecord& space) {
  return dax::nd::is_disk(space) ? bring_disk(store, space) : Result<void>();
}

// It could not be brought: its bytes are where they were, and nothing goes back over them.
void abandon(const Store& store, RegionRecord& space, NdHolderRecord* holder) {
  RegionRecord& region = dax::nd::region_of_namespace(store, space);
  if (holder != nullptr && !dax::nd::is_disk(space)) {
    (void)unbind_holder(store, region, *holder); // a device says by itself that it has none (has_media)
    return;
  }
  (void)(holder == nullptr ? dax::nd::detach_disk(store, space) : dax::nd::unbind_holder(store, region, *holder));
  dax::nd::release_reserve(store, space);
}

// The record of a device that is none: what the region is made of has its bytes again. It stays where they cannot be
// moved: then they are nowhere else.
void drop_device(const Store& store, RegionRecord& space) {
  store::DeviceRecord* device = dax::nd::device_of(store, space);
  if (device == nullptr || device->state.load() != store::DeviceState::absent) {
    return;
  }
  if (!return_media(store, *device)) {
    return;
  }
  dax::free_device_bytes(store, *device);
  device->kept = 0;
  space.nd.device = 0;
}

// What settle_claims() could not give back goes back before anything is done with the namespace. Errors: as
// return_media()'s.
Result<void> return_left(const Store& store, RegionRecord& space) {
  store::DeviceRecord* device = is_labelled(space) && space.nd.device != 0 ? dax::nd::device_of(store, space) : nullptr;
  if (device == nullptr || device->state.load() != store::DeviceState::absent || device->has_media == 0 ||
      &store.region_of(*device) != &space) {
    return {};
  }
  if (auto returned = return_media(store, *device); !returned) {
    return returned;
  }
  drop_device(store, space);
  return {};
}

// They go back; there is room (make_return_room).
void give_back(const Store& store, RegionRecord& space) {
  if (dax::nd::is_disk(space)) {
    (void)return_disk(store, space);
  }
}

} // namespace

Result<void> bind_holder(const Store& store, RegionRecord& region, NdHolderRecord& holder) {
  RegionRecord& space = dax::nd::namespace_of(store, region, holder);
  if (auto returned = return_left(store, space); !returned) {
    return returned;
  }
  read_info(store, space);
  const store::NdInfoBlock before = space.nd.info;
  const auto bring = [&](store::DeviceRecord& device) { return bring_media(store, device); };
  auto bound = dax::nd::bind_holder(store, region, holder, bring);
  if (!bound && is_labelled(space)) {
    drop_device(store, space);
  }
  if (!bound || !is_labelled(space)) {
    return bound;
  }
  const bool is_new = before.kind != space.nd.info.kind || before.uuid != space.nd.info.uuid;
  auto written = is_new ? write_info(store, space) : Result<void>();
  if (auto brought = written ? bring_to_disk(store, space) : written; !brought) {
    abandon(store, space, &holder);
    return brought;
  }
  return {};
}

Result<void> unbind_holder(const Store& store, RegionRecord& region, NdHolderRecord& holder) {
  RegionRecord& space = dax::nd::namespace_of(store, region, holder);
  if (!is_labelled(space) || holder.bound == 0) {
    return dax::nd::unbind_holder(store, region, holder);
  }
  if (auto room = make_return_room(store, space); !room) {
    return room;
  }
  give_back(store, space);
  auto unbound = dax::nd::unbind_holder(store, region, holder);
  if (unbound && holder.kind != store::NdKind::dax) {
    dax::nd::release_reserve(store, space);
  } else if (unbound) {
    drop_device(store, space);
  }
  return unbound;
}

Result<void> bind_namespace(const Store& store, RegionRecord& space) {
  if (auto returned = return_left(store, space); !returned) {
    return returned;
  }
  read_info(store, space);
  const auto bring = [&](store::DeviceRecord& device) { return bring_media(store, device); };
  auto bound = dax::nd::bind_namespace(store, space, bring);
  if (!is_labelled(space)) {
    return bound;
  }
  if (dax::nd::is_disk(space) && bound) {
    if (auto brought = bring_disk(store, space); !brought) {
      abandon(store, space, nullptr);
      return brought;
    }
  }
  NdHolderRecord* holder = bound ? nullptr : dax::nd::holder_of_namespace(store, space);
  if (holder != nullptr && holder->bound != 0 && !bring_to_disk(store, space)) {
    abandon(store, space, holder);
  } else if (holder != nullptr && holder->bound == 0) {
    drop_device(store, space);
  }
  return bound;
}

Result<void> unbind_namespace(const Store& store, RegionRecord& space) {
  if (dax::nd::disk_holder(store, space) != nullptr) {
    return fail(ENODEV); // the disk is its
  }
  if (is_labelled(space) && dax::nd::is_disk(space)) {
    if (auto room = make_return_room(store, space); !room) {
      return room;
    }
    give_back(store, space);
  }
  auto unbound = dax::nd::detach_disk(store, space);
  if (is_labelled(space) && unbound) {
    dax::nd::release_reserve(store, space);
  }
  return unbound;
}

Result<void> unbind_region(const Store& store, RegionRecord& region) {
  if (region.nd.labelled != 0 && region.nd.unbound == 0) {
    for (RegionRecord& space : store.regions()) {
      if (auto returned = dax::nd::is_namespace_of(store, region, space) ? return_left(store, space) : Result<void>();
          !returned) {
        return returned;
      }
    }
    if (auto room = make_return_room(store, region); !room) {
      return room;
    }
    for (NdHolderRecord& holder : region.nd.holders) {
      if (holder.bound != 0) {
        (void)unbind_holder(store, region, holder);
      }
    }
    for (RegionRecord& space : store.regions()) {
      if (dax::nd::is_namespace_of(store, region, space)) {
        (void)unbind_namespace(store, space);
      }
    }
  }
  return dax::nd::unbind_region(store, region);
}

void settle_claims(const Store& store) {
  for (RegionRecord& space : store.regions()) {
    store::DeviceRecord* device = space.nd.device == 0 ? nullptr : dax::nd::device_of(store, space);
    if (space.used.load() == 0 || !is_labelled(space) || device == nullptr || !media_of(store, space)) {
      continue;
    }
    if (&store.region_of(*device) != &space) { // he died in drop_device(), and another has the record
      space.nd.device = 0;
      continue;
    }
    NdHolderRecord* holder = dax::nd::holder_of_namespace(store, space);
    const bool is_there = device->state.load() != store::DeviceState::absent;
    if (is_there && device->has_media != 0 && holder != nullptr && holder->bound != 0) {
      continue;
    }
    if (is_there) {
      dax::nd::remove_dax_device(store, space);
    }
    if (holder != nullptr && holder->kind == store::NdKind::dax) {
      holder->bound = 0;
    }
    if (return_media(store, *device)) { // else it has them until there is room: with the next change, or as it is bound
      drop_device(store, space);
    }
  }
}

} // namespace daxemu::nd
