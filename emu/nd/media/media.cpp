#include "emu/nd/media/media.hpp"

#include <array>
#include <atomic>
#include <cstring>

#include <sys/mman.h>

#include "emu/base/program/aside.hpp"
#include "emu/nd/media/cxl_ways.hpp"
#include "emu/nd/media/media_errors.hpp"
#include "emu/nd/media/media_files.hpp"
#include "emu/nd/share/stretches.hpp"

namespace daxemu::nd {
namespace {

// Bytes of a region that are moved at a time.
constexpr std::uint64_t kBlock = 256ULL << 10U;

// Both files, and room for a block of the region and for what one target has of it.
struct Transfer {
  DeviceFile device;
  TargetFiles targets;
  Mapping room;

  [[nodiscard]] std::span<std::byte> block(std::size_t size) const { return room.bytes().first(size); }
  [[nodiscard]] std::span<std::byte> part(std::size_t size) const { return room.bytes().subspan(kBlock, size); }
};

// `of`: a device, or a file of its own.
template <class File>
Result<Transfer> transfer_of(const store::Store& store, const File& of, const RegionMedia& media) {
  auto file = DeviceFile::open(store, of);
  auto targets = TargetFiles::open(store, media);
  const auto room = sys::mmap_aside(2 * kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  Mapping buffers = room ? Mapping(*room, 2 * kBlock) : Mapping();
  if (!file || !targets || !room) {
    return fail(ENOMEM);
  }
  return Transfer{std::move(*file), std::move(*targets), std::move(buffers)};
}

// Calls for each run of bytes [offset, end) of the region that target `position` has: its place in the block and in the
// part.
template <class Copy>
void each_run(const Stripes& stripes, std::uint64_t position, std::uint64_t offset, std::uint64_t end, Copy&& copy) {
  const std::uint64_t first = stripes.before(offset, position);
  const std::uint64_t last = stripes.before(end, position);
  for (std::uint64_t at = first; at < last;) {
    const std::uint64_t byte = stripes.offset_of(at, position);
    const std::uint64_t size = std::min(stripes.run_at(byte), last - at);
    copy(byte - offset, at - first, size);
    at += size;
  }
}

// Bytes [offset, end) of the region, at most a block, to `place` of the device's file.
Result<void> bring_block(const Transfer& transfer, std::uint64_t offset, std::uint64_t end, std::uint64_t place) {
  const Stripes& stripes = transfer.targets.stripes();
  const std::span<std::byte> block = transfer.block(end - offset);
  for (std::uint64_t position = 0; position < stripes.ways; ++position) {
    const std::uint64_t first = stripes.before(offset, position);
    const std::span<std::byte> part = transfer.part(stripes.before(end, position) - first);
    transfer.targets.read(position, part, first);
    each_run(stripes, position, offset, end, [&](std::uint64_t in_block, std::uint64_t in_part, std::uint64_t size) {
      std::memcpy(block.data() + in_block, part.data() + in_part, size);
    });
  }
  Result<void> result;
  each_written_run(
      block, place,
      [&](std::size_t first, std::size_t size) {
        result = transfer.device.write(block.subspan(first, size), place + first);
        return result.has_value();
      },
      [](std::size_t, std::size_t) { return true; }); // its file is new: zero already
  return result;
}

Result<void> return_block(const Transfer& transfer, std::uint64_t offset, std::uint64_t end, std::uint64_t place) {
  const Stripes& stripes = transfer.targets.stripes();
  const std::span<std::byte> block = transfer.block(end - offset);
  if (transfer.device.next_data(place) >= place + block.size()) {
    std::memset(block.data(), 0, block.size()); // only a target has something here, of before
  } else if (!transfer.device.read(block, place)) {
    return fail(ENOMEM);
  }
  for (std::uint64_t position = 0; position < stripes.ways; ++position) {
    const std::uint64_t first = stripes.before(offset, position);
    const std::span<std::byte> part = transfer.part(stripes.before(end, position) - first);
    each_run(stripes, position, offset, end, [&](std::uint64_t in_block, std::uint64_t in_part, std::uint64_t size) {
      std::memcpy(part.data() + in_part, block.data() + in_block, size);
    });
    if (auto written = transfer.targets.write(position, part, first); !written) {
      return written;
    }
  }
  return {};
}

// A range of a device: bytes [offset, end) of the region are in its file from `place` on.
struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
  std::uint64_t place = 0;
};

template <class Each>
Result<void> each_piece(const store::DeviceRecord& device, const RegionMedia& media, Each&& each) {
  for (std::uint32_t at = 0; at < std::min(device.nr_ranges, store::kMaxRanges); ++at) {
    const store::RangeRecord& range = device.ranges[at];
    const std::uint64_t offset = range.phys_start - media.start;
    if (auto done = each(Piece{offset, offset + range.size, range.pgoff << kPageShift}); !done) {
      return done;
    }
  }
  return {};
}

// Blocks are counted from the region's first byte, whatever range they are in.
std::uint64_t end_of_block(std::uint64_t offset, std::uint64_t end) {
  return std::min(align_down(offset, kBlock) + kBlock, end);
}

Result<void> bring_piece(const Transfer& transfer, const Piece& piece) {
  std::uint64_t at = piece.offset;
  while ((at = transfer.targets.next_data(at, piece.end)) < piece.end) {
    at = std::max(align_down(at, kBlock), piece.offset);
    const std::uint64_t end = end_of_block(at, piece.end);
    if (auto done = bring_block(transfer, at, end, piece.place + (at - piece.offset)); !done) {
      return done;
    }
    at = end;
  }
  return {};
}

// Where the device has something, or an image that kept what the device no longer has (healed memory is zero).
std::uint64_t next_to_return(const Transfer& transfer, const Piece& piece, std::uint64_t at) {
  return std::min(transfer.device.next_data(piece.place + at) - piece.place,
                  transfer.targets.next_data(piece.offset + at, piece.end) - piece.offset);
}

Result<void> return_piece(const Transfer& transfer, const Piece& piece) {
  const std::uint64_t size = piece.end - piece.offset;
  std::uint64_t at = 0;
  while ((at = next_to_return(transfer, piece, at)) < size) {
    const std::uint64_t from = std::max(align_down(piece.offset + at, kBlock), piece.offset);
    const std::uint64_t end = end_of_block(from, piece.end);
    if (auto done = return_block(transfer, from, end, piece.place + (from - piece.offset)); !done) {
      return done;
    }
    at = end - piece.offset;
  }
  return {};
}

// All of a namespace, in the file of its reserve.
template <class Move>
Result<void> move_disk(const store::Store& store, const store::RegionRecord& space, Move&& move) {
  const auto media = media_of(store, space);
  const std::uint32_t slot = space.nd.reserve_slot;
  if (!media || slot == 0 || slot > store.backing_slots().size()) {
    return {};
  }
  const auto transfer = transfer_of(store, store.backing_slots()[slot - 1].backing, *media);
  if (!transfer) {
    return tl::unexpected(transfer.error());
  }
  const std::uint64_t offset = space.phys_start - media->start;
  return move(*transfer, Piece{offset, offset + space.size, 0});
}

// Calls for each run that a target has of bytes [offset, offset + size) of the namespace: its position, its place in
// the target, its place in the bytes, and how many.
template <class Each>
void each_run_of(const TargetFiles& files, std::uint64_t offset, std::uint64_t size, Each&& each) {
  const Stripes& stripes = files.stripes();
  for (std::uint64_t at = offset; at < offset + size;) {
    const std::uint64_t position = stripes.position_of(at);
    const std::uint64_t length = std::min(stripes.run_at(at), offset + size - at);
    each(position, stripes.before(at, position), at - offset, length);
    at += length;
  }
}

// The CXL region that a device or namespace is of, if it is of shared memdevs (emu/nd/share); else nullptr.
const store::CxlRegionRecord* shared_region_of(const store::Store& store, const store::RegionRecord& region) {
  const store::CxlRegionRecord* behind = cxl_region_of(store, region);
  return behind != nullptr && has_shared(store, *behind) ? behind : nullptr;
}

} // namespace

Result<void> bring_media(const store::Store& store, store::DeviceRecord& device) {
  const auto media = media_of(store, store.region_of(device));
  if (!media || device.nr_ranges == 0 || device.has_media != 0) {
    return {};
  }
  if (const store::CxlRegionRecord* shared = shared_region_of(store, store.region_of(device)); shared != nullptr) {
    auto joined = join_stretch(store, device, *shared);
    if (joined) {
      poison_device(store, device);
    }
    return joined;
  }
  const auto transfer = transfer_of(store, device, *media);
  if (!transfer) {
    return tl::unexpected(transfer.error());
  }
  auto brought = each_piece(device, *media, [&](const Piece& piece) { return bring_piece(*transfer, piece); });
  if (!brought) {
    return brought;
  }
  std::atomic_ref(device.has_media).store(1, std::memory_order_release); // until now the memdevs have them
  (void)each_piece(device, *media, [&](const Piece& piece) -> Result<void> {
    transfer->targets.clear(piece.offset, piece.end);
    return {};
  });
  poison_device(store, device);
  return {};
}

Result<void> return_media(const store::Store& store, store::DeviceRecord& device) {
  const auto media = media_of(store, store.region_of(device));
  if (!media || device.nr_ranges == 0 || device.has_media == 0) {
    return {};
  }
  if (shared_region_of(store, store.region_of(device)) != nullptr) {
    return leave_stretch(store, device);
  }
  const auto transfer = transfer_of(store, device, *media);
  if (!transfer) {
    return tl::unexpected(transfer.error());
  }
  auto returned = each_piece(device, *media, [&](const Piece& piece) { return return_piece(*transfer, piece); });
  if (returned) {
    std::atomic_ref(device.has_media).store(0, std::memory_order_release);
  }
  return returned;
}

Result<void> save_media(const store::Store& store, const store::DeviceRecord& device) {
  const auto media = media_of(store, store.region_of(device));
  if (!media || device.nr_ranges == 0 || device.has_media == 0) {
    return {};
  }
  if (shared_region_of(store, store.region_of(device)) != nullptr) {
    return save_stretch(store, device);
  }
  const auto transfer = transfer_of(store, device, *media);
  return transfer ? each_piece(device, *media, [&](const Piece& piece) { return return_piece(*transfer, piece); })
                  : tl::unexpected(transfer.error());
}

Result<void> save_disk(const store::Store& store, const store::RegionRecord& space) {
  return space.nd.disk_has_media == 0 ? Result<void>() : move_disk(store, space, return_piece);
}

Result<void> bring_stretch(const store::Store& store, const RegionMedia& media, const store::BackingRecord& file,
                           std::uint64_t from, std::uint64_t to) {
  if (from == to) {
    return {};
  }
  const auto transfer = transfer_of(store, file, media);
  return transfer ? bring_piece(*transfer, Piece{from, to, from}) : tl::unexpected(transfer.error());
}

Result<void> return_stretch(const store::Store& store, const RegionMedia& media, const store::BackingRecord& file,
                            std::uint64_t size) {
  const auto transfer = transfer_of(store, file, media);
  return transfer ? return_piece(*transfer, Piece{0, size, 0}) : tl::unexpected(transfer.error());
}

void clear_stretch(const store::Store& store, const RegionMedia& media, std::uint64_t from, std::uint64_t to) {
  if (const auto targets = TargetFiles::open(store, media); targets && from < to) {
    targets->clear(from, to);
  }
}

Result<void> bring_disk(const store::Store& store, store::RegionRecord& space) {
  const store::CxlRegionRecord* shared = shared_region_of(store, space);
  if (shared != nullptr) {
    if (auto claimed = claim_for_disk(store, *shared, space.phys_start - shared->start, space.size); !claimed) {
      return claimed;
    }
  }
  const std::atomic_ref has_media(space.nd.disk_has_media);
  auto moved = move_disk(store, space, [&](const Transfer& transfer, const Piece& piece) {
    auto brought = bring_piece(transfer, piece);
    if (brought) {
      has_media.store(1, std::memory_order_release); // until now what the region is made of has them
      transfer.targets.clear(piece.offset, piece.end);
    }
    return brought;
  });
  if (moved) {
    has_media.store(1, std::memory_order_release); // there may have been nothing to bring
  }
  if (!moved && shared != nullptr) {
    unclaim_disk(store, *shared, space.phys_start - shared->start);
  }
  return moved;
}

Result<void> return_disk(const store::Store& store, store::RegionRecord& space) {
  if (space.nd.disk_has_media == 0) {
    return {};
  }
  auto returned = move_disk(store, space, return_piece);
  if (returned) {
    std::atomic_ref(space.nd.disk_has_media).store(0, std::memory_order_release);
  }
  if (const store::CxlRegionRecord* shared = shared_region_of(store, space); returned && shared != nullptr) {
    unclaim_disk(store, *shared, space.phys_start - shared->start);
  }
  return returned;
}

Result<void> read_media(const store::Store& store, const store::RegionRecord& space, std::uint64_t offset,
                        std::span<std::byte> into) {
  const auto media = media_of(store, space);
  const auto files = !media ? Result<TargetFiles>(fail(ENOMEM)) : TargetFiles::open(store, *media);
  if (!files) {
    return tl::unexpected(files.error());
  }
  each_run_of(*files, space.phys_start - media->start + offset, into.size(),
              [&](std::uint64_t position, std::uint64_t place, std::uint64_t at, std::uint64_t size) {
                files->read(position, into.subspan(at, size), place);
              });
  return {};
}

Result<void> write_media(const store::Store& store, const store::RegionRecord& space, std::uint64_t offset,
                         std::span<const std::byte> from) {
  const auto media = media_of(store, space);
  const auto files = !media ? Result<TargetFiles>(fail(ENOMEM)) : TargetFiles::open(store, *media);
  if (!files) {
    return tl::unexpected(files.error());
  }
  Result<void> result;
  each_run_of(*files, space.phys_start - media->start + offset, from.size(),
              [&](std::uint64_t position, std::uint64_t place, std::uint64_t at, std::uint64_t size) {
                if (auto written = files->write(position, from.subspan(at, size), place); !written) {
                  result = written;
                }
              });
  return result;
}

Result<void> zero_media(const store::Store& store, const store::RegionRecord& space, std::uint64_t offset,
                        std::uint64_t size) {
  constexpr std::array<std::byte, kPageSize> kZeroes{};
  const auto media = media_of(store, space);
  const auto files = !media ? Result<TargetFiles>(fail(ENOMEM)) : TargetFiles::open(store, *media);
  if (!files) {
    return tl::unexpected(files.error());
  }
  const std::uint64_t first = space.phys_start - media->start + offset;
  const std::uint64_t end = first + size;
  for (std::uint64_t at = files->next_data(first, end); at < end; at = files->next_data(at, end)) {
    const std::uint64_t length = std::min(end, align_down(at, kPageSize) + kPageSize) - at;
    Result<void> result;
    each_run_of(*files, at, length, [&](std::uint64_t position, std::uint64_t place, std::uint64_t, std::uint64_t run) {
      result = result ? files->write(position, std::span(kZeroes).first(run), place) : result;
    });
    if (!result) {
      return result;
    }
    at += length;
  }
  return {};
}

} // namespace daxemu::nd
