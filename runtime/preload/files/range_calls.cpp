// What is said of ranges of a file: fallocate(2), posix_fadvise(3), sync_file_range(2).
#include <algorithm>

#include <cerrno>
#include <fcntl.h>
#include <linux/falloc.h>

#include "runtime/preload/files/descriptor_target.hpp"
#include "runtime/preload/files/io_calls.hpp"

namespace daxemu::preload {
namespace {

constexpr unsigned kWriteZeroes = 0x80; // FALLOC_FL_WRITE_ZEROES, newer than the headers of some machines

bool takes_one_mode(unsigned mode, bool zeroes) {
  const bool keeps_size = (mode & FALLOC_FL_KEEP_SIZE) != 0;
  switch (mode & ~static_cast<unsigned>(FALLOC_FL_KEEP_SIZE)) {
  case 0:
  case FALLOC_FL_UNSHARE_RANGE:
  case FALLOC_FL_ZERO_RANGE:
    return true;
  case FALLOC_FL_PUNCH_HOLE:
    return keeps_size;
  case FALLOC_FL_COLLAPSE_RANGE:
  case FALLOC_FL_INSERT_RANGE:
    return !keeps_size;
  case kWriteZeroes:
    return zeroes && !keeps_size;
  default:
    return false;
  }
}

// What vfs_fallocate() has against `mode`, whatever the file; 0: nothing.
int refusal_of_mode(unsigned mode) {
  constexpr unsigned kKnown = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
                              FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
  if (const Profile& kernel = Context::get()->store().profile(); kernel.fallocate_has_one_mode) {
    return takes_one_mode(mode, kernel.fallocate_writes_zeroes) ? 0 : EOPNOTSUPP;
  }
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

// Is what begins there refused, as advice of any file?
bool begins_before(off_t offset) {
  const Context* context = Context::get();
  return offset < 0 && context != nullptr && context->store().profile().advice_begins_in_file;
}

} // namespace

int advise_slow(int fd, off_t offset, off_t length, int advice, RealStatus real) {
  const FdClass what = target_of(fd).what;
  const bool refused = begins_before(offset);
  if (!is_character(what) && (!refused || what != FdClass::attribute)) {
    return real();
  }
  if (!grants(status_flags(fd), Access::none)) {
    return EBADF;
  }
  // generic_fadvise(): a DAX inode takes every advice and does nothing.
  return !refused && length >= 0 && advice >= POSIX_FADV_NORMAL && advice <= POSIX_FADV_NOREUSE ? 0 : EINVAL;
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

int read_ahead_slow(int fd, off_t offset, RealStatus real) {
  if (begins_before(offset) && target_of(fd).what == FdClass::attribute && grants(status_flags(fd), Access::readable)) {
    errno = EINVAL;
    return -1;
  }
  return operate_slow(fd, Operation::read_ahead, real);
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
