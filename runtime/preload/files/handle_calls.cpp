#include "runtime/preload/files/handle_calls.hpp"

#include <array>
#include <cstring>
#include <optional>

#include <sys/mount.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/later_relocations.hpp"
#include "emu/sysfs/inodes/dev_names.hpp"
#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/nodes/opened/stand_ins.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

// What shmem_encode_fh() puts into a handle: the inode's generation, its number's low and high half.
using Words = std::array<std::uint32_t, 3>;
constexpr int kShmemType = 1;
constexpr std::uint32_t kGeneration = 0; // of nodes of ours: their numbers are used once

Words words_of(std::uint64_t inode) {
  return {kGeneration, static_cast<std::uint32_t>(inode), static_cast<std::uint32_t>(inode >> 32)};
}

Result<int> put_handle(const Context& context, const sysfs::Node& node, file_handle* handle) {
  unsigned room = 0;
  if (!copy_in(room, &handle->handle_bytes)) {
    return fail(EFAULT);
  }
  if (room > MAX_HANDLE_SZ) {
    return fail(EINVAL);
  }
  const auto about = context.tree().stat(node);
  if (!about) {
    return tl::unexpected(about.error());
  }
  const Words words = words_of(about->st_ino);
  const struct {
    unsigned bytes;
    int type;
    Words words;
  } whole = {sizeof words, kShmemType, words};
  const bool fits = room >= sizeof words;
  if (!copy_out(handle, &whole, fits ? sizeof whole : sizeof whole - sizeof words)) {
    return fail(EFAULT);
  }
  return fits ? Result<int>(0) : fail(EOVERFLOW);
}

// The node of a device that the handle names.
std::optional<sysfs::Node> node_of_handle(const Context& context, int mount_fd, const file_handle* handle) {
  tables_ready(); // kDevDirectory is one where nothing is optimised
  const auto about = sys::fstat(mount_fd);
  struct {
    unsigned bytes;
    int type;
    Words words;
  } whole{};
  if (!about || about->st_dev != context.descriptors().file_system_of(sysfs::kDevDirectory) ||
      !copy_in(&whole, handle, sizeof whole) || whole.type != kShmemType || whole.bytes < sizeof whole.words) {
    return std::nullopt;
  }
  for (const store::DeviceRecord& device : context.store().devices()) {
    const sysfs::Node node = context.tree().node_of(device);
    const auto inode = node.gone ? Result<struct stat>(fail(ENOENT)) : context.tree().stat(node);
    if (inode && words_of(inode->st_ino) == whole.words) {
      return node;
    }
  }
  return std::nullopt;
}

// A mount of the node, which is nowhere yet.
Result<int> clone_node(const sysfs::Node& node, unsigned flags, FunctionRef<int(const char*)> real) {
  const Context& context = *Context::get();
  if (node.type != sysfs::NodeType::device || node.device >= context.store().device_table().size()) {
    return fail(ENOENT); // directories and attributes: a gap (runtime/calls)
  }
  // What is wrong with the flags, and who may not mount, is so with another file.
  const int other = real("/proc/self/stat");
  if (other < 0 && errno != ENOENT) { // there may be no /proc
    return fail(errno);
  }
  if (other >= 0) {
    (void)sys::close(other);
  }
  auto tree = make_stand_in(context.store(), context.store().device_table()[node.device]);
  if (!tree) {
    return tl::unexpected(tree.error());
  }
  if ((flags & OPEN_TREE_CLOEXEC) == 0) {
    (void)sys::call(SYS_fcntl, tree->get(), F_SETFD, 0);
  }
  return new_number(tree->release());
}

int clone_tree(int dirfd, const char* path, unsigned flags, FunctionRef<int(const char*)> real) {
  const Follow follow = follow_of_at(static_cast<int>(flags));
  if ((flags & AT_EMPTY_PATH) != 0 && is_text(path) && *path == '\0') {
    const auto node = described_node(dirfd);
    const auto about = sys::fstat(dirfd);
    const bool plain = node && about && !Context::get()->descriptors().bound().of(dirfd, *about);
    return plain ? libc_value(clone_node(*node, flags, real), -1) : real(path);
  }
  return on_path<int>(dirfd, path, {.follow = follow, .inode = true}, -1, real,
                      [&](const Resolution& found) -> Result<int> {
                        if (found.kind == Resolution::Kind::refused) {
                          return tl::unexpected(found.error);
                        }
                        if (!found.bound) {
                          return clone_node(found.node, flags, real);
                        }
                        const int tree = real(found.path.c_str());
                        return tree >= 0 ? Result<int>(tree) : fail(errno);
                      });
}

} // namespace

int handle_of_path(int dirfd, const char* path, file_handle* handle, int* mount_id, int flags,
                   FunctionRef<int(int, const char*)> real) {
  if (is_unknown(flags, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) {
    if (const int status = real(dirfd, path); status == 0 || errno == EINVAL) {
      return status; // newer flags are for the kernel to know
    }
  }
  const auto ours = [&](const sysfs::Node& node) -> Result<int> {
    // The mount's number is that of /dev, whatever fits of the other file's handle.
    alignas(file_handle) std::array<std::byte, sizeof(file_handle) + MAX_HANDLE_SZ> other{};
    reinterpret_cast<file_handle*>(other.data())->handle_bytes = MAX_HANDLE_SZ;
    const auto asked =
        sys::call(SYS_name_to_handle_at, AT_FDCWD, reinterpret_cast<long>("/dev"), reinterpret_cast<long>(other.data()),
                  reinterpret_cast<long>(mount_id), flags & ~AT_EMPTY_PATH);
    return asked ? put_handle(*Context::get(), node, handle) : Result<int>(tl::unexpected(asked.error()));
  };
  if ((flags & AT_EMPTY_PATH) != 0 && is_text(path) && *path == '\0') {
    const auto node = described_node(dirfd);
    return !node                                   ? real(dirfd, path)
           : node->type == sysfs::NodeType::device ? libc_value(ours(*node), -1)
                                                   : libc_value(Result<int>(fail(EOPNOTSUPP)), -1); // sysfs
  }
  const Follow follow = (flags & AT_SYMLINK_FOLLOW) != 0 ? Follow::always : Follow::not_last;
  return on_path<int>(
      dirfd, path, {.follow = follow, .inode = true}, -1, [&](const char* p) { return real(dirfd, p); },
      [&](const Resolution& found) -> Result<int> {
        if (found.kind == Resolution::Kind::refused) {
          return tl::unexpected(found.error);
        }
        return found.node.type == sysfs::NodeType::device ? ours(found.node) : fail(EOPNOTSUPP);
      });
}

int open_handle(int mount_fd, file_handle* handle, int flags, FunctionRef<int()> real) {
  Context* context = Context::get();
  const auto node = context == nullptr ? std::nullopt : node_of_handle(*context, mount_fd, handle);
  if (!node) {
    return real();
  }
  if (!Caller().credentials().capable(sysfs::kCapDacReadSearch)) {
    errno = EPERM;
    return -1;
  }
  return open_path(AT_FDCWD, node->path.c_str(), flags, [&](const char* /*path*/) { return real(); });
}

int open_tree_path(int dirfd, const char* path, unsigned flags, FunctionRef<int(const char*)> real) {
  constexpr unsigned kKnown =
      AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if ((flags & ~kKnown) != 0 || (flags & (AT_RECURSIVE | OPEN_TREE_CLONE)) == AT_RECURSIVE) {
    return real(path); // EINVAL, whatever the path
  }
  if ((flags & OPEN_TREE_CLONE) != 0) {
    return clone_tree(dirfd, path, flags, real);
  }
  const int how =
      O_PATH | static_cast<int>(flags & OPEN_TREE_CLOEXEC) | ((flags & AT_SYMLINK_NOFOLLOW) != 0 ? O_NOFOLLOW : 0);
  return open_path(dirfd, path, how, real);
}

} // namespace daxemu::preload
