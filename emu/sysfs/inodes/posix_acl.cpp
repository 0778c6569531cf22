#include "emu/sysfs/inodes/posix_acl.hpp"

#include <cerrno>
#include <cstring>

namespace daxemu::sysfs {
namespace {

constexpr std::uint32_t kVersion = 2; // POSIX_ACL_XATTR_VERSION
constexpr std::uint32_t kNobody = ~0U;

bool is_known(std::uint16_t tag) {
  constexpr unsigned kTags = kAclUserObject | kAclUser | kAclGroupObject | kAclGroup | kAclMask | kAclOther;
  return tag != 0 && (tag & (tag - 1U)) == 0 && (tag & ~kTags) == 0;
}

} // namespace

Result<Acl> parse_acl(std::string_view value) {
  Acl acl;
  if (value.empty()) {
    return acl;
  }
  std::uint32_t version = 0;
  if (value.size() < sizeof version) {
    return fail(EINVAL);
  }
  std::memcpy(&version, value.data(), sizeof version);
  if (version != kVersion) {
    return fail(EOPNOTSUPP);
  }
  value.remove_prefix(sizeof version);
  if (value.size() % sizeof(AclEntry) != 0) {
    return fail(EINVAL);
  }
  acl.count = value.size() / sizeof(AclEntry);
  if (acl.count > kMostAclEntries) {
    return fail(ENOSPC);
  }
  std::memcpy(acl.entries.data(), value.data(), value.size());
  for (const AclEntry& entry : acl.view()) {
    if (!is_known(entry.tag) || ((entry.tag == kAclUser || entry.tag == kAclGroup) && entry.id == kNobody)) {
      return fail(EINVAL);
    }
  }
  return acl;
}

Result<void> check_acl(std::span<const AclEntry> acl) {
  std::uint16_t next = kAclUserObject; // the least that may come
  bool needs_mask = false;
  bool ended = false;
  for (const AclEntry& entry : acl) {
    if (ended || (entry.permissions & ~7U) != 0) {
      return fail(EINVAL);
    }
    switch (entry.tag) {
    case kAclUserObject:
      if (next != kAclUserObject) {
        return fail(EINVAL);
      }
      next = kAclUser;
      break;
    case kAclUser:
      if (next != kAclUser) {
        return fail(EINVAL);
      }
      needs_mask = true;
      break;
    case kAclGroupObject:
      if (next != kAclUser) {
        return fail(EINVAL);
      }
      next = kAclGroup;
      break;
    case kAclGroup:
      if (next != kAclGroup) {
        return fail(EINVAL);
      }
      needs_mask = true;
      break;
    case kAclMask:
      if (next != kAclGroup) {
        return fail(EINVAL);
      }
      next = kAclOther;
      break;
    case kAclOther:
      if (next != kAclOther && (next != kAclGroup || needs_mask)) {
        return fail(EINVAL);
      }
      ended = true;
      break;
    default:
      return fail(EINVAL);
    }
  }
  return ended ? Result<void>() : fail(EINVAL);
}

AclMode mode_of_acl(std::span<const AclEntry> acl) {
  AclMode result;
  for (const AclEntry& entry : acl) {
    switch (entry.tag) {
    case kAclUserObject:
      result.mode |= static_cast<std::uint32_t>(entry.permissions) << 6;
      break;
    case kAclGroupObject:
      result.mode |= static_cast<std::uint32_t>(entry.permissions) << 3;
      break;
    case kAclOther:
      result.mode |= entry.permissions;
      break;
    case kAclMask:
      result.mode = (result.mode & ~0070U) | static_cast<std::uint32_t>(entry.permissions) << 3;
      result.more = true;
      break;
    default:
      result.more = true;
    }
  }
  return result;
}

void set_mode_of_acl(std::span<AclEntry> acl, std::uint32_t mode) {
  AclEntry* group = nullptr;
  AclEntry* mask = nullptr;
  for (AclEntry& entry : acl) {
    if (entry.tag == kAclUserObject) {
      entry.permissions = static_cast<std::uint16_t>((mode >> 6) & 7U);
    } else if (entry.tag == kAclOther) {
      entry.permissions = static_cast<std::uint16_t>(mode & 7U);
    } else if (entry.tag == kAclGroupObject) {
      group = &entry;
    } else if (entry.tag == kAclMask) {
      mask = &entry;
    }
  }
  if (AclEntry* bounds = mask != nullptr ? mask : group; bounds != nullptr) {
    bounds->permissions = static_cast<std::uint16_t>((mode >> 3) & 7U);
  }
}

bool acl_permits(std::span<const AclEntry> acl, const struct stat& inode, const Credentials& who, unsigned wanted) {
  unsigned mask = 7;
  for (const AclEntry& entry : acl) {
    mask = entry.tag == kAclMask ? entry.permissions : mask;
  }
  bool in_some_group = false;
  for (const AclEntry& entry : acl) {
    const bool allows = (entry.permissions & wanted) == wanted;
    switch (entry.tag) {
    case kAclUser:
      if (entry.id == who.uid) {
        return allows && (mask & wanted) == wanted;
      }
      break;
    case kAclGroupObject:
    case kAclGroup:
      if (who.is_in(entry.tag == kAclGroup ? entry.id : inode.st_gid)) {
        in_some_group = true;
        if (allows) {
          return (mask & wanted) == wanted;
        }
      }
      break;
    case kAclOther:
      return !in_some_group && allows;
    default:
      break;
    }
  }
  return false;
}

} // namespace daxemu::sysfs
