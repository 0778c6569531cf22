#include "emu/sysfs/inodes/permission.hpp"

namespace daxemu::sysfs {
namespace {

// acl_permission_check()
bool mode_permits(const struct stat& inode, std::span<const AclEntry> acl, const Credentials& who, unsigned wanted) {
  if (inode.st_uid == who.uid) {
    return ((inode.st_mode >> 6) & wanted) == wanted;
  }
  if (!acl.empty() && (inode.st_mode & 0070U) != 0) {
    return acl_permits(acl, inode, who, wanted);
  }
  const unsigned shift = who.is_in(inode.st_gid) ? 3 : 0;
  return ((inode.st_mode >> shift) & wanted) == wanted;
}

} // namespace

bool is_permitted(const struct stat& inode, std::span<const AclEntry> acl, const Credentials& who, unsigned wanted) {
  if (mode_permits(inode, acl, who, wanted)) {
    return true;
  }
  if (S_ISDIR(inode.st_mode)) {
    return ((wanted & kMayWrite) == 0 && who.capable(kCapDacReadSearch)) || who.capable(kCapDacOverride);
  }
  if (wanted == kMayRead && who.capable(kCapDacReadSearch)) {
    return true;
  }
  return ((wanted & kMayExecute) == 0 || (inode.st_mode & 0111U) != 0) && who.capable(kCapDacOverride);
}

} // namespace daxemu::sysfs
