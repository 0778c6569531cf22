#include "emu/cxl/derived/power_loss.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <linux/falloc.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/nd/media/media_files.hpp"
#include "emu/nd/share/stretches.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::uint64_t kLossBlock = 256ULL << 10U;

// Bytes [offset, offset + size) of the region, as the files of its memdevs have them.
void read_kept(const nd::TargetFiles& targets, std::uint64_t offset, std::span<std::byte> into) {
  const nd::Stripes& stripes = targets.stripes();
  for (std::uint64_t at = 0; at < into.size();) {
    const std::uint64_t position = stripes.position_of(offset + at);
    const std::uint64_t size = std::min<std::uint64_t>(stripes.run_at(offset + at), into.size() - at);
    targets.read(position, into.subspan(at, size), stripes.before(offset + at, position));
    at += size;
  }
}

struct Loser {
  const nd::DeviceFile& file;
  const nd::TargetFiles& targets;
  bool keeps; // what the files have
  FunctionRef<bool()> stays;
  std::vector<std::byte> now = std::vector<std::byte>(kLossBlock);
  std::vector<std::byte> kept = std::vector<std::byte>(kLossBlock);

  // Bytes from `place` of the device's file on. True: some differed.
  Result<bool> lose(std::uint64_t offset, std::uint64_t place, std::uint64_t size) {
    const std::span<std::byte> block = std::span(now).first(size);
    const std::span<std::byte> before = std::span(kept).first(size);
    std::ranges::fill(before, std::byte{0});
    if (keeps) {
      read_kept(targets, offset, before);
    }
    if (auto read = file.read(block, place); !read) {
      return tl::unexpected(read.error());
    }
    bool differs = false;
    for (std::uint64_t at = 0; at < size; at += kPageSize) {
      if (std::memcmp(block.data() + at, before.data() + at, kPageSize) == 0) {
        continue;
      }
      differs = true;
      if (stays()) {
        continue;
      }
      if (auto written = file.write(before.subspan(at, kPageSize), place + at); !written) {
        return tl::unexpected(written.error());
      }
    }
    return differs;
  }
};

// Where a device has something, or what is kept of it has.
std::uint64_t next_of(const Loser& loser, std::uint64_t offset, std::uint64_t place, std::uint64_t at,
                      std::uint64_t end) {
  const std::uint64_t in_device = loser.file.next_data(at);
  const std::uint64_t in_targets = loser.targets.next_data(offset + (at - place), offset + (end - place));
  return std::min({in_device, in_targets == UINT64_MAX ? UINT64_MAX : in_targets - offset + place, end});
}

} // namespace

Result<std::uint64_t> lose_media(const store::Store& store, store::DeviceRecord& device, bool forgets,
                                 FunctionRef<bool()> stays) {
  const CxlRegionRecord* region = region_behind(store, store.region_of(device));
  const auto media = region == nullptr ? std::nullopt : nd::media_of(store, store.region_of(device));
  if (!media || device.has_media == 0 || nd::has_shared(store, *region)) {
    return 0;
  }
  const auto file = nd::DeviceFile::open(store, device);
  const auto targets = nd::TargetFiles::open(store, *media);
  if (!file || !targets) {
    return fail(ENOMEM);
  }
  Loser loser{*file, *targets, !forgets && region->mode == CxlMode::pmem, stays};
  std::uint64_t changed = 0;
  for (std::uint32_t number = 0; number < std::min(device.nr_ranges, store::kMaxRanges); ++number) {
    const store::RangeRecord& range = device.ranges[number];
    const std::uint64_t place = range.pgoff << kPageShift;
    const std::uint64_t end = place + range.size;
    const std::uint64_t offset = range.phys_start - region->start;
    std::uint64_t last = UINT64_MAX; // extent that was counted
    for (std::uint64_t at = place; (at = next_of(loser, offset, place, at, end)) < end;) {
      const std::uint64_t from = std::max(align_down(at, kLossBlock), place);
      const std::uint64_t stop = std::min(align_down(at, kLossBlock) + kLossBlock, end);
      const auto differs = loser.lose(offset + (from - place), from, stop - from);
      if (!differs) {
        return tl::unexpected(differs.error());
      }
      for (std::uint64_t extent = from / device.align; *differs && extent <= (stop - 1) / device.align; ++extent) {
        changed += extent == last ? 0 : 1;
        last = extent;
      }
      at = stop;
    }
  }
  device.mapping_changes.fetch_add(1);
  return changed;
}

void lose_memdevs(const store::Store& store, bool forgets) {
  for (const CxlMemdevRecord& memdev : memdevs(store)) {
    const std::uint32_t slot = memdev.bytes_slot;
    if (slot == 0 || slot > store.backing_slots().size() || memdev.share_number != 0) {
      continue;
    }
    const std::uint64_t lost = forgets ? memdev.ram_size + memdev.pmem_size : memdev.ram_size;
    const auto file = store.open_file(store.backing_slots()[slot - 1].backing.location.c_str(), O_RDWR | O_CLOEXEC);
    if (file && lost != 0) {
      (void)sys::fallocate(file->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, lost);
    }
  }
}

} // namespace daxemu::cxl
