#include "runtime/preload/nodes/permission.hpp"

#include <algorithm>
#include <array>

#include <sys/syscall.h>

#include "emu/base/sys.hpp"

namespace daxemu::preload {
namespace {

Identity identity(long uid_call, long gid_call) {
  return {static_cast<uid_t>(sys::call(uid_call).value_or(0)), static_cast<gid_t>(sys::call(gid_call).value_or(0))};
}

bool in_group(const Identity& who, gid_t group) {
  if (who.gid == group) {
    return true;
  }
  std::array<gid_t, 256> groups{};
  const auto count = sys::call(SYS_getgroups, groups.size(), reinterpret_cast<long>(groups.data()));
  return count && std::find(groups.begin(), groups.begin() + *count, group) != groups.begin() + *count;
}

} // namespace

Identity effective_identity() noexcept {
  return identity(SYS_geteuid, SYS_getegid);
}
Identity real_identity() noexcept {
  return identity(SYS_getuid, SYS_getgid);
}

bool is_permitted(const struct stat& inode, const Identity& who, unsigned wanted) noexcept {
  if (who.uid == 0) {
    return (wanted & kMayExecute) == 0 || S_ISDIR(inode.st_mode) || (inode.st_mode & 0111U) != 0;
  }
  unsigned shift = 0;
  if (inode.st_uid == who.uid) {
    shift = 6;
  } else if (in_group(who, inode.st_gid)) {
    shift = 3;
  }
  return ((inode.st_mode >> shift) & wanted) == wanted;
}

bool anyone_may(const struct stat& inode, unsigned wanted) noexcept {
  const unsigned all = wanted * 0111U;
  return (inode.st_mode & all) == all;
}

} // namespace daxemu::preload
