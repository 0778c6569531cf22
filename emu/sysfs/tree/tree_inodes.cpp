// What is asked and changed of inodes.
#include "emu/base/program/later_relocations.hpp"
#include "emu/sysfs/families/places.hpp"
#include "emu/sysfs/inodes/dev_names.hpp"
#include "emu/sysfs/inodes/extended_attributes.hpp"
#include "emu/sysfs/inodes/permission.hpp"
#include "emu/sysfs/schema/text.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::sysfs {
namespace {

// debugfs and tracefs have no struct xattr_handler.
bool has_no_attributes(const Node& node) {
  return node.path.view().starts_with("/sys/kernel/");
}
bool is_in_dev(const Node& node) {
  return node.path.view().starts_with(kDevDirectory);
}

} // namespace

Result<Tree::Inode> Tree::inode_now(const Node& node, store::InodeValues& values, Count count) const {
  auto found = inode(node, count);
  if (found && store::read_inode(*store_, found->key, values)) {
    overlay(values, found->about);
  }
  return found;
}

Node Tree::node_of(const store::DeviceRecord& device) const {
  return driver_node(*store_, device);
}

Result<Node> Tree::node_of_disk(const store::RegionRecord& region) const {
  tables_ready();
  PathText path;
  path.put(kDevDirectory);
  disk_name(Scope{.store = store_, .region = const_cast<store::RegionRecord*>(&region)}, path);
  return lookup(path.view());
}

Result<Tree::Rights> Tree::rights(const Node& node) const {
  if (node.shared) {
    const auto about = stat(node);
    return about ? Result<Rights>(Rights{.mode = about->st_mode, .uid = about->st_uid, .has_acl = true})
                 : tl::unexpected(about.error());
  }
  store::InodeValues values;
  const auto found = inode_now(node, values, Count::nothing);
  if (!found) {
    return tl::unexpected(found.error());
  }
  return Rights{.mode = found->about.st_mode, .uid = found->about.st_uid, .has_acl = !acl_of(values).view().empty()};
}

Result<void> Tree::permission(const Node& node, const Credentials& who, unsigned wanted) const {
  store::InodeValues values;
  const auto found = inode_now(node, values, Count::nothing);
  if (!found) {
    return tl::unexpected(found.error());
  }
  const Acl acl = acl_of(values);
  return is_permitted(found->about, acl.view(), who, wanted) ? Result<void>() : fail(EACCES);
}

Result<void> Tree::change(const Node& node, const Credentials& who, const InodeChange& change) const {
  const auto found = inode(node);
  if (!found) {
    return tl::unexpected(found.error());
  }
  return store::change_inode(*store_, found->key, [&](store::InodeValues& values) {
    struct stat about = found->about;
    overlay(values, about);
    return apply(change, about, who, current_time(), values);
  });
}

Result<std::size_t> Tree::get_attribute(const Node& node, const Credentials& who, std::string_view name,
                                        std::span<char> into) const {
  store::InodeValues values;
  const auto found = inode_now(node, values);
  if (!found) {
    return tl::unexpected(found.error());
  }
  return sysfs::get_attribute(
      {.about = found->about, .in_dev = is_in_dev(node), .none = has_no_attributes(node), .who = who}, values, name,
      into);
}

Result<std::size_t> Tree::list_attributes(const Node& node, const Credentials& who, std::span<char> into) const {
  store::InodeValues values;
  const auto found = inode_now(node, values);
  if (!found) {
    return tl::unexpected(found.error());
  }
  return sysfs::list_attributes(
      {.about = found->about, .in_dev = is_in_dev(node), .none = has_no_attributes(node), .who = who}, values, into);
}

Result<void> Tree::set_attribute(const Node& node, const Credentials& who, std::string_view name,
                                 std::string_view value, int flags) const {
  const auto found = inode(node);
  if (!found) {
    return tl::unexpected(found.error());
  }
  return store::change_inode(*store_, found->key, [&](store::InodeValues& values) {
    struct stat about = found->about;
    overlay(values, about);
    const AttributeOwner owner{.about = about, .in_dev = is_in_dev(node), .none = has_no_attributes(node), .who = who};
    auto set = sysfs::set_attribute(owner, values, name, value, flags);
    values.changed |= set ? store::kInodeAttributes : 0;
    return set;
  });
}

Result<void> Tree::remove_attribute(const Node& node, const Credentials& who, std::string_view name) const {
  const auto found = inode(node);
  if (!found) {
    return tl::unexpected(found.error());
  }
  return store::change_inode(*store_, found->key, [&](store::InodeValues& values) {
    struct stat about = found->about;
    overlay(values, about);
    return sysfs::remove_attribute(
        {.about = about, .in_dev = is_in_dev(node), .none = has_no_attributes(node), .who = who}, values, name);
  });
}

} // namespace daxemu::sysfs
