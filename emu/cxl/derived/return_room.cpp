// Before bytes go back to memdevs, whose files may be on a full disk or a full tmpfs: nothing is let go of that cannot
// be kept. The kernel has no such case; its bytes stay where they are.
#include <algorithm>

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/derived/media_files.hpp"
#include "emu/cxl/share/stretches.hpp"
#include "emu/dax/nd_disk.hpp"

namespace daxemu::cxl {
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

Result<void> make_room(const store::Store& store, const store::DeviceRecord& device, const CxlRegionRecord& region) {
  const auto file = DeviceFile::open(store, device);
  const auto targets = TargetFiles::open(store, region);
  if (!file || !targets) {
    return fail(ENOMEM);
  }
  for (std::uint32_t number = 0; number < std::min(device.nr_ranges, store::kMaxRanges); ++number) {
    const store::RangeRecord& range = device.ranges[number];
    const std::uint64_t offset = range.phys_start - region.start;
    if (auto made = make_room(*file, *targets, offset, range.size, range.pgoff << kPageShift); !made) {
      return made;
    }
  }
  return {};
}

Result<void> make_room(const store::Store& store, const store::RegionRecord& disk, const CxlRegionRecord& region) {
  const std::uint32_t slot = disk.nd.reserve_slot;
  if (slot == 0 || slot > store.backing_slots().size()) {
    return {};
  }
  const auto file = DeviceFile::open(store, store.backing_slots()[slot - 1].backing);
  const auto targets = TargetFiles::open(store, region);
  return file && targets ? make_room(*file, *targets, disk.phys_start - region.start, disk.size, 0) : fail(ENOMEM);
}

} // namespace

Result<void> make_return_room(const store::Store& store, const CxlRegionRecord* of) {
  // Of what is shared nothing is lost: it stays where it is (stretches.hpp).
  const auto is_meant = [&](const CxlRegionRecord* region) {
    return region != nullptr && (of == nullptr || region == of) && !has_shared(store, *region);
  };
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load(std::memory_order_acquire) == store::DeviceState::absent || device.has_media == 0) {
      continue;
    }
    if (const CxlRegionRecord* region = region_behind(store, store.region_of(device)); is_meant(region)) {
      if (auto made = make_room(store, device, *region); !made) {
        return made;
      }
    }
  }
  for (const store::RegionRecord& space : store.regions()) {
    if (space.used.load() == 0 || space.nd.parent == 0 || !dax::nd::is_disk(space)) {
      continue;
    }
    if (const CxlRegionRecord* region = region_behind(store, space); is_meant(region)) {
      if (auto made = make_room(store, space, *region); !made) {
        return made;
      }
    }
  }
  return {};
}

} // namespace daxemu::cxl
