// The paths a device-dax has, rendered from the store: nodes in /dev, the dax bus and its devices below /sys, and what
// links to them. Every answer is computed from the records when asked, so it is always current.
//
// Paths given to a Tree are absolute and canonical: no ".", "..", doubled or trailing slash, no symlink on the way
// (whoever walks paths, such as runtime/preload, follows links itself, one component at a time, with lookup()).
#pragma once

#include <span>
#include <string_view>

#include <sys/stat.h>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/node_table.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/inodes/credentials.hpp"
#include "emu/sysfs/inodes/inode_changes.hpp"
#include "emu/sysfs/schema/node.hpp"

namespace daxemu::sysfs {

class KnownPaths;
struct Found;

class Tree {
public:
  // With `known` the tree remembers where paths led to; for who asks it much.
  explicit Tree(const store::Store& store, KnownPaths* known = nullptr) : store_(&store), known_(known) {}

  // Could `path` be, or lead to, an emulated node? A cheap prefix test, no allocation: what it denies is left to the
  // real system without further work. Shared directories themselves ("/dev", "/sys") are not claimed, what is
  // emulated below them is.
  [[nodiscard]] static bool may_claim(std::string_view path);
  // Could an entry of /dev called `name` be, or be meant to become, an emulated node? A test of its first letters.
  [[nodiscard]] static bool may_name_node(const store::Store& store, std::string_view name);

  // The node at `path`. Errors: ENOENT, ENOTDIR (a component before the last is no directory): these are the final
  // answer, whatever the real system has there. EREMOTE: not emulated, ask the real system (an entry of a shared
  // directory that is not ours, such as /sys/dev/char/1:3).
  [[nodiscard]] Result<Node> lookup(std::string_view path) const;

  // The same of a path below /sys that may lead through links: the first link on the way, or what is at its end;
  // `length` of the path lead there.
  [[nodiscard]] Result<Node> reach(std::string_view path, std::size_t& length) const;

  // Calls `each` for every emulated entry of a directory, without "." and "..", in a stable order.
  // Errors: ENOTDIR, ENOENT (gone meanwhile).
  Result<void> list(const Node& directory, FunctionRef<void(const Entry&)> each) const;

  // What read(2) of an attribute gives, as far as it fits (sysfs: at most a page). Returns the length.
  // `notices`: where its notices are put, those of before it was shown.
  // Errors: EACCES/EIO as the attribute's show would; EINVAL if `node` is no attribute.
  [[nodiscard]] Result<std::size_t> show(const Node& node, std::span<char> into,
                                         std::uint64_t* notices = nullptr) const;

  // The attribute's notices (schema.hpp); 0 if it has none. Errors: ENODEV (gone), EINVAL if `node` is no attribute.
  [[nodiscard]] Result<std::uint64_t> notices(const Node& node) const;

  // What write(2) of `text` to an attribute does. Returns the bytes consumed: all, but at most 4096 of one write.
  // Errors: the attribute's (EINVAL, EBUSY, ENOSPC, ...); EACCES if it has no store.
  [[nodiscard]] Result<std::size_t> store(const Node& node, std::string_view text) const;

  // The text of a symlink (relative, as sysfs has it). Errors: EINVAL if `node` is none.
  [[nodiscard]] Result<Path> readlink(const Node& node) const;

  // Where it leads, as an absolute path. Errors: as above.
  [[nodiscard]] Result<Path> target(const Node& node) const;

  // What stat(2) says of the node: type, mode, owner, size (4096 of an attribute, 0 of a directory and of the char
  // device), nlink, rdev, inode. st_dev is the real /sys's or /dev's, so that `find -xdev` and `du -x` behave.
  // A shared directory that exists in reality is answered with the real one's, nlink grown by what is emulated in it.
  [[nodiscard]] Result<struct stat> stat(const Node& node) const;

  // What of that it takes to see who may open it: no entries are counted. The owner permits as the mode says, whatever
  // the ACL.
  struct Rights {
    std::uint32_t mode = 0;
    uid_t uid = 0;
    bool has_acl = false;
  };
  [[nodiscard]] Result<Rights> rights(const Node& node) const;

  // Inodes: what people have changed of them (emu/sysfs/inodes). Of nodes that the real system does not have as well.
  // generic_permission(). Errors: EACCES, ENOENT (gone meanwhile).
  Result<void> permission(const Node& node, const Credentials& who, unsigned wanted) const;
  // chmod(2), chown(2), utimensat(2). Errors: EPERM, EACCES, ENOSPC (the store's table is full).
  Result<void> change(const Node& node, const Credentials& who, const InodeChange& change) const;
  // Extended attributes; errors: emu/sysfs/inodes/extended_attributes.hpp.
  [[nodiscard]] Result<std::size_t> get_attribute(const Node& node, const Credentials& who, std::string_view name,
                                                  std::span<char> into) const;
  [[nodiscard]] Result<std::size_t> list_attributes(const Node& node, const Credentials& who,
                                                    std::span<char> into) const;
  Result<void> set_attribute(const Node& node, const Credentials& who, std::string_view name, std::string_view value,
                             int flags) const;
  Result<void> remove_attribute(const Node& node, const Credentials& who, std::string_view name) const;

  // The node of an open device, whatever its name has become since.
  [[nodiscard]] Node node_of(const store::DeviceRecord& device) const;
  // The node of the disk that a region's namespace is. Errors: ENOENT (it is none any more).
  [[nodiscard]] Result<Node> node_of_disk(const store::RegionRecord& region) const;

private:
  // Those that nlink and size of a directory are about.
  enum class Count : bool { entries, nothing };
  // The inode's defaults, and its key in the store. Errors: ENOENT (gone meanwhile).
  struct Inode {
    struct stat about = {};
    store::InodeKey key;
  };
  [[nodiscard]] Result<Inode> inode(const Node& node, Count count = Count::entries) const;
  // Both `about` and what was changed.
  [[nodiscard]] Result<Inode> inode_now(const Node& node, store::InodeValues& values,
                                        Count count = Count::entries) const;

  [[nodiscard]] Result<Node> node_at(std::string_view path, const Found& found) const;

  const store::Store* store_;
  KnownPaths* known_;
};

} // namespace daxemu::sysfs
