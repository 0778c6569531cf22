#include "runtime/preload/files/io_calls.hpp"

#include <algorithm>
#include <climits>
#include <optional>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "emu/trace/why.hpp"
#include "runtime/preload/files/disk_calls.hpp"
#include "runtime/preload/files/lock_calls.hpp"
#include "runtime/preload/files/told_refusals.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/opened/open_texts.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

constexpr int kPathOnly = O_PATH;

struct Target {
  FdClass what = FdClass::foreign;
  Context* context = nullptr;
};

Target target_of(int fd) {
  Context* context = Context::get();
  return context == nullptr ? Target{} : Target{context->descriptors().classify(fd), context};
}

int status_flags(int fd) {
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  return flags ? static_cast<int>(*flags) : kPathOnly;
}

bool grants(int flags, Access needed) {
  if ((flags & kPathOnly) != 0) {
    return false;
  }
  const int mode = flags & O_ACCMODE;
  switch (needed) {
  case Access::readable:
    return mode == O_RDONLY || mode == O_RDWR;
  case Access::writable:
    return mode == O_WRONLY || mode == O_RDWR;
  case Access::none:
    break;
  }
  return true;
}

int refusal_of(int fd, Operation operation) {
  return device_refusal_by_flags(status_flags(fd), operation);
}

int refuse_on_device(int fd, Operation operation) {
  const int error = refusal_of(fd, operation);
  note_device_refusal(fd, operation, error);
  set_errno(Errno{error});
  return -1;
}

int refuse_on_disk(int fd, int error) {
  errno = grants(status_flags(fd), Access::none) ? error : EBADF;
  return -1;
}

// generic_file_llseek() on a file of the size that stat says, not of what the memory file holds: a hole behind the text
// would make cp(1) append zeroes.
off_t seek_attribute(int fd, off_t offset, int whence, FunctionRef<off_t()> real) {
  constexpr off_t kSize = 4096;
  switch (whence) {
  case SEEK_END:
    offset += kSize;
    break;
  case SEEK_DATA:
  case SEEK_HOLE:
    if (offset < 0 || offset >= kSize) {
      errno = ENXIO;
      return -1;
    }
    offset = whence == SEEK_DATA ? offset : kSize;
    break;
  default:
    return real();
  }
  return libc_value<off_t>(sys::call(SYS_lseek, fd, offset, SEEK_SET), -1);
}

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

bool is_at_start(int fd, std::int64_t offset) {
  return (offset == kAtPosition ? sys::call(SYS_lseek, fd, 0, SEEK_CUR).value_or(1) : offset) == 0;
}

} // namespace

int device_refusal_by_flags(int flags, Operation operation) {
  const Rule& rule = device_rule(operation);
  return grants(flags, rule.needs) ? rule.error : EBADF;
}

int device_refusal(int fd, Operation operation) {
  return !FdTable::is_foreign(fd) && is_character(target_of(fd).what) ? refusal_of(fd, operation) : 0;
}

namespace {

// Of what reads once each: waits until there is something, unless it was opened with O_NONBLOCK (tracing_read_pipe()).
ssize_t read_pipe(const Context& context, int fd, const sysfs::Node& node, RealSize real) {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 10'000'000};
  // What a read with little room has left is for the next one.
  const auto about = sys::fstat(fd);
  if (about && sys::call(SYS_lseek, fd, 0, SEEK_CUR).value_or(0) < about->st_size) {
    return real();
  }
  for (;;) {
    (void)sys::call(SYS_lseek, fd, 0, SEEK_SET);
    if (const auto fresh = context.files().refresh(fd, node); !fresh) {
      errno = fresh.error().value;
      return -1;
    }
    if (const auto now = sys::fstat(fd); !now || now->st_size != 0) {
      return real();
    }
    if ((status_flags(fd) & O_NONBLOCK) != 0) {
      errno = EAGAIN;
      return -1;
    }
    if (const auto slept = sys::call(SYS_nanosleep, reinterpret_cast<long>(&kPause), 0); !slept) {
      errno = slept.error().value;
      return -1;
    }
  }
}

// A descriptor that a vnode file was behind when it was last looked at.
bool was_vnode(int fd) {
  const FdClass what = FdTable::get(fd);
  return what == FdClass::attribute || what == FdClass::directory;
}

// Of a vnode file; nothing: `fd` is none. Apart: a path has no place on a signal handler's stack, from which other
// files are read.
[[gnu::noinline]] std::optional<ssize_t> read_named(const Context& context, int fd, std::int64_t offset,
                                                    RealSize real) {
  PathText vnode;
  const FdClass what = context.descriptors().classify(fd, vnode);
  if (vnode.empty() || is_character(what)) {
    return std::nullopt;
  }
  if (what == FdClass::directory) {
    errno = EISDIR;
    return -1;
  }
  if (what == FdClass::attribute) {
    if (const auto node = context.descriptors().node_at(vnode.view()); node && node->is_pipe) {
      return read_pipe(context, fd, *node, real);
    }
  }
  if (is_at_start(fd, offset)) {
    const auto node = context.descriptors().node_at(vnode.view());
    const auto fresh = node ? context.files().refresh(fd, *node) : Result<void>(tl::unexpected(node.error()));
    if (!fresh && grants(status_flags(fd), Access::readable)) { // else EBADF, which the kernel will say
      errno = fresh.error().value;
      return -1;
    }
  }
  return real();
}

// Of what this process has opened to read: does its file hold what the first read(2) is to give, or is it a later one,
// which goes on where that has ended? Then the kernel need not be asked what it is.
[[gnu::noinline]] bool needs_no_look(const Context& context, int fd, std::int64_t offset) {
  OpenTexts::Text text;
  return OpenTexts::take(fd, text) ? context.files().still_says(fd, text.node, text.mark) : !is_at_start(fd, offset);
}

// The same of a write.
[[gnu::noinline]] std::optional<ssize_t> write_named(const Context& context, int fd, const iovec* pieces, int count) {
  PathText vnode;
  if (context.descriptors().classify(fd, vnode) != FdClass::attribute) {
    return std::nullopt;
  }
  const auto node = context.descriptors().node_at(vnode.view());
  const auto earlier = node ? context.files().harvest(fd, *node) : Result<void>(tl::unexpected(node.error()));
  return libc_value<ssize_t>(earlier ? context.files().write(fd, *node, pieces, count)
                                     : Result<std::size_t>(tl::unexpected(earlier.error())),
                             -1);
}

} // namespace

ssize_t read_slow(int fd, const iovec* pieces, int count, std::int64_t offset, RealSize real) {
  Context* context = Context::get();
  if (context == nullptr) {
    return real();
  }
  if (FdTable::is_noted(fd) && needs_no_look(*context, fd, offset)) {
    return real();
  }
  if (was_vnode(fd)) {
    if (const auto done = read_named(*context, fd, offset, real); done) {
      return *done;
    }
  }
  switch (context->descriptors().classify(fd)) {
  case FdClass::device:
  case FdClass::control:
    return refuse_on_device(fd, Operation::read);
  case FdClass::disk:
    return read_disk(fd, pieces, count, offset);
  case FdClass::directory:
  case FdClass::attribute:
    if (const auto done = read_named(*context, fd, offset, real); done) {
      return *done;
    }
    return real();
  default:
    return real();
  }
}

ssize_t write_slow(int fd, const iovec* pieces, int count, std::int64_t offset, RealSize real) {
  const Context* context = Context::get();
  if (context != nullptr && FdTable::get(fd) == FdClass::attribute) {
    if (const auto done = write_named(*context, fd, pieces, count); done) {
      return *done;
    }
  }
  switch (target_of(fd).what) {
  case FdClass::device:
  case FdClass::control:
    return refuse_on_device(fd, Operation::write);
  case FdClass::disk:
    return write_disk(fd, pieces, count, offset);
  case FdClass::attribute:
    if (const auto done = write_named(*context, fd, pieces, count); done) {
      return *done;
    }
    return real();
  case FdClass::directory: // never writable
  default:
    return real();
  }
}

off_t seek_slow(int fd, off_t offset, int whence, FunctionRef<off_t()> real) {
  const Target target = target_of(fd);
  if (target.what == FdClass::attribute) {
    return seek_attribute(fd, offset, whence, real);
  }
  if (target.what == FdClass::disk) {
    return seek_disk(fd, offset, whence);
  }
  if (!is_character(target.what)) {
    return real();
  }
  if (!grants(status_flags(fd), Access::none)) {
    errno = EBADF;
    return -1;
  }
  if (whence < SEEK_SET || whence > SEEK_HOLE) {
    errno = EINVAL;
    return -1;
  }
  return 0; // noop_llseek
}

int operate_slow(int fd, Operation operation, RealStatus real) {
  switch (target_of(fd).what) {
  case FdClass::device:
  case FdClass::control:
    return refuse_on_device(fd, operation);
  case FdClass::disk: // the rest the file that stands for it answers as a disk
    return operation == Operation::truncate || operation == Operation::allocate
               ? refuse_on_disk(fd, operation == Operation::truncate ? EINVAL : EOPNOTSUPP)
               : real();
  case FdClass::attribute:
    if (operation == Operation::truncate) { // kernfs takes any size and keeps its own
      if (grants(status_flags(fd), Access::writable)) {
        return 0;
      }
      errno = EINVAL;
      return -1;
    }
    if (operation == Operation::allocate) {
      errno = EOPNOTSUPP;
      return -1;
    }
    return real();
  default:
    return real();
  }
}

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

int fcntl_slow(int fd, int command, long argument, RealStatus real) {
  const FdClass what = target_of(fd).what;
  if (int status = 0; what == FdClass::disk && fcntl_disk(fd, command, argument, real, status)) {
    return status;
  }
  const bool ours = what == FdClass::disk || is_character(what) || what == FdClass::attribute ||
                    (what == FdClass::directory && Descriptors::is_vnode(fd));
  if (ours && grants(status_flags(fd), Access::none)) {
    if (command == F_ADD_SEALS && (argument >> 32) == 0 && !grants(status_flags(fd), Access::writable)) {
      errno = EPERM; // memfd_add_seals(), before it knows of a memory file
      return -1;
    }
    const bool seals = command == F_ADD_SEALS || command == F_GET_SEALS;
    const bool direct = command == F_SETFL && (argument & O_DIRECT) != 0;
    const bool special = is_character(what) || what == FdClass::disk;
    const bool lease = special && command == F_SETLEASE; // vfs_setlease(): no regular file
    if (seals || direct || lease) {
      errno = EINVAL;
      return -1;
    }
    if (what == FdClass::device && is_record_lock(command)) {
      return lock_record(fd, command, argument, real);
    }
    if (command == F_NOTIFY && what != FdClass::directory) {
      errno = ENOTDIR;
      return -1;
    }
  }
  return real();
}

bool are_pieces(const iovec* pieces, int count) noexcept {
  if (count < 0 || count > IOV_MAX || !is_readable(pieces, static_cast<std::size_t>(count) * sizeof *pieces)) {
    return false;
  }
  return std::all_of(pieces, pieces + count, [](const iovec& piece) { return is_users(piece.iov_base); });
}

ssize_t copy_call(int in, int out, const Places& places, RealSize real) {
  if (FdTable::is_foreign(in) && FdTable::is_foreign(out)) {
    return real();
  }
  for (off64_t* place : {places.in, places.out}) {
    const auto known = [&] {
      return places.given_back ? is_writable(place, sizeof *place) : is_readable(place, sizeof *place);
    };
    if (place != nullptr && !known()) {
      errno = EFAULT;
      return -1;
    }
  }
  const FdClass from = target_of(in).what;
  const FdClass to = target_of(out).what;
  if (is_character(from) || is_character(to)) {
    if (places.nothing) {
      return real(); // the files that stand for devices are empty ones
    }
    // do_splice(), do_sendfile(), do_tee() begin with what the descriptors were opened for.
    if (!grants(status_flags(in), places.kinds_first ? Access::none : Access::readable) ||
        !grants(status_flags(out), places.kinds_first ? Access::none : Access::writable)) {
      errno = EBADF;
      return -1;
    }
    return refuse_on_device(is_character(from) ? in : out, Operation::copy);
  }
  if (from == FdClass::disk || to == FdClass::disk) {
    if (places.nothing) {
      return 0;
    }
    errno = EINVAL; // the kernel would find an empty file
    return -1;
  }
  if (from == FdClass::attribute || to == FdClass::attribute) {
    errno = EINVAL; // callers fall back to read and write, which know the attribute
    return -1;
  }
  return real();
}

} // namespace daxemu::preload
