#include "runtime/preload/paths/mount_calls.hpp"

#include <sys/mount.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/nodes/covers.hpp"
#include "runtime/preload/nodes/opened/stand_ins.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {
namespace {

constexpr char kOtherDevice[] = "/dev/null";
constexpr char kNobodysMount[] = "/proc/self/stat";

Result<int> as_result(int status) {
  return status >= 0 ? Result<int>(status) : fail(errno);
}

int refused(int code) {
  errno = code;
  return -1;
}

// Errors: why it is none; ENOENT of directories and attributes, which could be mounted (on): a gap (runtime/calls).
Result<store::DeviceRecord*> device_of(const Resolution& found) {
  if (found.kind == Resolution::Kind::refused) {
    return tl::unexpected(found.error);
  }
  if (found.node.type == sysfs::NodeType::block) {
    return fail(EOPNOTSUPP); // no file system of the kernel's, nor its swap, can be on a disk of ours
  }
  const std::span<store::DeviceRecord> devices = Context::get()->store().device_table();
  return found.node.type == sysfs::NodeType::device && found.node.device < devices.size()
             ? Result<store::DeviceRecord*>(&devices[found.node.device])
             : fail(ENOENT);
}

// Lets the kernel mount something on what is at `path`; on a node itself it does so on the node's cover.
int mount_onto(int dirfd, const char* path, Follow follow, FunctionRef<int(const char*)> mount) {
  return on_path<int>(dirfd, path, {.follow = follow, .inode = true}, -1, mount,
                      [&](const Resolution& found) -> Result<int> {
                        const auto device = device_of(found);
                        if (!device) {
                          return tl::unexpected(device.error());
                        }
                        if (found.bound) {
                          return as_result(mount(found.path.c_str()));
                        }
                        if (!may_mount()) {
                          return fail(EPERM);
                        }
                        const auto cover = cover_for(Context::get()->store(), **device);
                        return cover ? as_result(mount(cover->c_str())) : tl::unexpected(cover.error());
                      });
}

// graft_tree() of a node; the kernel has found nothing wrong with the target otherwise.
int bind_device(store::DeviceRecord& device, const char* target) {
  if (const auto about = sys::fstatat(AT_FDCWD, target, 0); about && S_ISDIR(about->st_mode)) {
    return refused(ENOTDIR);
  }
  const auto tree = make_stand_in(Context::get()->store(), device);
  if (!tree) {
    return refused(tree.error().value);
  }
  const auto moved = sys::call(SYS_move_mount, tree->get(), reinterpret_cast<long>(""), AT_FDCWD,
                               reinterpret_cast<long>(target), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
  return moved ? 0 : refused(moved.error().value);
}

// do_loopback()
int bind_path(const char* source, const char* target, FunctionRef<int(const char*, const char*)> real) {
  return on_path<int>(
      AT_FDCWD, source, {.inode = true}, -1,
      [&](const char* from) {
        return mount_onto(AT_FDCWD, target, Follow::always, [&](const char* to) { return real(from, to); });
      },
      [&](const Resolution& found) {
        return as_result(mount_onto(AT_FDCWD, target, Follow::always, [&](const char* to) {
          if (found.bound) {
            return real(found.path.c_str(), to);
          }
          // It looks for the source last. What is wrong before that is so with no source at all, which is EINVAL.
          if (real("", to) < 0 && errno != EINVAL) {
            return -1;
          }
          const auto device = device_of(found);
          return device ? bind_device(**device, to) : refused(device.error().value);
        }));
      });
}

} // namespace

// may_mount() in fs/namespace.c, which path_mount() asks once it has found the target.
bool may_mount() noexcept {
  const auto asked =
      sys::call(SYS_mount, reinterpret_cast<long>(""), reinterpret_cast<long>(kNobodysMount), 0, MS_BIND, 0);
  return asked || asked.error() != Errno{EPERM};
}

int refuse_as_device(const char* path, FunctionRef<int(const char*)> real) {
  return on_path<int>(AT_FDCWD, path, {.inode = true}, -1, real, [&](const Resolution& found) -> Result<int> {
    const auto device = device_of(found);
    return device ? as_result(real(kOtherDevice)) : tl::unexpected(device.error());
  });
}

int on_mount_of(int dirfd, const char* path, Follow follow, FunctionRef<int(const char*)> real) {
  return on_path<int>(dirfd, path, {.follow = follow, .inode = true}, -1, real,
                      [&](const Resolution& found) -> Result<int> {
                        if (found.node.type == sysfs::NodeType::block) {
                          return as_result(real(kNobodysMount));
                        }
                        const auto device = device_of(found);
                        return device ? as_result(real(found.bound ? found.path.c_str() : kNobodysMount))
                                      : tl::unexpected(device.error());
                      });
}

int unmount_path(const char* path, Follow follow, FunctionRef<int(const char*)> real) {
  return on_path<int>(AT_FDCWD, path, {.follow = follow, .inode = true}, -1, real,
                      [&](const Resolution& found) -> Result<int> {
                        if (found.kind == Resolution::Kind::refused) {
                          return tl::unexpected(found.error);
                        }
                        return as_result(real(found.bound ? found.path.c_str() : kNobodysMount));
                      });
}

int mount_path(const char* source, const char* target, unsigned long flags,
               FunctionRef<int(const char*, const char*)> real) {
  constexpr unsigned long kOfMount = MS_REMOUNT | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;
  // The order is that of path_mount().
  if ((flags & MS_REMOUNT) == 0 && (flags & MS_BIND) != 0) {
    return source != nullptr ? bind_path(source, target, real) : real(source, target);
  }
  if ((flags & kOfMount) == 0 && (flags & MS_MOVE) != 0) {
    return move_mount_path({AT_FDCWD, source, Follow::always}, {AT_FDCWD, target, Follow::always}, real);
  }
  return on_mount_of(AT_FDCWD, target, Follow::always, [&](const char* to) {
    // A source is text for most file systems: only who looks for it as a file does not find it.
    const int status = real(source, to);
    return status < 0 && errno == ENOENT && source != nullptr && (flags & kOfMount) == 0
               ? refuse_as_device(source, [&](const char* from) { return real(from, to); })
               : status;
  });
}

int move_mount_path(const MovedPath& from, const MovedPath& to, FunctionRef<int(const char*, const char*)> real) {
  return on_mount_of(from.dirfd, from.path, from.follow, [&](const char* what) {
    return mount_onto(to.dirfd, to.path, to.follow, [&](const char* where) { return real(what, where); });
  });
}

} // namespace daxemu::preload
