// Extended attributes as devtmpfs (a tmpfs) and sysfs keep them: trusted.* and security.*, and on devtmpfs the access
// control list. xattr_permission() of fs/xattr.c, simple_xattr_*(), cap_inode_setxattr().
#pragma once

#include <span>
#include <string_view>

#include <sys/stat.h>

#include "emu/base/result.hpp"
#include "emu/store/records/records.hpp"
#include "emu/sysfs/inodes/credentials.hpp"
#include "emu/sysfs/inodes/posix_acl.hpp"

namespace daxemu::sysfs {

// The inode whose attributes are meant: `about` is stat(2)'s answer, `values` its record (or an empty one).
struct AttributeOwner {
  const struct stat& about;
  bool in_dev = false; // on devtmpfs, not on sysfs
  bool none = false;   // on debugfs or tracefs, whose files have no handlers for any
  const Credentials& who;
};

// The length of the value; copied if `into` is not empty. Errors: ENODATA, ERANGE (`into` is too small), EOPNOTSUPP.
[[nodiscard]] Result<std::size_t> get_attribute(const AttributeOwner& owner, const store::InodeValues& values,
                                                std::string_view name, std::span<char> into);
// Names with their NULs, the newest first. Errors: ERANGE.
[[nodiscard]] Result<std::size_t> list_attributes(const AttributeOwner& owner, const store::InodeValues& values,
                                                  std::span<char> into);
// `flags`: XATTR_CREATE, XATTR_REPLACE. Errors: EPERM, EEXIST, ENODATA, EINVAL, EACCES, ENOSPC, EOPNOTSUPP.
Result<void> set_attribute(const AttributeOwner& owner, store::InodeValues& values, std::string_view name,
                           std::string_view value, int flags);
// Errors: ENODATA, EPERM, EOPNOTSUPP.
Result<void> remove_attribute(const AttributeOwner& owner, store::InodeValues& values, std::string_view name);

// The access control list, empty if there is none.
[[nodiscard]] Acl acl_of(const store::InodeValues& values);
// After a chmod(2).
void set_acl_mode(store::InodeValues& values, std::uint32_t mode);

} // namespace daxemu::sysfs
