#include "emu/dax/nd/nd_disk.hpp"

#include <algorithm>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/nd/btt.hpp"
#include "emu/dax/nd/nd.hpp"
#include "emu/dax/nd/nd_device.hpp"
#include "emu/dax/nd/nd_info.hpp"

namespace daxemu::dax::nd {
namespace {

using store::BackingKind;
using store::BackingSlot;
using store::DeviceRecord;
using store::NodeSlot;
using store::RegionRecord;
using store::Store;

std::uint32_t disk_owner(const Store& store, const RegionRecord& region) {
  return store::kDiskOwner | static_cast<std::uint32_t>(&region - store.region_table().data());
}

// The number + 1 of the file that is the namespace's already (whoever took it may have died then), else of the least
// used free one that `suits`; 0: there is none left.
template <class Slot, class Suits>
std::uint32_t take_disk_file(std::span<Slot> slots, std::uint32_t owner, Suits&& suits) {
  std::uint32_t best = 0;
  for (std::uint32_t at = 0; at < slots.size(); ++at) {
    const std::uint32_t has = slots[at].owner.load();
    if (!suits(slots[at]) || (has != 0 && has != owner)) {
      continue;
    }
    if (has == owner) {
      return at + 1;
    }
    if (best == 0 || slots[at].uses < slots[best - 1].uses) {
      best = at + 1;
    }
  }
  if (best != 0) {
    ++slots[best - 1].uses;
    slots[best - 1].owner.store(owner, std::memory_order_release);
  }
  return best;
}

// The reserve's file is for good: what was written there outlives the disk, as in memory.
void take_reserve(const Store& store, RegionRecord& region) {
  if (region.nd.reserve_slot != 0) {
    return;
  }
  const std::uint32_t number =
      take_disk_file(store.backing_slots(), disk_owner(store, region), [](const BackingSlot& slot) {
        return slot.stretch == 0 && slot.backing.kind == BackingKind::shmem;
      });
  if (number == 0) {
    return;
  }
  region.nd.reserve_slot = number;
  const auto file = open_reserve(store, region);
  if (!file || !sys::ftruncate(file->get(), 0) || !sys::ftruncate(file->get(), region.size) ||
      !put_info(store, region)) {
    region.nd.reserve_slot = 0; // found again by its owner, or freed by who repairs
  }
}

void count_disks(const Store& store) {
  const auto regions = store.regions();
  store.platform().disks.store(static_cast<std::uint32_t>(std::count_if(regions.begin(), regions.end(), is_disk)),
                               std::memory_order_release);
}

// Where the device's memory begins and ends in the namespace; nowhere: its ranges are no one stretch.
struct Data {
  DeviceRecord* device = nullptr;
  std::uint64_t begin = UINT64_MAX;
  std::uint64_t end = UINT64_MAX;
};
Data data_of(const Store& store, const RegionRecord& region) {
  DeviceRecord* device = device_of(store, region);
  if (device == nullptr || device->nr_ranges != 1 || device->ranges[0].phys_start < region.phys_start) {
    return {};
  }
  const std::uint64_t begin = device->ranges[0].phys_start - region.phys_start;
  return {device, begin, begin + device->ranges[0].size};
}

// Of a namespace with a label that somebody was about to make a disk, or had just returned the bytes of: what the
// region is made of has them all, and goes on having them. The disk goes last: who repairs may die, too.
void let_go_of_half_a_disk(const Store& store, RegionRecord& space) {
  const bool is_half = space.nd.disk_has_media == 0 && (is_disk(space) || space.nd.reserve_slot != 0);
  if (space.used.load() == 0 || space.nd.parent == 0 || !is_half) {
    return;
  }
  if (store::NdHolderRecord* holder = holder_of_namespace(store, space);
      holder != nullptr && holder->kind != store::NdKind::dax) {
    holder->bound = 0;
  }
  release_reserve(store, space);
  (void)detach_disk(store, space);
}

} // namespace

const store::NdHolderRecord* disk_holder(const Store& store, const RegionRecord& space) {
  const store::NdHolderRecord* holder = is_disk(space) ? holder_of_namespace(store, space) : nullptr;
  return holder != nullptr && holder->bound != 0 && holder->kind != store::NdKind::dax ? holder : nullptr;
}

DiskShape disk_shape(const Store& store, const RegionRecord& space) {
  const store::NdInfoBlock& info = space.nd.info;
  const store::NdHolderRecord* holder = disk_holder(store, space);
  if (holder != nullptr && holder->kind == store::NdKind::btt) {
    const std::uint32_t shown = btt_shown_sector(static_cast<std::uint32_t>(holder->unit));
    return {holder->kind, 0, btt_sectors(btt_version(space), space.size, info.align) * shown, shown, shown};
  }
  const std::uint32_t block = space.nd.sector_size == 4096 ? 4096 : 512; // pmem_sector_size()
  return holder != nullptr && holder->kind == store::NdKind::pfn
             ? DiskShape{holder->kind, data_begin(space, info), data_size(space, info), block}
             : DiskShape{store::NdKind::none, 0, space.size, block};
}

Result<void> attach_disk(const Store& store, RegionRecord& region) {
  if (is_disk(region)) {
    return fail(EBUSY);
  }
  take_reserve(store, region);
  region.nd.disk_node =
      take_disk_file(store.node_slots(), disk_owner(store, region), [](const NodeSlot&) { return true; });
  if (DeviceRecord* device = device_of(store, region); device != nullptr) {
    device->born = device->incarnation.fetch_add(1) + 1; // another node: what was changed of an earlier one is void
  }
  region.nd.disk_has_media = 0;
  region.nd.disk = ++store.platform().disks_made;
  count_disks(store);
  return {};
}

Result<void> detach_disk(const Store& store, RegionRecord& region) {
  if (!is_disk(region)) {
    return fail(ENODEV);
  }
  region.nd.disk = 0;
  count_disks(store);
  const std::uint32_t node = std::exchange(region.nd.disk_node, 0);
  if (node != 0 && node <= store.node_slots().size()) {
    store.node_slots()[node - 1].owner.store(0, std::memory_order_release);
  }
  return {};
}

void release_reserve(const Store& store, RegionRecord& region) {
  if (region.nd.reserve_slot == 0) {
    return;
  }
  if (const auto file = open_reserve(store, region)) {
    (void)sys::ftruncate(file->get(), 0);
  }
  const std::uint32_t number = std::exchange(region.nd.reserve_slot, 0);
  store.backing_slots()[number - 1].owner.store(0, std::memory_order_release);
}

void repair_disks(const Store& store) {
  for (RegionRecord& space : store.regions()) {
    let_go_of_half_a_disk(store, space);
  }
  const auto free_unknown = [&](auto slots, auto known) {
    for (std::uint32_t at = 0; at < slots.size(); ++at) {
      const std::uint32_t owner = slots[at].owner.load();
      const std::uint32_t index = owner & ~store::kDiskOwner;
      const bool is_known = index < store.regions().size() && store.regions()[index].nd.*known == at + 1;
      if ((owner & store::kDiskOwner) != 0 && !is_known) {
        slots[at].owner.store(0, std::memory_order_release);
      }
    }
  };
  free_unknown(store.node_slots(), &store::NdRegionRecord::disk_node);
  free_unknown(store.backing_slots(), &store::NdRegionRecord::reserve_slot);
  count_disks(store);
}

DiskPiece disk_piece(const Store& store, const RegionRecord& region, std::uint64_t offset, std::uint64_t size) {
  const Data data = data_of(store, region);
  size = std::min(size, region.size - offset);
  if (offset < data.begin) {
    return {nullptr, offset, std::min(size, data.begin - offset)};
  }
  if (offset < data.end) {
    return {data.device, offset - data.begin, std::min(size, data.end - offset)};
  }
  return {nullptr, offset, size};
}

Result<UniqueFd> open_reserve(const Store& store, const RegionRecord& region) {
  const std::uint32_t number = region.nd.reserve_slot;
  if (number == 0 || number > store.backing_slots().size()) {
    return fail(EIO);
  }
  const store::BackingRecord& backing = store.backing_slots()[number - 1].backing;
  auto file = store.open_file(backing.location.c_str(), O_RDWR | O_CLOEXEC);
  const auto about = file ? sys::fstat(file->get()) : Result<struct stat>(tl::unexpected(file.error()));
  if (!about || about->st_dev != backing.st_dev || about->st_ino != backing.st_ino) {
    return fail(EIO); // the keeper is gone, and its number is another's
  }
  return file;
}

Result<void> note_written(const Store& store, RegionRecord& region, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t place = info_offset(region);
  if (offset >= place + kInfoSize || offset + size <= place) {
    return {};
  }
  const auto lock = store::ConfigLock::take(store);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  const auto file = open_reserve(store, region);
  if (!file) {
    return tl::unexpected(file.error());
  }
  InfoBytes bytes;
  if (auto read = read_whole(file->get(), bytes, place); !read) {
    return read;
  }
  region.nd.info = parse_info_block(region, bytes);
  return {};
}

Result<void> put_info(const Store& store, const RegionRecord& region) {
  if (region.nd.reserve_slot == 0) {
    return {};
  }
  const auto file = open_reserve(store, region);
  if (!file) {
    return tl::unexpected(file.error());
  }
  return write_whole(file->get(), info_block(region), info_offset(region));
}

} // namespace daxemu::dax::nd
