#include "emu/nd/media/return_room.hpp"

#include <algorithm>

#include "emu/dax/nd/nd_disk.hpp"
#include "emu/dax/nd/nd_namespaces.hpp"
#include "emu/nd/media/cxl_ways.hpp"
#include "emu/nd/media/media_files.hpp"
#include "emu/nd/share/stretches.hpp"

namespace daxemu::nd {
namespace {

constexpr std::uint64_t kRoomBlock = 256ULL << 10U; // as bytes are moved

// For bytes [offset, offset + size) of the region, which are in the file from `place` on.
Result<void> make_room(const DeviceFile& file, const TargetFiles& targets, std::uint64_t offset, std::uint64_t size,
                       std::uint64_t place) {
  for (std::uint64_t at = file.next_data(place); at < place + size; at = file.next_data(at)) {
    const std::uint64_t from = std::max(align_down(at, kRoomBlock), place);
    const std::uint64_t end = std::min(align_down(at, kRoomBlock) + kRoomBlock, place + size);
    if (auto made = targets.reserve(offset + (from - place), offset + (end - place)); !made) {
      targets.clear(offset, offset + size); // the file has it all
      return made;
    }
    at = end;
  }
  return {};
}

Result<void> make_room(const store::Store& store, const store::DeviceRecord& device, const RegionMedia& media) {
  const auto file = DeviceFile::open(store, device);
  const auto targets = TargetFiles::open(store, media);
  if (!file || !targets) {
    return fail(ENOMEM);
  }
  for (std::uint32_t number = 0; number < std::min(device.nr_ranges, store::kMaxRanges); ++number) {
    const store::RangeRecord& range = device.ranges[number];
    const std::uint64_t offset = range.phys_start - media.start;
    if (auto made = make_room(*file, *targets, offset, range.size, range.pgoff << kPageShift); !made) {
      return made;
    }
  }
  return {};
}

Result<void> make_room(const store::Store& store, const store::RegionRecord& disk, const RegionMedia& media) {
  const std::uint32_t slot = disk.nd.reserve_slot;
  if (disk.nd.disk_has_media == 0 || slot == 0 || slot > store.backing_slots().size()) {
    return {};
  }
  const auto file = DeviceFile::open(store, store.backing_slots()[slot - 1].backing);
  const auto targets = TargetFiles::open(store, media);
  return file && targets ? make_room(*file, *targets, disk.phys_start - media.start, disk.size, 0) : fail(ENOMEM);
}

// Of what is shared nothing is lost: it stays where it is (stretches.hpp).
bool stays(const store::Store& store, const store::RegionRecord& region) {
  const store::CxlRegionRecord* behind = cxl_region_of(store, region);
  return behind != nullptr && has_shared(store, *behind);
}

} // namespace

Result<void> make_return_room(const store::Store& store, FunctionRef<bool(const store::RegionRecord& whole)> is_meant) {
  const auto make = [&](const auto& of, const store::RegionRecord& region) -> Result<void> {
    const store::RegionRecord& whole = dax::nd::region_of_namespace(store, region);
    const auto media = is_meant(whole) && !stays(store, whole) ? media_of(store, whole) : std::nullopt;
    return media ? make_room(store, of, *media) : Result<void>();
  };
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load(std::memory_order_acquire) == store::DeviceState::absent || device.has_media == 0) {
      continue;
    }
    if (auto made = make(device, store.region_of(device)); !made) {
      return made;
    }
  }
  for (const store::RegionRecord& space : store.regions()) {
    if (space.used.load() == 0 || space.nd.parent == 0 || !dax::nd::is_disk(space)) {
      continue;
    }
    if (auto made = make(space, space); !made) {
      return made;
    }
  }
  return {};
}

Result<void> make_return_room(const store::Store& store, const store::RegionRecord& region) {
  const store::RegionRecord& meant = dax::nd::region_of_namespace(store, region);
  return make_return_room(store, [&](const store::RegionRecord& whole) { return &whole == &meant; });
}

} // namespace daxemu::nd
