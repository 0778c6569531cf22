#include "emu/base/kernel/whole_io.hpp"

#include "emu/base/kernel/sys.hpp"

namespace daxemu {

Result<void> read_whole(int fd, std::span<std::byte> into, std::uint64_t offset) {
  while (!into.empty()) {
    const auto got = sys::pread(fd, into.data(), into.size(), offset);
    if (!got || *got == 0) {
      return fail(got ? EIO : got.error().value);
    }
    into = into.subspan(*got);
    offset += *got;
  }
  return {};
}

Result<void> write_whole(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto put = sys::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (!put || *put == 0) {
      return fail(put ? ENOSPC : put.error().value);
    }
    bytes = bytes.subspan(*put);
    offset += *put;
  }
  return {};
}

} // namespace daxemu
