// What is said of ranges of a file: fallocate(2), posix_fadvise(3), sync_file_range(2).
#include <algorithm>

#include <cerrno>
#include <fcntl.h>
#include <linux/falloc.h>

#include "runtime/preload/files/descriptor_target.hpp"
#include "runtime/preload/files/io_calls.hpp"

namespace daxemu::preload {
namespace {

// What vfs_fallocate() has against `mode`, whatever the file; 0: nothing.
int refusal_of_mode(unsigned mode) {
  constexpr unsigned kKnown = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
                              FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
  constexpr unsigned kHoleOrZero = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
  const bool keeps_size = (mode & FALLOC_FL_KEEP_SIZE) != 0;
  if ((mode & ~kKnown) != 0 || (mode & kHoleOrZero) == kHoleOrZero ||
      ((mode & FALLOC_FL_PUNCH_HOLE) != 0 && !keeps_size)) {
    return EOPNOTSUPP;
  }
  struct Alone {
    unsigned mode;
    unsigned also;
  };
  constexpr Alone kAlone[] = {
      {FALLOC_FL_COLLAPSE_RANGE, 0}, {FALLOC_FL_INSERT_RANGE, 0}, {FALLOC_FL_UNSHARE_RANGE, FALLOC_FL_KEEP_SIZE}};
  const bool mixed = std::any_of(std::begin(kAlone), std::end(kAlone), [mode](const Alone& one) {
    return (mode & one.mode) != 0 && (mode & ~(one.mode | one.also)) != 0;
  });
  return mixed ? EINVAL : 0;
}

} // namespace

int advise_slow(int fd, int advice, RealStatus real) {
  if (!is_character(target_of(fd).what)) {
    return real();
  }
  if (!grants(status_flags(fd), Access::none)) {
    return EBADF;
  }
  // generic_fadvise(): a DAX inode takes every advice and does nothing.
  return advice >= POSIX_FADV_NORMAL && advice <= POSIX_FADV_NOREUSE ? 0 : EINVAL;
}

int allocate_slow(int fd, int mode, off_t offset, off_t length, RealStatus real) {
  const FdClass what = target_of(fd).what;
  if (!is_character(what) && what != FdClass::attribute && what != FdClass::disk) {
    return real();
  }
  // The order of ksys_fallocate() and vfs_fallocate().
  if (!grants(status_flags(fd), Access::none)) {
    errno = EBADF;
    return -1;
  }
  if (offset < 0 || length <= 0) {
    errno = EINVAL;
    return -1;
  }
  if (const int code = refusal_of_mode(static_cast<unsigned>(mode)); code != 0) {
    errno = code;
    return -1;
  }
  return operate_slow(fd, Operation::allocate, real);
}

int posix_allocate_slow(int fd, off_t offset, off_t length, RealStatus real) {
  const FdClass what = target_of(fd).what;
  if (!is_character(what) && what != FdClass::attribute && what != FdClass::disk) {
    return real();
  }
  const int kept = errno;
  const int status = allocate_slow(fd, 0, offset, length, real);
  const int code = errno;
  errno = kept;
  return status == 0 ? 0 : code;
}

int sync_range_slow(int fd, off_t offset, off_t length, unsigned flags, RealStatus real) {
  constexpr unsigned kKnown = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  off_t end = 0;
  const bool bad = (flags & ~kKnown) != 0 || offset < 0 || __builtin_add_overflow(offset, length, &end) || end < offset;
  if (bad && is_character(target_of(fd).what) && grants(status_flags(fd), Access::none)) {
    errno = EINVAL; // sync_file_range() looks at what it is asked before it looks at the file
    return -1;
  }
  return operate_slow(fd, Operation::sync_range, real);
}

} // namespace daxemu::preload
