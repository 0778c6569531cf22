#include "runtime/preload/files/disk_calls.hpp"

#include <algorithm>
#include <climits>
#include <span>

#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/later_relocations.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/nd/nd_disk.hpp"
#include "runtime/preload/files/disk_bytes.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/nodes/disk_file.hpp"

// Newer than the headers of some machines.
#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

namespace daxemu::preload {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kBlock = kPageSize;
constexpr std::uint64_t kReadAhead = 256; // sectors

store::RegionRecord* region_of(int fd) {
  Context* context = Context::get();
  return context == nullptr ? nullptr : context->descriptors().disk(fd);
}

dax::nd::DiskShape shape_of(const store::RegionRecord& region) {
  return dax::nd::disk_shape(Context::get()->store(), region);
}
// A disk that is gone has no bytes.
std::uint64_t size_of(const store::RegionRecord* region) {
  return region == nullptr ? 0 : shape_of(*region).size;
}

bool may(int fd, bool write) {
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  if (!flags || (*flags & O_PATH) != 0) {
    return false;
  }
  const long mode = *flags & O_ACCMODE;
  return mode == O_RDWR || mode == (write ? O_WRONLY : O_RDONLY);
}

// Where the call begins: at the description's own position, or at `offset`. Errors: EINVAL.
Result<std::uint64_t> beginning(int fd, std::int64_t offset) {
  if (offset == kAtPosition) {
    const auto position = sys::call(SYS_lseek, fd, 0, SEEK_CUR);
    return position ? Result<std::uint64_t>(static_cast<std::uint64_t>(*position)) : tl::unexpected(position.error());
  }
  return offset < 0 ? Result<std::uint64_t>(fail(EINVAL)) : static_cast<std::uint64_t>(offset);
}

// import_iovec(): EINVAL if the lengths are more than a call can return.
Result<std::uint64_t> length_of(std::span<const iovec> pieces) {
  std::uint64_t length = 0;
  for (const iovec& piece : pieces) {
    if (piece.iov_len > static_cast<std::uint64_t>(SSIZE_MAX) - length) {
      return fail(EINVAL);
    }
    length += piece.iov_len;
  }
  return length;
}

// blkdev_dio_unaligned(), of the first `length` bytes of the pieces.
bool is_unaligned(int fd, std::uint64_t offset, std::span<const iovec> pieces, std::uint64_t length) {
  const store::RegionRecord* region = region_of(fd);
  const std::uint64_t block = region == nullptr ? kSector : shape_of(*region).block;
  std::uint64_t bits = offset;
  for (const iovec& piece : pieces) {
    const std::uint64_t some = std::min<std::uint64_t>(piece.iov_len, length);
    bits |= reinterpret_cast<std::uintptr_t>(piece.iov_base) | some;
    length -= some;
    if (length == 0) {
      break;
    }
  }
  return bits % block != 0;
}

// `move` of one piece of the program's memory at a place of the disk, for each, as far as it goes.
template <class Move>
Result<ssize_t> move_all(int fd, std::span<const iovec> pieces, std::int64_t offset, std::uint64_t begin,
                         std::uint64_t length, Move&& move) {
  if (DiskFile::is_direct(fd) && is_unaligned(fd, begin, pieces, length)) {
    return fail(EINVAL);
  }
  std::uint64_t done = 0;
  for (const iovec& piece : pieces) {
    const std::size_t some = std::min<std::uint64_t>(piece.iov_len, length - done);
    const auto moved = some == 0 ? Result<std::size_t>(0) : move(begin + done, piece.iov_base, some);
    if (!moved && done == 0) {
      return tl::unexpected(moved.error());
    }
    done += moved.value_or(0);
    if (!moved || *moved < some) {
      break;
    }
  }
  if (offset == kAtPosition) {
    (void)sys::call(SYS_lseek, fd, static_cast<long>(begin + done), SEEK_SET);
  }
  return static_cast<ssize_t>(done);
}

// blkdev_read_iter(). A disk that is gone has no bytes.
Result<ssize_t> read_from(int fd, std::span<const iovec> pieces, std::int64_t offset) {
  const auto begin = beginning(fd, offset);
  const auto length = length_of(pieces);
  if (!begin || !length) {
    return tl::unexpected((begin ? length : begin).error());
  }
  store::RegionRecord* region = region_of(fd);
  const std::uint64_t size = size_of(region);
  if (*begin >= size || *length == 0) {
    return 0;
  }
  DiskBytes bytes(Context::get()->store(), *region);
  return move_all(fd, pieces, offset, *begin, std::min(*length, size - *begin),
                  [&](std::uint64_t at, void* into, std::size_t some) { return bytes.read(at, into, some); });
}

// blkdev_write_iter()
Result<ssize_t> write_to(int fd, std::span<const iovec> pieces, std::int64_t offset) {
  const auto begin = beginning(fd, offset);
  const auto length = length_of(pieces);
  if (!begin || !length) {
    return tl::unexpected((begin ? length : begin).error());
  }
  store::RegionRecord* region = region_of(fd);
  if (region != nullptr && region->nd.read_only != 0) {
    return fail(EPERM);
  }
  const std::uint64_t size = size_of(region);
  if (*length == 0) {
    return 0;
  }
  if (*begin >= size) {
    return fail(ENOSPC);
  }
  DiskBytes bytes(Context::get()->store(), *region);
  return move_all(fd, pieces, offset, *begin, std::min(*length, size - *begin),
                  [&](std::uint64_t at, const void* from, std::size_t some) { return bytes.write(at, from, some); });
}

// What a request gives, and how many bytes of it.
struct Answer {
  unsigned long request;
  std::size_t size;
  std::uint64_t (*value)(const store::RegionRecord& region);
};
template <std::uint64_t Value>
std::uint64_t always(const store::RegionRecord&) {
  return Value;
}
DAXEMU_LATER_TABLE constexpr Answer kAnswers[] = {
    {BLKROGET, sizeof(int), [](const store::RegionRecord& r) { return std::uint64_t{r.nd.read_only}; }},
    {BLKGETSIZE, sizeof(long), [](const store::RegionRecord& r) { return size_of(&r) / kSector; }},
    {BLKGETSIZE64, sizeof(std::uint64_t), [](const store::RegionRecord& r) { return size_of(&r); }},
    {BLKGETDISKSEQ, sizeof(std::uint64_t), [](const store::RegionRecord& r) { return r.nd.disk; }},
    {BLKSSZGET, sizeof(int), [](const store::RegionRecord& r) { return std::uint64_t{shape_of(r).block}; }},
    {BLKPBSZGET, sizeof(int), [](const store::RegionRecord& r) { return std::uint64_t{shape_of(r).physical}; }},
    {BLKBSZGET, sizeof(int), always<kBlock>},
    {BLKIOMIN, sizeof(int), [](const store::RegionRecord& r) { return std::uint64_t{shape_of(r).physical}; }},
    {BLKIOOPT, sizeof(int), always<0>},
    {BLKRAGET, sizeof(long), always<kReadAhead>},
    {BLKFRAGET, sizeof(long), always<kReadAhead>},
    {BLKALIGNOFF, sizeof(int), always<0>},
    {BLKDISCARDZEROES, sizeof(int), always<0>},
    {BLKROTATIONAL, sizeof(short), always<0>},
};
struct Refusal {
  unsigned long request;
  int error; // 0: nothing to do
};
constexpr Refusal kRefusals[] = {
    {BLKFLSBUF, 0},           {BLKDISCARD, EOPNOTSUPP}, {BLKSECDISCARD, EOPNOTSUPP},
    {BLKZEROOUT, EOPNOTSUPP}, {BLKRRPART, EINVAL},      {BLKPG, EINVAL}, // it has no partitions
};

int refused_by_disk(int code) {
  if (code == 0) {
    return 0;
  }
  errno = code;
  return -1;
}

} // namespace

bool is_disk(int fd) {
  Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  return context != nullptr && context->descriptors().disk(fd) != nullptr;
}

ssize_t read_disk(int fd, const iovec* pieces, int count, std::int64_t offset) {
  return libc_value(may(fd, false) ? read_from(fd, {pieces, static_cast<std::size_t>(count)}, offset) : fail(EBADF),
                    ssize_t{-1});
}

ssize_t write_disk(int fd, const iovec* pieces, int count, std::int64_t offset) {
  return libc_value(may(fd, true) ? write_to(fd, {pieces, static_cast<std::size_t>(count)}, offset) : fail(EBADF),
                    ssize_t{-1});
}

// fixed_size_llseek()
off_t seek_disk(int fd, off_t offset, int whence) {
  const store::RegionRecord* region = region_of(fd);
  const auto size = static_cast<off_t>(size_of(region));
  const auto position = sys::call(SYS_lseek, fd, 0, SEEK_CUR);
  off_t place = offset;
  if (!position) {
    return refused_by_disk(position.error().value);
  }
  const bool known = whence == SEEK_SET || whence == SEEK_CUR || whence == SEEK_END;
  const off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? *position : size;
  if (!known || __builtin_add_overflow(base, offset, &place) || place < 0 || place > size) {
    return refused_by_disk(EINVAL);
  }
  return libc_value<off_t>(sys::call(SYS_lseek, fd, place, SEEK_SET), -1);
}

bool control_disk(int fd, unsigned long request, void* argument, int& status) {
  const store::RegionRecord* region = region_of(fd);
  tables_ready();
  for (const Answer& answer : kAnswers) {
    if (answer.request == request) {
      const std::uint64_t value = region == nullptr ? 0 : answer.value(*region);
      status = refused_by_disk(copy_out(argument, &value, answer.size) ? 0 : EFAULT);
      return true;
    }
  }
  for (const Refusal& refusal : kRefusals) {
    if (refusal.request == request) {
      const bool allowed = request != BLKFLSBUF || Caller().credentials().capable(sysfs::kCapSysAdmin);
      status = refused_by_disk(allowed ? refusal.error : EACCES);
      return true;
    }
  }
  return false;
}

bool fcntl_disk(int fd, int command, long argument, RealStatus real, int& status) {
  switch (command) {
  case F_GETFL:
    status = real();
    if (status >= 0 && DiskFile::is_direct(fd)) {
      status |= O_DIRECT;
    }
    return true;
  case F_SETFL:
    status = libc_value<int>(sys::call(SYS_fcntl, fd, F_SETFL, argument & ~static_cast<long>(O_DIRECT)), -1);
    if (status == 0) {
      DiskFile::set_direct(fd, (argument & O_DIRECT) != 0);
    }
    return true;
  case F_GETSIG: // where the mark is that we have made
  case F_SETSIG:
    status = 0;
    return true;
  default:
    return false;
  }
}

} // namespace daxemu::preload
