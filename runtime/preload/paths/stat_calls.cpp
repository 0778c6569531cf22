#include "runtime/preload/paths/stat_calls.hpp"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/nodes/caller.hpp"

namespace daxemu::preload {
namespace {

// The kernel may be asked first, unless it is likely that the path is ours.
PathUse use_of(int flags) {
  return {.follow = follow_of_at(flags), .reads = !Expectation::ours(), .inode = true};
}

// vfs_statx(): what it takes of AT_*.
constexpr int kStatFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
constexpr int kAccessFlags = AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH; // do_faccessat()

// The kernel's word on flags that it does not know. One that does not look at them where a descriptor is meant (6.13)
// is not asked of ours.
int refuse_flags(int dirfd, const char* path, int flags, RealPath real) {
  const int status = real(path);
  if (status == 0 && (flags & AT_EMPTY_PATH) != 0 && described_node(dirfd)) {
    errno = EINVAL;
    return -1;
  }
  return status;
}

// A directory on the file system a node belongs to.
const char* file_system_of(const sysfs::Node& node) {
  return node.path.view().starts_with("/dev") ? "/dev" : "/sys";
}

int statfs_node(const sysfs::Node& node, RealPath real, Magic is) {
  const int status = real(file_system_of(node));
  if (status == 0 && is_at_or_below(node.path.view(), "/sys/kernel/debug")) {
    is(DEBUGFS_MAGIC);
  } else if (status == 0 && is_at_or_below(node.path.view(), "/sys/kernel/tracing")) {
    is(TRACEFS_MAGIC);
  }
  return status;
}

// The caller's memory may be anything, and may be a device's. The kernel tells by an answer of the same size, which is
// quicker than to have it copied.
Result<int> give(const Context& context, struct stat* into, const struct stat& about) {
  pretouch(static_cast<const void*>(into), sizeof about);
  const auto written = sys::call(SYS_fstat, context.store().fd(), reinterpret_cast<long>(into));
  if (written) {
    *into = about;
    return 0;
  }
  return copy_out(into, about) ? Result<int>(0) : fail(EFAULT);
}

Result<int> put_stat(const Context& context, const Resolution& found, struct stat* into) {
  if (found.kind == Resolution::Kind::refused) {
    return tl::unexpected(found.error);
  }
  const auto about = context.tree().stat(found.node);
  if (!about) {
    return tl::unexpected(about.error());
  }
  return give(context, into, *about);
}

constexpr std::uint64_t kAttributeDax = 0x00200000; // STATX_ATTR_DAX, which vfs_getattr_nosec() adds by IS_DAX()

statx_timestamp timestamp(const timespec& time) {
  statx_timestamp stamp{};
  stamp.tv_sec = time.tv_sec;
  stamp.tv_nsec = static_cast<std::uint32_t>(time.tv_nsec);
  return stamp;
}

// `mount`: what is on the mount that the node is found by; nullptr: the file system it belongs to.
Result<int> put_statx(const Context& context, const sysfs::Node& node, unsigned mask, struct statx* into,
                      int dirfd = AT_FDCWD, const char* mount = nullptr) {
  const auto about = context.tree().stat(node);
  if (!about) {
    return tl::unexpected(about.error());
  }
  // The file system says what only it knows (mount id, attributes); the node the rest.
  const char* const base_path = mount != nullptr ? mount : file_system_of(node);
  if (auto base = sys::call(SYS_statx, dirfd, reinterpret_cast<long>(base_path), 0, mask, reinterpret_cast<long>(into));
      !base) {
    return tl::unexpected(base.error());
  }
  into->stx_mask = (into->stx_mask & ~static_cast<unsigned>(STATX_BTIME)) | STATX_BASIC_STATS;
  into->stx_blksize = static_cast<std::uint32_t>(about->st_blksize);
  const std::uint64_t of_mount = mount != nullptr ? into->stx_attributes & STATX_ATTR_MOUNT_ROOT : 0;
  into->stx_attributes = of_mount | (node.type == sysfs::NodeType::device ? kAttributeDax : 0);
  into->stx_attributes_mask |= kAttributeDax;
  into->stx_nlink = static_cast<std::uint32_t>(about->st_nlink);
  into->stx_uid = about->st_uid;
  into->stx_gid = about->st_gid;
  into->stx_mode = static_cast<std::uint16_t>(about->st_mode);
  into->stx_ino = about->st_ino;
  into->stx_size = static_cast<std::uint64_t>(about->st_size);
  into->stx_blocks = static_cast<std::uint64_t>(about->st_blocks);
  into->stx_atime = timestamp(about->st_atim);
  into->stx_mtime = timestamp(about->st_mtim);
  into->stx_ctime = timestamp(about->st_ctim);
  into->stx_btime = {};
  into->stx_rdev_major = major(about->st_rdev);
  into->stx_rdev_minor = minor(about->st_rdev);
  into->stx_dev_major = major(about->st_dev);
  into->stx_dev_minor = minor(about->st_dev);
  return 0;
}

// Does the call mean the descriptor? The path may be no memory.
bool is_empty(const char* path) {
  return path == nullptr || (is_readable(path) && *path == '\0');
}

} // namespace

Result<sysfs::Node> described_node(const Context& context, int fd) {
  if (FdTable::is_foreign(fd)) {
    return fail(EBADF);
  }
  auto node = context.descriptors().node(fd);
  if (node && node->type == sysfs::NodeType::directory && !Descriptors::is_vnode(fd)) {
    return fail(EBADF);
  }
  return node;
}

Result<sysfs::Node> described_node(int fd) {
  const Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  return context != nullptr ? described_node(*context, fd) : fail(EBADF);
}

int stat_path(int dirfd, const char* path, int flags, struct stat* into, RealPath real, const int* first) {
  if (is_unknown(flags, kStatFlags)) {
    return refuse_flags(dirfd, path, flags, real);
  }
  if ((flags & AT_EMPTY_PATH) != 0 && dirfd != AT_FDCWD && is_empty(path)) {
    return stat_descriptor(dirfd, into, [&real, path] { return real(path); });
  }
  return on_path<int>(
      dirfd, path, use_of(flags), -1, real,
      [into](const Resolution& found) { return put_stat(*Context::get(), found, into); }, first);
}

DAXEMU_START_PATH int stat_descriptor(int fd, struct stat* into, RealCall real, bool kernels) {
  if (FdTable::is_foreign(fd)) {
    return real();
  }
  Context* context = Context::get();
  const int status = real(); // of the memory file: what the kernel says to the arguments
  if (status != 0 || context == nullptr ||
      (kernels && FdTable::get(fd) == FdClass::unknown && context->descriptors().shows_foreign(fd, *into))) {
    return status;
  }
  const auto node = described_node(*context, fd);
  if (const auto about = node ? context->tree().stat(*node) : Result<struct stat>(tl::unexpected(node.error()));
      about) {
    *into = *about; // else it is gone: what is left is the file itself
  }
  return 0;
}

int statx_path(int dirfd, const char* path, int flags, unsigned mask, struct statx* into, RealPath real) {
  if (is_unknown(flags, kStatFlags) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE) {
    return refuse_flags(dirfd, path, flags, real);
  }
  if ((flags & AT_EMPTY_PATH) != 0 && dirfd != AT_FDCWD && is_empty(path)) {
    const auto node = described_node(dirfd);
    const int status = real(path); // of the memory file: what the kernel says to the arguments
    return status == 0 && node ? libc_value(put_statx(*Context::get(), *node, mask, into), -1) : status;
  }
  return on_path<int>(dirfd, path, use_of(flags), -1, real, [=](const Resolution& found) -> Result<int> {
    if (found.kind == Resolution::Kind::refused) {
      return tl::unexpected(found.error);
    }
    return put_statx(*Context::get(), found.node, mask, into, dirfd, found.bound ? found.path.c_str() : nullptr);
  });
}

int access_path(int dirfd, const char* path, int mode, int flags, RealPath real, const int* first) {
  if (is_unknown(flags, kAccessFlags)) {
    return refuse_flags(dirfd, path, flags, real);
  }
  return on_path<int>(
      dirfd, path, use_of(flags), -1, real,
      [=](const Resolution& found) -> Result<int> {
        if (found.kind == Resolution::Kind::refused) {
          return tl::unexpected(found.error);
        }
        if ((mode & ~(R_OK | W_OK | X_OK)) != 0) {
          return fail(EINVAL);
        }
        const Caller caller((flags & AT_EACCESS) != 0 ? Caller::As::effective : Caller::As::real);
        const auto may =
            Context::get()->tree().permission(found.node, caller.credentials(), static_cast<unsigned>(mode));
        return may ? Result<int>(0) : tl::unexpected(may.error());
      },
      first);
}

int euidaccess_path(const char* path, int mode, RealPath real) {
  return on_path<int>(AT_FDCWD, path, use_of(0), -1, real,
                      [mode = static_cast<unsigned>(mode) & 7](const Resolution& found) -> Result<int> {
                        if (found.kind == Resolution::Kind::refused) {
                          return tl::unexpected(found.error);
                        }
                        const sysfs::Tree& tree = Context::get()->tree();
                        const auto about = tree.stat(found.node);
                        if (!about || mode == F_OK) {
                          return about ? Result<int>(0) : tl::unexpected(about.error());
                        }
                        const Caller caller(Caller::As::real);
                        const uid_t user = Caller::effective_uid();
                        const gid_t group = Caller::effective_gid();
                        if (user == caller.credentials().uid && group == caller.credentials().gid) {
                          const auto may = tree.permission(found.node, caller.credentials(), mode);
                          return may ? Result<int>(0) : tl::unexpected(may.error());
                        }
                        const bool is_root = user == 0 && ((mode & X_OK) == 0 || (about->st_mode & 0111) != 0);
                        const auto& groups = caller.credentials().groups;
                        const bool is_in = group == about->st_gid ||
                                           std::find(groups.begin(), groups.end(), about->st_gid) != groups.end();
                        const unsigned shift = user == about->st_uid ? 6 : is_in ? 3 : 0;
                        return is_root || ((about->st_mode >> shift) & mode) == mode ? Result<int>(0) : fail(EACCES);
                      });
}

int statfs_path(const char* path, RealPath real, Magic is) {
  return on_path<int>(AT_FDCWD, path, {.reads = true, .inode = true}, -1, real,
                      [&](const Resolution& found) -> Result<int> {
                        if (found.kind == Resolution::Kind::refused) {
                          return tl::unexpected(found.error);
                        }
                        const int status = statfs_node(found.node, real, is);
                        return status == 0 ? Result<int>(0) : fail(errno);
                      });
}

int statfs_descriptor(int fd, RealPath real_path, RealCall real, Magic is) {
  const auto node = described_node(fd);
  return node ? statfs_node(*node, real_path, is) : real();
}

key_t key_of_path(const char* path, int project, FunctionRef<key_t(const char*)> real) {
  return on_path<key_t>(AT_FDCWD, path, {.reads = true, .inode = true}, -1, real,
                        [project](const Resolution& found) -> Result<key_t> {
                          if (found.kind == Resolution::Kind::refused) {
                            return tl::unexpected(found.error);
                          }
                          const auto about = Context::get()->tree().stat(found.node);
                          if (!about) {
                            return tl::unexpected(about.error());
                          }
                          const auto word = static_cast<std::uint32_t>(project) << 24 | (about->st_dev & 0xffU) << 16 |
                                            (about->st_ino & 0xffffU);
                          return static_cast<key_t>(word);
                        });
}

long path_limit(const char* path, int name, FunctionRef<long(const char*)> real) {
  return on_path<long>(AT_FDCWD, path, {.reads = true, .inode = true}, -1, real,
                       [&real, name](const Resolution& found) -> Result<long> {
                         if (found.kind == Resolution::Kind::refused) {
                           return tl::unexpected(found.error);
                         }
                         if (name == _PC_ASYNC_IO) { // of files only
                           return found.node.type == sysfs::NodeType::attribute ? 1 : -1;
                         }
                         const int kept = errno;
                         errno = 0;
                         const long limit = real(file_system_of(found.node));
                         const int code = std::exchange(errno, kept);
                         return limit != -1 || code == 0 ? Result<long>(limit) : fail(code);
                       });
}

} // namespace daxemu::preload
