#include "runtime/preload/files/disk_bytes.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/device/extents.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "emu/nd/nfit/nfit_errors.hpp"
#include "runtime/preload/ground/user_memory.hpp"

namespace daxemu::preload {
namespace {

// Through a mapping of one page: a file of hugetlb has no write(2).
Result<std::size_t> put_mapped(int bytes, std::uint64_t page_size, std::uint64_t offset, const void* from,
                               std::size_t size) {
  const std::uint64_t base = align_down(offset, page_size);
  auto page = Mapping::of(bytes, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, base);
  if (!page) {
    return fail(EIO);
  }
  return copy_in(page->bytes().data() + (offset - base), from, size) ? Result<std::size_t>(size) : fail(EFAULT);
}

} // namespace

Result<std::size_t> DiskBytes::read(std::uint64_t offset, void* into, std::size_t size) {
  return move(Way::read, offset, static_cast<char*>(into), size);
}

Result<std::size_t> DiskBytes::write(std::uint64_t offset, const void* from, std::size_t size) {
  return move(Way::write, offset, static_cast<char*>(const_cast<void*>(from)), size);
}

Result<std::size_t> DiskBytes::move(Way way, std::uint64_t offset, char* memory, std::size_t size) {
  const dax::nd::DiskShape shape = dax::nd::disk_shape(*store_, *region_);
  if (offset >= shape.size) {
    return fail(EIO);
  }
  size = std::min<std::uint64_t>(size, shape.size - offset);
  return shape.kind == store::NdKind::btt ? move_sectors(way, shape.block, offset, memory, size)
                                          : move_bytes(way, shape.begin + offset, memory, size);
}

// Of the namespace, from its start on.
Result<std::size_t> DiskBytes::move_bytes(Way way, std::uint64_t offset, char* memory, std::size_t size) {
  const std::size_t wanted = size;
  if (way == Way::read) {
    size = nd::readable_bytes(*store_, region_->phys_start, offset, size);
  } else if (auto fine = nd::write_over_errors(*store_, region_->phys_start, offset, size); !fine) {
    return tl::unexpected(fine.error());
  }
  if (size == 0 && wanted != 0) {
    return fail(EIO);
  }
  std::size_t done = 0;
  while (done < size && offset + done < region_->size) {
    const dax::nd::DiskPiece piece = dax::nd::disk_piece(*store_, *region_, offset + done, size - done);
    const auto moved = piece.device == nullptr
                           ? move_reserve(way, piece.offset, memory + done, piece.size)
                           : move_memory(way, *piece.device, piece.offset, memory + done, piece.size);
    if (!moved && done == 0) {
      return moved;
    }
    done += moved.value_or(0);
    if (!moved || *moved < piece.size) {
      break;
    }
  }
  return done;
}

// Of a btt: sector by sector, as its map says (btt_read_pg, btt_write_pg).
Result<std::size_t> DiskBytes::move_sectors(Way way, std::uint32_t shown, std::uint64_t offset, char* memory,
                                            std::size_t size) {
  dax::nd::BttArena arena; // looked for where the one before ends: a call is seldom in two
  std::size_t done = 0;
  while (done < size) {
    const std::uint64_t sector = (offset + done) / shown;
    const std::uint64_t within = (offset + done) % shown;
    const std::size_t some = std::min<std::uint64_t>(size - done, shown - within);
    if (!arena.has(sector)) {
      arena = dax::nd::btt_arena_with(dax::nd::btt_version(*region_), region_->size, region_->nd.info.align, sector);
    }
    const auto moved = move_sector(way, arena, sector, within, memory + done, some);
    if (!moved && done == 0) {
      return moved;
    }
    done += moved.value_or(0);
    if (!moved || *moved < some) {
      break;
    }
  }
  return done;
}

Result<std::size_t> DiskBytes::move_sector(Way way, const dax::nd::BttArena& arena, std::uint64_t sector,
                                           std::uint64_t within, char* memory, std::size_t size) {
  if (arena.sectors == 0) {
    return fail(EIO);
  }
  const std::uint64_t place = arena.map + (sector - arena.first) * dax::nd::kBttMapEntry;
  std::uint32_t entry = 0;
  if (auto read = move_bytes(Way::read, place, reinterpret_cast<char*>(&entry), sizeof entry); !read) {
    return read;
  }
  using State = dax::nd::BttSector::State;
  const dax::nd::BttSector found = dax::nd::btt_sector(entry, sector - arena.first);
  if (found.block >= arena.blocks) { // btt_write_pg(): the map says what no arena has
    return fail(EIO);
  }
  const std::uint64_t data = arena.data + found.block * arena.block_size + within;
  if (way == Way::read) {
    static constexpr std::array<char, kPageSize> kZeroes{};
    return found.state == State::bad ? Result<std::size_t>(fail(EIO))
           : found.state == State::zeroes
               ? copy_out(memory, kZeroes.data(), size) ? Result<std::size_t>(size) : fail(EFAULT)
               : move_bytes(way, data, memory, size);
  }
  if (found.state == State::data) {
    return move_bytes(way, data, memory, size);
  }
  // The rest of it is zero from now on, and the sector one with data.
  std::array<char, kPageSize> whole{};
  std::uint32_t normal = entry | 3U << 30U;
  auto written = move_bytes(Way::write, data - within, whole.data(), arena.sector_size < kPageSize ? 512 : kPageSize);
  written = written ? move_bytes(Way::write, data, memory, size) : written;
  return written ? move_bytes(Way::write, place, reinterpret_cast<char*>(&normal), sizeof normal)
                       .and_then([&](std::size_t) { return Result<std::size_t>(size); })
                 : written;
}

Result<std::size_t> DiskBytes::move_reserve(Way way, std::uint64_t offset, char* memory, std::size_t size) {
  if (!reserve_) {
    auto opened = dax::nd::open_reserve(*store_, *region_);
    if (!opened) {
      return tl::unexpected(opened.error());
    }
    reserve_ = std::move(*opened);
  }
  if (way == Way::read) {
    return sys::pread(reserve_.get(), memory, size, offset);
  }
  const auto written = sys::pwrite(reserve_.get(), memory, size, offset);
  if (written) {
    if (const auto noted = dax::nd::note_written(*store_, *region_, offset, *written); !noted) {
      return tl::unexpected(noted.error());
    }
  }
  return written;
}

Result<std::size_t> DiskBytes::move_memory(Way way, store::DeviceRecord& device, std::uint64_t offset, char* memory,
                                           std::size_t size) {
  if (const auto opened = open_memory(device); !opened) {
    return tl::unexpected(opened.error());
  }
  const bool hugetlb = device.backing.kind == store::BackingKind::hugetlb;
  const std::uint64_t window = hugetlb ? device.backing.page_size : std::max(device.align, kPmdSize);
  std::size_t done = 0;
  while (done < size) {
    const std::uint64_t at = offset + done;
    const std::size_t some = std::min<std::uint64_t>(size - done, window - (at & (window - 1)));
    auto moved = prepare(way, device, at, some).and_then([&]() -> Result<std::size_t> {
      if (way == Way::read) {
        return sys::pread(memory_->bytes.get(), memory + done, some, at);
      }
      return hugetlb ? put_mapped(memory_->bytes.get(), window, at, memory + done, some)
                     : sys::pwrite(memory_->bytes.get(), memory + done, some, at);
    });
    if (!moved && done == 0) {
      return moved;
    }
    done += moved.value_or(0);
    if (!moved || *moved < some) {
      break;
    }
  }
  if (way == Way::write) { // not by a mapping of a program
    device.mapping_changes.fetch_add(1, std::memory_order_acq_rel);
  }
  return done;
}

Result<void> DiskBytes::open_memory(const store::DeviceRecord& device) {
  if (memory_) {
    return {};
  }
  auto bytes = store_->open_file(device.backing.location.c_str(), O_RDWR | O_CLOEXEC);
  auto records = store_->open_file(device.folios_location.c_str(), O_RDWR | O_CLOEXEC);
  const auto about = bytes ? sys::fstat(bytes->get()) : Result<struct stat>(tl::unexpected(bytes.error()));
  if (!records || !about || about->st_dev != device.backing.st_dev || about->st_ino != device.backing.st_ino) {
    return fail(EIO); // the keeper is gone, and its number is another's
  }
  auto folios = mm::FolioTable::map(records->get(), dax::extent_count(device));
  auto image = fault::LazyImage::of(device);
  if (!folios || !image) {
    return fail(EIO);
  }
  memory_ = Memory{std::move(*bytes), std::move(*folios), std::move(*image)};
  return {};
}

// The extents have their bytes, and count as touched once they are written to. Errors: EIO (poison, a damaged image).
Result<void> DiskBytes::prepare(Way way, const store::DeviceRecord& device, std::uint64_t offset, std::size_t size) {
  const std::uint64_t last = (offset + size - 1) / device.align;
  for (std::uint64_t at = offset / device.align; at <= last; ++at) {
    mm::FolioRecord& folio = memory_->folios[ExtentIndex(at)];
    if ((folio.flags.load() & mm::kFolioHwpoison) != 0 ||
        !memory_->image.bring(ExtentIndex(at), folio, memory_->bytes.get())) {
      return fail(EIO);
    }
    if (way == Way::write) {
      folio.flags.fetch_or(mm::kFolioTouched);
    }
  }
  return {};
}

} // namespace daxemu::preload
