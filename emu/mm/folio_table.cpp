#include "emu/mm/folio_table.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include "emu/base/unique_fd.hpp"

namespace daxemu::mm {

Result<FolioTable> FolioTable::map(int fd, std::uint64_t extents) {
  auto st = sys::fstat(fd);
  if (!st) {
    return tl::unexpected(st.error());
  }
  const std::uint64_t length = file_size(extents);
  if (static_cast<std::uint64_t>(st->st_size) < length) {
    return fail(EIO);
  }
  auto mapping = Mapping::of(fd, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  return FolioTable(std::move(*mapping), extents);
}

Result<FolioTable> FolioTable::open(const char* path, std::uint64_t extents) {
  auto raw = sys::open(path, O_RDWR | O_CLOEXEC);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  const UniqueFd fd(*raw);
  return map(fd.get(), extents);
}

} // namespace daxemu::mm
