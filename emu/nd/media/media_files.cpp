#include "emu/nd/media/media_files.hpp"

#include <cstring>

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/program/aside.hpp"
#include "emu/dax/device/extents.hpp"

namespace daxemu::nd {
namespace {

constexpr std::uint64_t kNone = ~0ULL;

bool is_zero(std::span<const std::byte> bytes) {
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::uint64_t seek_data(int fd, std::uint64_t offset) {
  const auto found = sys::call(SYS_lseek, fd, static_cast<long>(offset), SEEK_DATA);
  return found ? static_cast<std::uint64_t>(*found) : kNone;
}

} // namespace

void each_written_run(std::span<const std::byte> bytes, std::uint64_t at,
                      FunctionRef<bool(std::size_t, std::size_t)> written,
                      FunctionRef<bool(std::size_t, std::size_t)> zero) {
  std::size_t from = 0;
  while (from < bytes.size()) {
    const auto page_end = [&](std::size_t place) {
      return std::min<std::size_t>(bytes.size(), align_down(at + place, kPageSize) + kPageSize - at);
    };
    const std::size_t first_end = page_end(from);
    const bool none = is_zero(bytes.subspan(from, first_end - from));
    std::size_t end = first_end;
    while (end < bytes.size() && is_zero(bytes.subspan(end, page_end(end) - end)) == none) {
      end = page_end(end);
    }
    if (!(none ? zero : written)(from, end - from)) {
      return;
    }
    from = end;
  }
}

Result<DeviceFile> DeviceFile::open(const store::Store& store, const store::DeviceRecord& device) {
  auto fd = store.open_file(device.backing.location.c_str(), O_RDWR | O_CLOEXEC);
  auto records = store.open_file(device.folios_location.c_str(), O_RDWR | O_CLOEXEC);
  if (!fd || !records) {
    return fail(ENOMEM);
  }
  auto folios = mm::FolioTable::map(records->get(), dax::extent_count(device));
  if (!folios) {
    return fail(ENOMEM);
  }
  DeviceFile file;
  file.fd_ = std::move(*fd);
  file.hugetlb_ = device.backing.kind == store::BackingKind::hugetlb;
  file.page_size_ = device.backing.page_size;
  file.align_ = device.align;
  file.folios_ = std::move(*folios);
  return file;
}

Result<DeviceFile> DeviceFile::open(const store::Store& store, const store::BackingRecord& backing) {
  auto fd = store.open_file(backing.location.c_str(), O_RDWR | O_CLOEXEC);
  if (!fd) {
    return fail(ENOMEM);
  }
  DeviceFile file;
  file.fd_ = std::move(*fd);
  return file;
}

std::uint64_t DeviceFile::next_data(std::uint64_t offset) const {
  if (!hugetlb_) {
    return seek_data(fd_.get(), offset);
  }
  constexpr std::uint32_t kWritten = mm::kFolioTouched | mm::kFolioDirty | mm::kFolioLoaded | mm::kFolioZeroed;
  for (std::uint64_t extent = offset / align_; extent < folios_.size(); ++extent) {
    if ((folios_[ExtentIndex(extent)].flags.load(std::memory_order_acquire) & kWritten) != 0) {
      return std::max(offset, extent * align_);
    }
  }
  return kNone;
}

Result<void> DeviceFile::read(std::span<std::byte> into, std::uint64_t offset) const {
  return read_whole(fd_.get(), into, offset);
}

Result<void> DeviceFile::write(std::span<const std::byte> from, std::uint64_t offset) const {
  if (!hugetlb_) {
    return write_whole(fd_.get(), from, offset) ? Result<void>() : fail(ENOMEM);
  }
  while (!from.empty()) {
    const std::uint64_t base = align_down(offset, page_size_);
    const std::size_t size = std::min<std::uint64_t>(from.size(), base + page_size_ - offset);
    const auto page = sys::map_aside(fd_.get(), page_size_, PROT_READ | PROT_WRITE, MAP_SHARED, base);
    if (!page) {
      return fail(ENOMEM);
    }
    std::memcpy(page->bytes().data() + (offset - base), from.data(), size);
    folios_[ExtentIndex(offset / align_)].flags.fetch_or(mm::kFolioZeroed); // so it is known to have a page
    from = from.subspan(size);
    offset += size;
  }
  return {};
}

Result<TargetFiles> TargetFiles::open(const store::Store& store, const RegionMedia& media) {
  TargetFiles files(media);
  for (std::size_t at = 0; at < files.stripes_.ways; ++at) {
    files.targets_[at].start = media.parts[at].start;
    const std::uint32_t slot = media.parts[at].slot;
    if (slot == 0 || slot > store.backing_slots().size()) {
      continue;
    }
    const store::BackingRecord& backing = store.backing_slots()[slot - 1].backing;
    auto fd = store.open_file(backing.location.c_str(), O_RDWR | O_CLOEXEC);
    if (!fd) {
      return fail(ENOMEM);
    }
    files.targets_[at].fd = std::move(*fd);
    files.targets_[at].is_image = backing.kind == store::BackingKind::file;
  }
  return files;
}

std::uint64_t TargetFiles::next_data(std::uint64_t offset, std::uint64_t end) const {
  std::uint64_t next = kNone;
  for (std::uint64_t position = 0; position < stripes_.ways; ++position) {
    const Target& target = targets_[position];
    const std::uint64_t at = stripes_.before(offset, position);
    const std::uint64_t found = target.fd ? seek_data(target.fd.get(), target.start + at) : kNone;
    if (found != kNone && found - target.start < stripes_.before(end, position)) {
      next = std::min(next, std::max(offset, stripes_.offset_of(found - target.start, position)));
    }
  }
  return next;
}

void TargetFiles::read(std::uint64_t position, std::span<std::byte> into, std::uint64_t at) const {
  const Target& target = targets_[position];
  std::size_t got = 0;
  while (target.fd && got < into.size()) {
    const auto read = sys::pread(target.fd.get(), into.data() + got, into.size() - got, target.start + at + got);
    if (!read || *read == 0) {
      break;
    }
    got += *read;
  }
  std::memset(into.data() + got, 0, into.size() - got);
}

Result<void> TargetFiles::write(std::uint64_t position, std::span<const std::byte> from, std::uint64_t at) const {
  const Target& target = targets_[position];
  if (!target.fd) {
    return {};
  }
  Result<void> result;
  const auto put = [&](std::size_t first, std::size_t size) {
    result = write_whole(target.fd.get(), from.subspan(first, size), target.start + at + first);
    return result.has_value();
  };
  const auto put_zero = [&](std::size_t first, std::size_t size) {
    const std::uint64_t place = target.start + at + first;
    return seek_data(target.fd.get(), place) >= place + size || put(first, size);
  };
  each_written_run(from, target.start + at, put, put_zero);
  return result;
}

Result<void> TargetFiles::reserve(std::uint64_t offset, std::uint64_t end) const {
  for (std::uint64_t position = 0; position < stripes_.ways; ++position) {
    const Target& target = targets_[position];
    const std::uint64_t from = stripes_.before(offset, position);
    const std::uint64_t to = stripes_.before(end, position);
    if (!target.fd || from >= to) {
      continue;
    }
    const auto made = sys::fallocate(target.fd.get(), FALLOC_FL_KEEP_SIZE, target.start + from, to - from);
    if (!made && made.error() != Errno{EOPNOTSUPP}) {
      return fail(made.error().value == ENOSPC ? ENOSPC : ENOMEM);
    }
  }
  return {};
}

void TargetFiles::clear(std::uint64_t offset, std::uint64_t end) const {
  for (std::uint64_t position = 0; position < stripes_.ways; ++position) {
    const Target& target = targets_[position];
    const std::uint64_t from = stripes_.before(offset, position);
    const std::uint64_t to = stripes_.before(end, position);
    if (target.fd && !target.is_image &&
        from < to) { // a file system without holes keeps the bytes: they are overwritten when these return
      (void)sys::fallocate(target.fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, target.start + from, to - from);
    }
  }
}

} // namespace daxemu::nd
