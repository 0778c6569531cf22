#include "runtime/preload/nodes/bound_nodes.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::preload {

// The number of a file system is given again as soon as that is gone, and the first file of each has the same inode:
// its mark is what no other has.
std::optional<BoundNodes::Found> BoundNodes::of(int fd, const struct stat& about) const noexcept {
  const auto bind = S_ISREG(about.st_mode) ? store::find_bind(*store_, about.st_dev, about.st_ino) : std::nullopt;
  struct statfs system {};
  if (!bind || !sys::call(SYS_fstatfs, fd, reinterpret_cast<long>(&system)) || system.f_type != TMPFS_MAGIC ||
      system.f_files != bind->mark) {
    return std::nullopt;
  }
  constexpr long kNoDevices = 4; // ST_NODEV of statfs(2)
  return Found{.device = bind->device, .opens_devices = (system.f_flags & kNoDevices) == 0};
}

std::optional<BoundNodes::Found> BoundNodes::at(int dirfd, const char* path, bool follow) const noexcept {
  const auto about = sys::fstatat(dirfd, path, follow ? 0 : AT_SYMLINK_NOFOLLOW);
  if (!about || !S_ISREG(about->st_mode) || !store::find_bind(*store_, about->st_dev, about->st_ino)) {
    return std::nullopt;
  }
  const auto opened = sys::openat(dirfd, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
  if (!opened) {
    return std::nullopt;
  }
  const UniqueFd closer(*opened);
  const auto same = sys::fstat(*opened);
  return same ? of(*opened, *same) : std::nullopt;
}

} // namespace daxemu::preload
