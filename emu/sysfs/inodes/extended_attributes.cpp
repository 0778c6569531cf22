#include "emu/sysfs/inodes/extended_attributes.hpp"

#include <cerrno>
#include <cstring>
#include <optional>

#include <linux/capability.h>
#include <sys/xattr.h>

#include "emu/sysfs/inodes/permission.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::string_view kUser = "user.";
constexpr std::string_view kTrusted = "trusted.";
constexpr std::string_view kSecurity = "security.";
constexpr std::string_view kCapability = "security.capability";
constexpr std::string_view kAccessList = "system.posix_acl_access";
constexpr std::string_view kDefaultList = "system.posix_acl_default";
constexpr std::size_t kLengthSize = 2;

bool is_list(std::string_view name) {
  return name == kAccessList || name == kDefaultList;
}

// An attribute where it is in the record.
struct Place {
  std::size_t begin = 0;
  std::string_view name;
  std::string_view value;
  [[nodiscard]] std::size_t end() const { return begin + name.size() + 1 + kLengthSize + value.size(); }
};

// The one that begins at `at`; nothing: there are no more (or what is there is none).
std::optional<Place> place_at(const store::InodeValues& values, std::size_t at) {
  const std::string_view all(values.attributes.data(),
                             std::min<std::size_t>(values.attribute_bytes, values.attributes.size()));
  const std::size_t nul = all.find('\0', at);
  if (nul == std::string_view::npos || all.size() - nul < 1 + kLengthSize) {
    return std::nullopt;
  }
  std::uint16_t length = 0;
  std::memcpy(&length, all.data() + nul + 1, sizeof length);
  const std::size_t value = nul + 1 + kLengthSize;
  if (all.size() - value < length) {
    return std::nullopt;
  }
  return Place{.begin = at, .name = all.substr(at, nul - at), .value = all.substr(value, length)};
}

std::optional<Place> find(const store::InodeValues& values, std::string_view name) {
  for (auto place = place_at(values, 0); place; place = place_at(values, place->end())) {
    if (place->name == name) {
      return place;
    }
  }
  return std::nullopt;
}

void erase(store::InodeValues& values, const Place& place) {
  const std::size_t end = place.end();
  std::memmove(values.attributes.data() + place.begin, values.attributes.data() + end, values.attribute_bytes - end);
  values.attribute_bytes -= static_cast<std::uint32_t>(end - place.begin);
}

Result<void> append(store::InodeValues& values, std::string_view name, std::string_view value) {
  const std::size_t size = name.size() + 1 + kLengthSize + value.size();
  if (value.size() > UINT16_MAX || values.attributes.size() - values.attribute_bytes < size) {
    return fail(ENOSPC);
  }
  char* at = values.attributes.data() + values.attribute_bytes;
  std::memcpy(at, name.data(), name.size());
  at[name.size()] = '\0';
  const auto length = static_cast<std::uint16_t>(value.size());
  std::memcpy(at + name.size() + 1, &length, sizeof length);
  std::memcpy(at + name.size() + 1 + kLengthSize, value.data(), value.size());
  values.attribute_bytes += static_cast<std::uint32_t>(size);
  return {};
}

// xattr_permission(), and whether there is a handler for the name (xattr_resolve_name()). `writes`: set or remove.
Result<void> permit_name(const AttributeOwner& owner, std::string_view name, bool writes) {
  const bool plain = S_ISREG(owner.about.st_mode) || S_ISDIR(owner.about.st_mode);
  if (name.starts_with(kTrusted)) {
    if (!owner.who.capable(kCapSysAdmin)) {
      return fail(writes ? EPERM : ENODATA);
    }
    return name.size() > kTrusted.size() ? Result<void>() : fail(EINVAL);
  }
  if (name.starts_with(kSecurity)) {
    return name.size() > kSecurity.size() ? Result<void>() : fail(EINVAL);
  }
  if (name.starts_with("system.")) {
    return is_list(name) && owner.in_dev ? Result<void>() : fail(EOPNOTSUPP);
  }
  if (name.starts_with(kUser)) {
    if (!plain) {
      return fail(writes ? EPERM : ENODATA);
    }
    if (!is_permitted(owner.about, {}, owner.who, writes ? kMayWrite : kMayRead)) {
      return fail(EACCES);
    }
    // Of sysfs only a kernfs root that says so keeps them; reading there finds none.
    return writes || owner.in_dev ? fail(EOPNOTSUPP) : Result<void>();
  }
  if (!is_permitted(owner.about, {}, owner.who, writes ? kMayWrite : kMayRead)) {
    return fail(EACCES);
  }
  return fail(EOPNOTSUPP);
}

Result<void> permit(const AttributeOwner& owner, std::string_view name, bool writes) {
  const auto may = permit_name(owner, name, writes);
  return may && owner.none ? fail(EOPNOTSUPP) : may;
}

// cap_inode_setxattr(), cap_inode_removexattr()
bool may_write_security(const AttributeOwner& owner, std::string_view name) {
  return !name.starts_with(kSecurity) || owner.who.capable(name == kCapability ? kCapSetfcap : kCapSysAdmin);
}

// validheader() of security/commoncap.c
bool is_capability(std::string_view value) {
  std::uint32_t magic = 0;
  if (value.size() < sizeof magic) {
    return false;
  }
  std::memcpy(&magic, value.data(), sizeof magic);
  const std::uint32_t revision = magic & VFS_CAP_REVISION_MASK;
  return (value.size() == XATTR_CAPS_SZ_2 && revision == VFS_CAP_REVISION_2) ||
         (value.size() == XATTR_CAPS_SZ_3 && revision == VFS_CAP_REVISION_3);
}

// posix_acl_xattr_set(), set_posix_acl(), simple_set_acl()
Result<void> set_list(const AttributeOwner& owner, store::InodeValues& values, std::string_view name,
                      std::string_view value) {
  const auto acl = parse_acl(value);
  if (!acl) {
    return tl::unexpected(acl.error());
  }
  if (name == kDefaultList && !S_ISDIR(owner.about.st_mode)) {
    return acl->count != 0 ? fail(EACCES) : Result<void>();
  }
  if (!owns(owner.about, owner.who)) {
    return fail(EPERM);
  }
  if (acl->count != 0) {
    if (auto valid = check_acl(acl->view()); !valid) {
      return valid;
    }
  }
  store::InodeValues after = values;
  if (const auto old = find(after, name); old) {
    erase(after, *old);
  }
  if (acl->count != 0) {
    const AclMode mode = mode_of_acl(acl->view());
    const bool drops_group = !owner.who.is_in(owner.about.st_gid) && !owner.who.capable(kCapFsetid);
    after.mode = (owner.about.st_mode & 07000U & ~(drops_group ? 02000U : 0U)) | mode.mode;
    after.changed |= store::kInodeMode;
    if (mode.more) {
      if (auto kept = append(after, name, value); !kept) {
        return kept;
      }
    }
  }
  values = after;
  return {};
}

} // namespace

Result<std::size_t> get_attribute(const AttributeOwner& owner, const store::InodeValues& values, std::string_view name,
                                  std::span<char> into) {
  if (auto permitted = permit(owner, name, false); !permitted) {
    return tl::unexpected(permitted.error());
  }
  const auto place = find(values, name);
  if (!place) {
    return fail(ENODATA);
  }
  if (into.empty()) {
    return place->value.size();
  }
  if (into.size() < place->value.size()) {
    return fail(ERANGE);
  }
  std::memcpy(into.data(), place->value.data(), place->value.size());
  return place->value.size();
}

Result<std::size_t> list_attributes(const AttributeOwner& owner, const store::InodeValues& values,
                                    std::span<char> into) {
  // The newest is the last in the record.
  std::array<Place, 64> places;
  std::size_t count = 0;
  std::size_t size = 0;
  for (auto place = place_at(values, 0); place && count < places.size(); place = place_at(values, place->end())) {
    if (!place->name.starts_with(kTrusted) || owner.who.capable(kCapSysAdmin)) {
      places[count++] = *place;
      size += place->name.size() + 1;
    }
  }
  if (into.empty()) {
    return size;
  }
  if (into.size() < size) {
    return fail(ERANGE);
  }
  char* at = into.data();
  while (count > 0) {
    const std::string_view name = places[--count].name;
    std::memcpy(at, name.data(), name.size());
    at[name.size()] = '\0';
    at += name.size() + 1;
  }
  return size;
}

Result<void> set_attribute(const AttributeOwner& owner, store::InodeValues& values, std::string_view name,
                           std::string_view value, int flags) {
  if (name == kCapability && !is_capability(value)) {
    return fail(EINVAL); // cap_convert_nscap(), before anything is looked at
  }
  if (auto permitted = permit(owner, name, true); !permitted) {
    return permitted;
  }
  if (is_list(name)) {
    return set_list(owner, values, name, value);
  }
  if (!may_write_security(owner, name)) {
    return fail(EPERM);
  }
  const auto old = find(values, name);
  if (old && (flags & XATTR_CREATE) != 0) {
    return fail(EEXIST);
  }
  if (!old && (flags & XATTR_REPLACE) != 0) {
    return fail(ENODATA);
  }
  store::InodeValues after = values;
  if (old) {
    erase(after, *find(after, name));
  }
  if (auto kept = append(after, name, value); !kept) {
    return kept;
  }
  values = after;
  return {};
}

Result<void> remove_attribute(const AttributeOwner& owner, store::InodeValues& values, std::string_view name) {
  if (auto permitted = permit(owner, name, true); !permitted) {
    return permitted;
  }
  if (is_list(name)) {
    return set_list(owner, values, name, {});
  }
  if (!may_write_security(owner, name)) {
    return fail(EPERM);
  }
  const auto old = find(values, name);
  if (!old) {
    return fail(ENODATA);
  }
  erase(values, *old);
  return {};
}

Acl acl_of(const store::InodeValues& values) {
  const auto place = find(values, kAccessList);
  const auto acl = place ? parse_acl(place->value) : Result<Acl>(Acl{});
  return acl ? *acl : Acl{};
}

void set_acl_mode(store::InodeValues& values, std::uint32_t mode) {
  const auto place = find(values, kAccessList);
  Acl acl = acl_of(values);
  if (!place || acl.count == 0) {
    return;
  }
  set_mode_of_acl(acl.view(), mode);
  const auto at = static_cast<std::size_t>(place->value.data() - values.attributes.data()) + sizeof(std::uint32_t);
  std::memcpy(values.attributes.data() + at, acl.entries.data(), acl.count * sizeof(AclEntry));
}

} // namespace daxemu::sysfs
