#include "runtime/preload/paths/watch_calls.hpp"

#include <cstdio>

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "emu/base/sys.hpp"
#include "runtime/fault/private_fds.hpp"
#include "runtime/preload/paths/path_call.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

// Where a real watch can be put for `node`: the file that its descriptors are of, or a memory file of this process that
// lives as long as it does.
Result<PathText> watchable(const Context& context, const sysfs::Node& node) {
  PathText path;
  if (node.type == sysfs::NodeType::device) {
    path.assign(context.store().device_table()[node.device].node.location.view());
    return path;
  }
  auto made = context.files().open(node, O_RDONLY | O_CLOEXEC);
  auto kept = made ? fault::PrivateFds::adopt(std::move(*made)) : Result<UniqueFd>(tl::unexpected(made.error()));
  if (!kept) {
    return tl::unexpected(kept.error()); // ENOSPC: as when the user's watches are used up
  }
  char text[32];
  std::snprintf(text, sizeof text, "/proc/self/fd/%d", kept->release());
  path.assign(text);
  return path;
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

int add_watch(const char* path, std::uint32_t mask, FunctionRef<int(const char*)> real) {
  const bool follow = (mask & IN_DONT_FOLLOW) == 0;
  return on_path<int>(AT_FDCWD, path, {.follow = follow ? Follow::always : Follow::not_last, .inode = true}, -1, real,
                      [&real, mask](const Resolution& found) -> Result<int> {
                        if (found.kind == Resolution::Kind::refused) {
                          return tl::unexpected(found.error);
                        }
                        if ((mask & IN_ONLYDIR) != 0 && found.node.type != sysfs::NodeType::directory) {
                          return fail(ENOTDIR);
                        }
                        const auto where = watchable(*Context::get(), found.node);
                        if (!where) {
                          return tl::unexpected(where.error());
                        }
                        const int watch = real(where->c_str());
                        return watch >= 0 ? Result<int>(watch) : fail(errno);
                      });
}

} // namespace daxemu::preload
