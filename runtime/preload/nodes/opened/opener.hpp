// open(2) of an emulated node: do_open() and the open operations of device-dax, kernfs and directories.
#pragma once

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"

namespace daxemu::preload {

class Opener {
public:
  Opener(const store::Store& store, const sysfs::Tree& tree, const VnodeFiles& files)
      : store_(&store), tree_(&tree), files_(&files) {}

  // The number of a new descriptor of `node`, the lowest free one. Errors: EACCES (the node's mode, and for attributes
  // even root's, as kernfs_fop_open has it), EEXIST, EISDIR, ENOTDIR, EINVAL (O_DIRECT, but of a disk), EMFILE, ENXIO
  // (the device's memory is gone), EBUSY (O_EXCL of a disk that somebody else has so).
  [[nodiscard]] Result<int> open(const sysfs::Node& node, int flags) const;

  // The same of a device's node where it was bound to: by what the kernel has mounted there (BoundNodes). Also EACCES:
  // the mount opens no devices ("nodev").
  [[nodiscard]] Result<int> open_bound(const sysfs::Node& node, int dirfd, const char* path, bool opens_devices,
                                       int flags) const;
  // The file that descriptors of a device or disk are of; nullptr: there is none (any more), or the node is neither.
  [[nodiscard]] const store::NodeRecord* file_of(const sysfs::Node& node) const;

  // chrdev_open() of a file of the device's number, whoever may open that. Errors: ENXIO, EMFILE, EINVAL (O_DIRECT).
  [[nodiscard]] Result<int> open_number(const sysfs::Node& node, int flags) const;

  // What do_open() asks before the file itself is opened.
  [[nodiscard]] Result<void> check(const sysfs::Node& node, int flags) const;

private:
  [[nodiscard]] bool permits(const sysfs::Node& node, const sysfs::Tree::Rights& rights, unsigned wanted) const;
  [[nodiscard]] Result<int> open_device(const sysfs::Node& node, int flags) const;
  [[nodiscard]] Result<int> open_disk(const sysfs::Node& node, int flags) const;
  [[nodiscard]] Result<UniqueFd> open_file(const store::NodeRecord& file, int flags) const;

  const store::Store* store_;
  const sysfs::Tree* tree_;
  const VnodeFiles* files_;
};

} // namespace daxemu::preload
