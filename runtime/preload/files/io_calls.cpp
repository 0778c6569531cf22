#include "runtime/preload/files/io_calls.hpp"

#include <algorithm>
#include <climits>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/trace/why.hpp"
#include "runtime/preload/files/attribute_calls.hpp"
#include "runtime/preload/files/attribute_copies.hpp"
#include "runtime/preload/files/descriptor_target.hpp"
#include "runtime/preload/files/disk_calls.hpp"
#include "runtime/preload/files/lock_calls.hpp"
#include "runtime/preload/files/told_refusals.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/kernfs.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

int refusal_of(int fd, Operation operation) {
  return device_refusal_by_flags(status_flags(fd), operation);
}

int refuse_on_device(int fd, Operation operation) {
  const int error = refusal_of(fd, operation);
  note_device_refusal(fd, operation, error);
  set_errno(Errno{error});
  return -1;
}

// fsync(2): of kernfs the attributes have one (noop_fsync) and the directories none, of debugfs it is the other way
// around.
[[gnu::noinline]] int sync_vnode(int fd, RealStatus real) {
  PathText vnode;
  const FdClass what = Context::get()->descriptors().classify(fd, vnode);
  if (vnode.empty() || is_of_kernfs(vnode.view()) == (what == FdClass::attribute) ||
      !grants(status_flags(fd), Access::none)) {
    return real();
  }
  errno = EINVAL;
  return -1;
}

int refuse_on_disk(int fd, int error) {
  errno = grants(status_flags(fd), Access::none) ? error : EBADF;
  return -1;
}

} // namespace

int device_refusal_by_flags(int flags, Operation operation) {
  const Rule& rule = device_rule(operation);
  return grants(flags, rule.needs) ? rule.error : EBADF;
}

int device_refusal(int fd, Operation operation) {
  return !FdTable::is_foreign(fd) && is_character(target_of(fd).what) ? refusal_of(fd, operation) : 0;
}

ssize_t read_slow(int fd, const iovec* pieces, int count, std::int64_t offset, RealSize real) {
  Context* context = Context::get();
  if (context == nullptr) {
    return real();
  }
  if (FdTable::is_noted(fd) && needs_no_look(*context, fd, offset)) {
    return real();
  }
  const bool asks = std::any_of(pieces, pieces + count, [](const iovec& piece) { return piece.iov_len != 0; });
  if (was_vnode(fd)) {
    if (const auto done = read_named(*context, fd, asks, offset, real); done) {
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
    if (const auto done = read_named(*context, fd, asks, offset, real); done) {
      return *done;
    }
    return real();
  default:
    return real();
  }
}

ssize_t write_slow(int fd, const iovec* pieces, int count, std::int64_t offset, RealSize real) {
  const Context* context = Context::get();
  if (context == nullptr) {
    return real();
  }
  if (FdTable::get(fd) == FdClass::attribute) {
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
    return seek_attribute(*target.context, fd, offset, whence, real);
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
    if (operation == Operation::allocate) { // vfs_fallocate()
      errno = grants(status_flags(fd), Access::writable) ? EOPNOTSUPP : EBADF;
      return -1;
    }
    return operation == Operation::sync ? sync_vnode(fd, real) : real();
  case FdClass::directory:
    if (operation == Operation::read_ahead && Descriptors::is_vnode(fd)) {
      errno = EINVAL; // ksys_readahead(): no regular file
      return -1;
    }
    return operation == Operation::sync ? sync_vnode(fd, real) : real();
  default:
    return real();
  }
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
    // vfs_setlease(): no regular file, or none that offers leases.
    const bool lease = command == F_SETLEASE && (special || what == FdClass::directory ||
                                                 Context::get()->store().profile().sysfs_refuses_leases);
    if (seals || direct || lease) {
      errno = EINVAL;
      return -1;
    }
    if (what == FdClass::device && is_record_lock(command)) {
      return lock_record(fd, command, argument, real);
    }
    if (command == F_NOTIFY && what != FdClass::directory) {
      // fcntl_dirnotify(): to take away what there is comes first.
      if ((argument & ~static_cast<long>(DN_MULTISHOT)) == 0) {
        return 0;
      }
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
    if (places.how != Copy::ranges && places.count == 0) {
      return real(); // what is not even looked at cannot be refused
    }
    // do_splice(), do_sendfile(), do_tee() begin with what the descriptors were opened for, copy_file_range(2) with
    // what kinds of files they are.
    if (!grants(status_flags(in), places.how == Copy::ranges ? Access::none : Access::readable) ||
        !grants(status_flags(out), places.how == Copy::ranges ? Access::none : Access::writable)) {
      errno = EBADF;
      return -1;
    }
    return refuse_on_device(is_character(from) ? in : out, Operation::copy);
  }
  if (from == FdClass::disk || to == FdClass::disk) {
    if (places.how != Copy::ranges && places.count == 0) {
      return 0;
    }
    errno = EINVAL; // the kernel would find an empty file
    return -1;
  }
  if (from == FdClass::attribute || to == FdClass::attribute) {
    return copy_attribute(in, out, places);
  }
  return real();
}

} // namespace daxemu::preload
