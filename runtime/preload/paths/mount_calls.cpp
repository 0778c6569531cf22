#include "runtime/preload/paths/mount_calls.hpp"

#include <sys/mount.h>

#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {
namespace {

constexpr char kOtherDevice[] = "/dev/null";
constexpr char kNobodysMount[] = "/proc/self/stat";

int refuse_as(const char* other, int dirfd, const char* path, Follow follow, FunctionRef<int(const char*)> real) {
  return on_path<int>(dirfd, path, {.follow = follow}, -1, real, [&](const Resolution& found) -> Result<int> {
    if (found.kind == Resolution::Kind::refused) {
      return tl::unexpected(found.error);
    }
    if (found.node.type == sysfs::NodeType::block && other == kOtherDevice) {
      return fail(EOPNOTSUPP); // no file system of the kernel's, nor its swap, can be on a disk of ours
    }
    if (found.node.type != sysfs::NodeType::device && found.node.type != sysfs::NodeType::block) {
      return fail(ENOENT); // directories and attributes, which could be mounted on: a gap (runtime/calls)
    }
    const int status = real(other);
    return status >= 0 ? Result<int>(status) : fail(errno);
  });
}

} // namespace

int refuse_as_device(const char* path, FunctionRef<int(const char*)> real) {
  return refuse_as(kOtherDevice, AT_FDCWD, path, Follow::always, real);
}

int refuse_as_target(int dirfd, const char* path, Follow follow, FunctionRef<int(const char*)> real) {
  return refuse_as(kNobodysMount, dirfd, path, follow, real);
}

int mount_path(const char* source, const char* target, unsigned long flags,
               FunctionRef<int(const char*, const char*)> real) {
  if ((flags & (MS_BIND | MS_MOVE)) != 0) {
    return real(source, target);
  }
  return refuse_as_target(AT_FDCWD, target, Follow::always, [&](const char* to) {
    // A source is text for most file systems: only who looks for it as a file does not find it.
    const int status = real(source, to);
    return status < 0 && errno == ENOENT && source != nullptr
               ? refuse_as_device(source, [&](const char* from) { return real(from, to); })
               : status;
  });
}

} // namespace daxemu::preload
