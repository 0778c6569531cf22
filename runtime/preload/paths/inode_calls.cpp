#include "runtime/preload/paths/inode_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

Result<int> change_node(const sysfs::Node& node, const Result<sysfs::InodeChange>& change) {
  if (!change) {
    return tl::unexpected(change.error());
  }
  if (node.type == sysfs::NodeType::symlink && change->mode) {
    return fail(EOPNOTSUPP); // of links only times and owners
  }
  const Context& context = *Context::get();
  if (const auto changed = context.tree().change(node, Caller().credentials(), *change); !changed) {
    return tl::unexpected(changed.error());
  }
  // fsnotify_change() tells of what is new only.
  if (change->mode || change->uid || change->gid || change->touch || change->atime || change->mtime) {
    tell_watchers(context, node);
  }
  return 0;
}

bool is_path_only(int fd) {
  return (sys::call(SYS_fcntl, fd, F_GETFL).value_or(0) & O_PATH) != 0;
}

constexpr long kNanoseconds = 1'000'000'000;

} // namespace

// What watches the node (watch_calls.cpp) has a file that stands for it: that file's change is told.
void tell_watchers(const Context& context, const sysfs::Node& node) {
  if (node.type == sysfs::NodeType::device && node.device < context.store().device_table().size()) {
    const auto& location = context.store().device_table()[node.device].node.location;
    (void)sys::call(SYS_utimensat, AT_FDCWD, reinterpret_cast<long>(location.c_str()), 0, 0);
  }
}

sysfs::InodeChange to_mode(mode_t mode) {
  sysfs::InodeChange change;
  change.mode = mode & 07777U;
  return change;
}

sysfs::InodeChange to_owner(uid_t uid, gid_t gid) {
  sysfs::InodeChange change;
  change.owner = true;
  if (uid != static_cast<uid_t>(-1)) {
    change.uid = uid;
  }
  if (gid != static_cast<gid_t>(-1)) {
    change.gid = gid;
  }
  return change;
}

// vfs_utimes() in fs/utimes.c
Result<sysfs::InodeChange> to_times(const timespec* times) {
  if (times != nullptr && !is_readable(times, 2 * sizeof *times)) {
    return fail(EFAULT);
  }
  sysfs::InodeChange change;
  change.times = true;
  change.touch = times == nullptr || (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW);
  if (change.touch) {
    return change;
  }
  const timespec now = sysfs::current_time();
  const auto take = [&now](const timespec& time, std::optional<timespec>& into) {
    if (time.tv_nsec == UTIME_OMIT) {
      return true;
    }
    into = time.tv_nsec == UTIME_NOW ? now : time;
    return into->tv_nsec >= 0 && into->tv_nsec < kNanoseconds;
  };
  return take(times[0], change.atime) && take(times[1], change.mtime) ? Result<sysfs::InodeChange>(change)
                                                                      : fail(EINVAL);
}

Result<sysfs::InodeChange> to_times(const timeval* times) {
  if (times == nullptr) {
    return to_times(static_cast<const timespec*>(nullptr));
  }
  if (!is_readable(times, 2 * sizeof *times)) {
    return fail(EFAULT);
  }
  timespec both[2];
  for (int at = 0; at < 2; ++at) {
    if (times[at].tv_usec < 0 || times[at].tv_usec >= kNanoseconds / 1000) {
      return fail(EINVAL);
    }
    both[at] = {.tv_sec = times[at].tv_sec, .tv_nsec = times[at].tv_usec * 1000};
  }
  return to_times(both);
}

Result<sysfs::InodeChange> to_times(const utimbuf* times) {
  if (times == nullptr) {
    return to_times(static_cast<const timespec*>(nullptr));
  }
  if (!is_readable(times, sizeof *times)) {
    return fail(EFAULT);
  }
  const timespec both[2] = {{.tv_sec = times->actime, .tv_nsec = 0}, {.tv_sec = times->modtime, .tv_nsec = 0}};
  return to_times(both);
}

bool omits_both(const timespec* times) {
  return times != nullptr && is_readable(times, 2 * sizeof *times) && times[0].tv_nsec == UTIME_OMIT &&
         times[1].tv_nsec == UTIME_OMIT;
}

int change_inode_at(int dirfd, const char* path, Follow follow, const Result<sysfs::InodeChange>& change,
                    FunctionRef<int(const char*)> real) {
  return on_path<int>(dirfd, path, {.follow = follow, .inode = true}, -1, real, [&change](const Resolution& found) {
    return found.kind == Resolution::Kind::refused ? Result<int>(tl::unexpected(found.error))
                                                   : change_node(found.node, change);
  });
}

int change_inode_of(int fd, bool empty_path, const Result<sysfs::InodeChange>& change, FunctionRef<int()> real) {
  const auto node = described_node(fd);
  if (!node) {
    return real();
  }
  if (!empty_path && is_path_only(fd)) {
    errno = EBADF;
    return -1;
  }
  return libc_value(change_node(*node, change), -1);
}

int change_inode_by_flags(int dirfd, const char* path, int flags, const Result<sysfs::InodeChange>& change,
                          FunctionRef<int(const char*)> real) {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
    return real(path); // EINVAL, whatever the path
  }
  if ((flags & AT_EMPTY_PATH) != 0 && dirfd != AT_FDCWD && is_text(path) && *path == '\0') {
    return change_inode_of(dirfd, true, change, [&real, path] { return real(path); });
  }
  return change_inode_at(dirfd, path, follow_of_at(flags), change, real);
}

int truncate_path(const char* path, off_t length, FunctionRef<int(const char*)> real) {
  return on_path<int>(AT_FDCWD, path, {.inode = true}, -1, real, [length](const Resolution& found) -> Result<int> {
    if (found.kind == Resolution::Kind::refused) {
      return tl::unexpected(found.error);
    }
    if (found.node.type == sysfs::NodeType::directory) {
      return fail(EISDIR);
    }
    if (found.node.type != sysfs::NodeType::attribute || length < 0) {
      return fail(EINVAL); // do_sys_truncate(): regular files only
    }
    const auto may = Context::get()->tree().permission(found.node, Caller().credentials(), 2);
    return may ? Result<int>(0) : tl::unexpected(may.error()); // kernfs_iop_setattr() takes any size
  });
}

} // namespace daxemu::preload
