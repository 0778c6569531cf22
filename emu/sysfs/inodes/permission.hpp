// generic_permission() of fs/namei.c.
#pragma once

#include <span>

#include <sys/stat.h>

#include "emu/sysfs/inodes/credentials.hpp"
#include "emu/sysfs/inodes/posix_acl.hpp"

namespace daxemu::sysfs {

inline constexpr unsigned kMayRead = 4;
inline constexpr unsigned kMayWrite = 2;
inline constexpr unsigned kMayExecute = 1;

// May `who` do all of `wanted` (kMayRead, ...)? `acl` is empty where the inode has none.
[[nodiscard]] bool is_permitted(const struct stat& inode, std::span<const AclEntry> acl, const Credentials& who,
                                unsigned wanted);

// Whoever it is: no need to ask who. Only of an inode without an ACL.
[[nodiscard]] constexpr bool anyone_may(std::uint32_t mode, unsigned wanted) {
  const unsigned all = wanted * 0111U;
  return (mode & all) == all;
}

// inode_owner_or_capable(): may `who` change what only the owner may?
[[nodiscard]] inline bool owns(const struct stat& inode, const Credentials& who) {
  return inode.st_uid == who.uid || who.capable(kCapFowner);
}

} // namespace daxemu::sysfs
