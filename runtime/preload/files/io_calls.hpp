// Calls on descriptors. Each hook asks first whether the descriptor is known to be foreign; that is all an unrelated
// program pays.
#pragma once

#include <cstdint>

#include <sys/types.h>
#include <sys/uio.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/nodes/device_rules.hpp"

namespace daxemu::preload {

using RealSize = FunctionRef<ssize_t()>;
using RealStatus = FunctionRef<int()>;

inline constexpr std::int64_t kAtPosition = -1; // read(2): the description's own offset
// The offset that pread(2) and its kin name: -1 of theirs is no position but refused, as every other below 0.
[[nodiscard]] constexpr std::int64_t named_place(off_t offset) {
  return offset == kAtPosition ? kAtPosition - 1 : offset;
}

// The errno with which device-dax refuses `operation` on `fd`, or 0: no device's descriptor.
[[nodiscard]] int device_refusal(int fd, Operation operation);
// The same of a device's descriptor that was open with these flags (F_GETFL).
[[nodiscard]] int device_refusal_by_flags(int flags, Operation operation);

// The slow halves of the calls below: the descriptor may be ours.
ssize_t read_slow(int fd, const iovec* pieces, int count, std::int64_t offset, RealSize real);
ssize_t write_slow(int fd, const iovec* pieces, int count, std::int64_t offset, RealSize real);
off_t seek_slow(int fd, off_t offset, int whence, FunctionRef<off_t()> real);
int operate_slow(int fd, Operation operation, RealStatus real);
// posix_fallocate and posix_fadvise return the error instead of setting errno.
int advise_slow(int fd, off_t offset, off_t length, int advice, RealStatus real);
int read_ahead_slow(int fd, off_t offset, RealStatus real);
int allocate_slow(int fd, int mode, off_t offset, off_t length, RealStatus real);
int posix_allocate_slow(int fd, off_t offset, off_t length, RealStatus real);
int sync_range_slow(int fd, off_t offset, off_t length, unsigned flags, RealStatus real);
int fcntl_slow(int fd, int command, long argument, RealStatus real);

// Can the kernel read these pieces, and as many? Else it says so, before it looks at the file (import_iovec).
[[nodiscard]] bool are_pieces(const iovec* pieces, int count) noexcept;

template <class Real>
inline ssize_t read_call(int fd, void* into, std::size_t size, std::int64_t offset, Real real) {
  if (FdTable::is_foreign(fd)) {
    return real();
  }
  const iovec piece{into, size};
  return read_slow(fd, &piece, 1, offset, real);
}
template <class Real>
inline ssize_t write_call(int fd, const void* from, std::size_t size, std::int64_t offset, Real real) {
  if (FdTable::is_foreign(fd)) {
    return real();
  }
  const iovec piece{const_cast<void*>(from), size};
  return write_slow(fd, &piece, 1, offset, real);
}
template <class Real>
inline ssize_t write_pieces_call(int fd, const iovec* pieces, int count, std::int64_t offset, Real real) {
  return FdTable::is_foreign(fd) || !are_pieces(pieces, count) ? real() : write_slow(fd, pieces, count, offset, real);
}
template <class Real>
inline int operate_call(int fd, Operation operation, Real real) {
  return FdTable::is_foreign(fd) ? real() : operate_slow(fd, operation, real);
}
// do_sys_ftruncate() refuses a negative length of whatever descriptor.
template <class Real>
inline int truncate_call(int fd, off_t length, Real real) {
  return length < 0 ? real() : operate_call(fd, Operation::truncate, real);
}
template <class Real>
inline ssize_t read_pieces_call(int fd, const iovec* pieces, int count, std::int64_t offset, Real real) {
  return FdTable::is_foreign(fd) || !are_pieces(pieces, count) ? real() : read_slow(fd, pieces, count, offset, real);
}

enum class Copy { sends, splices, ranges }; // sendfile(2), splice(2), copy_file_range(2)

// sendfile(2) and the like, of two descriptors, with what the caller may have said of places in them.
struct Places {
  Copy how = Copy::sends;
  std::size_t count = 0; // of bytes
  off64_t* in = nullptr;
  off64_t* out = nullptr;
  bool given_back = false; // even if nothing was copied
  bool waits = true;       // for room in a pipe
};
ssize_t copy_call(int in, int out, const Places& places, RealSize real);

} // namespace daxemu::preload
