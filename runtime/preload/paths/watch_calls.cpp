#include "runtime/preload/paths/watch_calls.hpp"

#include <cstdio>

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/paths/stat_calls.hpp"
#include "runtime/preload/paths/watched_nodes.hpp"

namespace daxemu::preload {
namespace {

// Where a real watch can be put for `node`, which is no device: on a memory file that lives as long as this process.
Result<PathText> watchable(const Context& context, const sysfs::Node& node) {
  auto made = context.files().open(node, O_RDONLY | O_CLOEXEC);
  auto kept = made ? fault::PrivateFds::adopt(std::move(*made)) : Result<UniqueFd>(tl::unexpected(made.error()));
  if (!kept) {
    return tl::unexpected(kept.error()); // ENOSPC: as when the user's watches are used up
  }
  char text[32];
  std::snprintf(text, sizeof text, "/proc/self/fd/%d", kept->release());
  PathText path;
  path.assign(text);
  return path;
}

// The program's own watch of a device's node; /dev's may be on the same file (watched_nodes.hpp).
Result<int> watch_device(const Context& context, int fd, const store::NodeRecord& node, std::uint32_t mask,
                         RealWatch real) {
  const auto add = [&](std::uint32_t with) {
    const int watch = real(node.location.c_str(), with);
    return watch >= 0 ? Result<int>(watch) : fail(errno);
  };
  const std::uint32_t how = mask & ~static_cast<std::uint32_t>(IN_ALL_EVENTS);
  if ((mask & IN_ALL_EVENTS) == 0 || (~how & (IN_MASK_ADD | IN_MASK_CREATE)) == 0) {
    return add(mask); // EINVAL
  }
  std::uint32_t own = mask & IN_ALL_EVENTS;
  if (context.descriptors().classify(fd) == FdClass::watcher) {
    const WatchedNodes now(context, fd);
    const WatchedNodes::Mark* mark = now.of_node(context, node);
    const auto had = mark != nullptr ? NodeMask::own_of(mark->mask) : std::nullopt;
    if (had && (how & IN_MASK_CREATE) != 0) {
      return fail(EEXIST);
    }
    own |= had && (how & IN_MASK_ADD) != 0 ? *had : 0;
    if (mark != nullptr) { // it goes on for /dev: neither once only nor made anew
      return add(NodeMask::of(own, now.directory() ? std::optional(now.directory()->mask) : std::nullopt));
    }
  }
  return add(NodeMask::of(own, std::nullopt) | how);
}

// `path` is watched by now: is it /dev?
void note_watch(int fd, const char* path, std::uint32_t mask) {
  const Context* context = Context::get();
  const auto about = context == nullptr
                         ? Result<struct stat>(fail(ENOENT))
                         : sys::fstatat(AT_FDCWD, path, (mask & IN_DONT_FOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0);
  if (about && context->descriptors().is_dev_directory(*about)) {
    follow_directory(*context, fd);
    FdTable::doubt_foreign(); // this open file may have other numbers, read before
    FdTable::set(fd, FdClass::watcher);
  }
}

} // namespace

int mark_path(unsigned flags, int dirfd, const char* path, FunctionRef<int(int, const char*)> real) {
  constexpr unsigned kOfMount = FAN_MARK_MOUNT | FAN_MARK_FILESYSTEM;
  const auto mark = [&](const sysfs::Node& node) -> Result<int> {
    if (node.type != sysfs::NodeType::device) {
      return fail(ENOENT); // directories and attributes: a gap (runtime/calls)
    }
    const int status = real(AT_FDCWD, (flags & kOfMount) != 0 ? "/dev" : "/dev/null");
    return status >= 0 ? Result<int>(status) : fail(errno);
  };
  if (path == nullptr) {
    const auto node = described_node(dirfd);
    return node && node->type == sysfs::NodeType::device ? libc_value(mark(*node), -1) : real(dirfd, path);
  }
  const Follow follow = (flags & FAN_MARK_DONT_FOLLOW) != 0 ? Follow::not_last : Follow::always;
  return on_path<int>(
      dirfd, path, {.follow = follow, .inode = true}, -1, [&](const char* p) { return real(dirfd, p); },
      [&](const Resolution& found) {
        return found.kind == Resolution::Kind::refused ? Result<int>(tl::unexpected(found.error)) : mark(found.node);
      });
}

int add_watch(int fd, const char* path, std::uint32_t mask, RealWatch real) {
  if ((~mask & (IN_MASK_ADD | IN_MASK_CREATE)) == 0) {
    return real(path, mask); // inotify_add_watch() looks at no path: EINVAL
  }
  // Said of the program's path: where a watch of ours really goes may be a link to a file.
  constexpr std::uint32_t kOfPath = IN_ONLYDIR | IN_DONT_FOLLOW;
  const auto watch_real = [&](const char* p) {
    const int watch = real(p, mask);
    if (watch >= 0) {
      note_watch(fd, p, mask);
    }
    return watch;
  };
  const bool follow = (mask & IN_DONT_FOLLOW) == 0;
  return on_path<int>(AT_FDCWD, path, {.follow = follow ? Follow::always : Follow::not_last, .inode = true}, -1,
                      watch_real, [=](const Resolution& found) -> Result<int> {
                        if (found.kind == Resolution::Kind::refused) {
                          return tl::unexpected(found.error);
                        }
                        const sysfs::Node& node = found.node;
                        if ((mask & IN_ONLYDIR) != 0 && node.type != sysfs::NodeType::directory) {
                          return fail(ENOTDIR);
                        }
                        const Context& context = *Context::get();
                        const auto devices = context.store().device_table();
                        if (node.type == sysfs::NodeType::device && node.device < devices.size()) {
                          return watch_device(context, fd, devices[node.device].node, mask & ~kOfPath, real);
                        }
                        const auto where = watchable(context, node);
                        if (!where) {
                          return tl::unexpected(where.error());
                        }
                        const int watch = real(where->c_str(), mask & ~kOfPath);
                        return watch >= 0 ? Result<int>(watch) : fail(errno);
                      });
}

int remove_watch(int fd, int wd, FunctionRef<int()> real) {
  const Context* context = FdTable::is_foreign(fd) ? nullptr : Context::get();
  if (context == nullptr || context->descriptors().classify(fd) != FdClass::watcher) {
    return real();
  }
  const WatchedNodes now(*context, fd);
  const auto slot = now.slot_of(wd);
  if (slot && !NodeMask::own_of(now.of_slot(*slot)->mask)) {
    errno = EINVAL; // a number that the program has not been given
    return -1;
  }
  const int status = real();
  if (status == 0 && (slot || (now.directory() && now.directory()->wd == wd))) {
    follow_directory(*context, fd);
  }
  return status;
}

} // namespace daxemu::preload
