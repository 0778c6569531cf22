#include "emu/mm/folio_table.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/aside.hpp"

namespace daxemu::mm {

Result<FolioTable> FolioTable::map(int fd, std::uint64_t extents) {
  auto st = sys::fstat(fd);
  if (!st) {
    return tl::unexpected(st.error());
  }
  if (static_cast<std::uint64_t>(st->st_size) < file_size(extents)) {
    return fail(EIO);
  }
  const std::uint64_t length = folio_records_offset() + folio_records_size(extents);
  auto mapping = sys::map_aside(fd, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  return FolioTable(std::move(*mapping), extents);
}

Result<FolioTable> FolioTable::open(const char* path, std::uint64_t extents) {
  auto raw = sys::open_own(path, O_RDWR | O_CLOEXEC);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  const UniqueFd fd(*raw);
  return map(fd.get(), extents);
}

Result<std::vector<FolioTable::Piece>> FolioTable::touched(int fd) const {
  std::vector<Piece> pieces;
  const std::uint64_t begin = folio_records_offset();
  const std::uint64_t end = begin + extents_ * sizeof(FolioRecord);
  std::uint64_t at = begin;
  while (at < end) {
    const auto data = sys::call(SYS_lseek, fd, static_cast<long>(at), SEEK_DATA);
    if (!data) {
      if (data.error() == Errno{ENXIO}) { // only holes from here on
        break;
      }
      return tl::unexpected(data.error());
    }
    const auto from = static_cast<std::uint64_t>(*data);
    if (from >= end) {
      break;
    }
    const auto hole = sys::call(SYS_lseek, fd, *data, SEEK_HOLE);
    if (!hole) {
      return tl::unexpected(hole.error());
    }
    const std::uint64_t to = std::min(static_cast<std::uint64_t>(*hole), end);
    pieces.push_back(
        {(from - begin) / sizeof(FolioRecord), (to - begin + sizeof(FolioRecord) - 1) / sizeof(FolioRecord)});
    at = to;
  }
  return pieces;
}

} // namespace daxemu::mm
