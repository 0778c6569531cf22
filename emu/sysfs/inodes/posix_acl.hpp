// Access control lists: the attribute system.posix_acl_access (fs/posix_acl.c, posix_acl_xattr.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <sys/stat.h>

#include "emu/base/result.hpp"
#include "emu/sysfs/inodes/credentials.hpp"

namespace daxemu::sysfs {

// As it is in the attribute's value, behind the version.
struct AclEntry {
  std::uint16_t tag = 0;
  std::uint16_t permissions = 0;
  std::uint32_t id = 0;
};
inline constexpr std::uint16_t kAclUserObject = 0x01;
inline constexpr std::uint16_t kAclUser = 0x02;
inline constexpr std::uint16_t kAclGroupObject = 0x04;
inline constexpr std::uint16_t kAclGroup = 0x08;
inline constexpr std::uint16_t kAclMask = 0x10;
inline constexpr std::uint16_t kAclOther = 0x20;

inline constexpr std::size_t kMostAclEntries = 64; // that a record of the store has room for
struct Acl {
  std::array<AclEntry, kMostAclEntries> entries{};
  std::size_t count = 0;
  [[nodiscard]] std::span<AclEntry> view() { return std::span(entries).first(count); }
  [[nodiscard]] std::span<const AclEntry> view() const { return std::span(entries).first(count); }
};

// posix_acl_from_xattr() and posix_acl_valid(). No entries: nothing is to be kept. Errors: EINVAL, EOPNOTSUPP (another
// version), ENOSPC (more entries than there is room for).
[[nodiscard]] Result<Acl> parse_acl(std::string_view value);
// posix_acl_valid(). Errors: EINVAL.
[[nodiscard]] Result<void> check_acl(std::span<const AclEntry> acl);

// posix_acl_equiv_mode(): the permission bits (0777) that the list stands for; `more`: it says more than they do.
struct AclMode {
  std::uint32_t mode = 0;
  bool more = false;
};
[[nodiscard]] AclMode mode_of_acl(std::span<const AclEntry> acl);
// __posix_acl_chmod_masq(): what the list says after the bits have been changed.
void set_mode_of_acl(std::span<AclEntry> acl, std::uint32_t mode);

// posix_acl_permission(), for whoever is not the owner.
[[nodiscard]] bool acl_permits(std::span<const AclEntry> acl, const struct stat& inode, const Credentials& who,
                               unsigned wanted);

} // namespace daxemu::sysfs
