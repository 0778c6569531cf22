#include "runtime/preload/nodes/opened/opener.hpp"

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/sysfs/inodes/permission.hpp"
#include "emu/trace/why.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/nodes/disk_file.hpp"
#include "runtime/preload/nodes/kernfs.hpp"
#include "runtime/preload/nodes/node_position.hpp"

namespace daxemu::preload {
namespace {

using sysfs::kMayRead;
using sysfs::kMayWrite;
using trace::Reason;

// ACC_MODE() in include/linux/fs.h; 3, ioctl only, asks for both.
unsigned wanted_by(int flags) {
  constexpr unsigned kByMode[] = {kMayRead, kMayWrite, kMayRead | kMayWrite, kMayRead | kMayWrite};
  return kByMode[flags & O_ACCMODE] | ((flags & O_TRUNC) != 0 ? kMayWrite : 0);
}

// A character device that is no dax device.
bool is_control(const sysfs::Node& node) {
  return node.device == sysfs::kNoDaxDevice || node.device == sysfs::kCxlMemdevNode ||
         node.device == sysfs::kNdDimmNode;
}

// may_open() drops O_TRUNC for a character device, and the rest has been answered.
int flags_of_file(int flags) {
  return flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | O_DIRECT | O_NOCTTY);
}

// Of an attribute: nobody may read it, or write to it. Else `otherwise`.
Reason refusal_of_mode(const sysfs::Node& node, unsigned wanted, Reason otherwise, unsigned mode = ~0U) {
  const unsigned has = node.mode & mode;
  const bool is_attribute = node.type == sysfs::NodeType::attribute;
  return is_attribute && (wanted & kMayRead) != 0 && (has & 0444U) == 0    ? Reason::attribute_not_readable
         : is_attribute && (wanted & kMayWrite) != 0 && (has & 0222U) == 0 ? Reason::attribute_not_writable
                                                                           : otherwise;
}

} // namespace

Result<void> Opener::check(const sysfs::Node& node, int flags) const {
  using sysfs::NodeType;
  const bool only_path = (flags & O_PATH) != 0;
  constexpr int kTemporary = O_TMPFILE & ~O_DIRECTORY;
  if (!only_path && (flags & kTemporary) == 0 && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
    return fail(EEXIST);
  }
  if (!only_path && (flags & kTemporary) != 0) { // build_open_flags(), then do_tmpfile()
    if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_CREAT) != 0) {
      return fail(EINVAL);
    }
    return fail(node.type == NodeType::directory ? EOPNOTSUPP : ENOTDIR);
  }
  if (node.type == NodeType::symlink && !only_path) { // reached with O_NOFOLLOW only
    return fail(ELOOP);
  }
  if (node.type == NodeType::directory) {
    if (!only_path && ((flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_ACCMODE) != O_RDONLY)) {
      return fail(EISDIR); // may_open()
    }
  } else if ((flags & O_DIRECTORY) != 0) {
    return fail(ENOTDIR);
  }
  const auto rights = tree_->rights(node);
  if (!rights) {
    return tl::unexpected(rights.error());
  }
  if (!only_path && !permits(node, *rights, wanted_by(flags))) {
    return trace::because(EACCES, refusal_of_mode(node, wanted_by(flags & ~O_TRUNC), Reason::open_not_permitted));
  }
  if (node.type == NodeType::attribute && !only_path && is_of_kernfs(node.path.view())) {
    // KERNFS_ROOT_EXTRA_OPEN_PERM_CHECK: whoever it is, neither what nobody may nor what the attribute cannot.
    const Reason refused = refusal_of_mode(node, wanted_by(flags & ~O_TRUNC), Reason::none, rights->mode);
    if (refused != Reason::none) {
      return trace::because(EACCES, refused);
    }
  }
  if (!only_path && (flags & O_DIRECT) != 0 && node.type != NodeType::block) {
    return trace::because(EINVAL, Reason::open_direct); // do_dentry_open: nothing here has FMODE_CAN_ODIRECT
  }
  return {};
}

Result<int> Opener::open(const sysfs::Node& node, int flags) const {
  if (const auto may = check(node, flags); !may) {
    return tl::unexpected(may.error());
  }
  if (node.type == sysfs::NodeType::device) {
    return open_device(node, flags);
  }
  if (node.type == sysfs::NodeType::block) {
    return open_disk(node, flags);
  }
  auto opened = files_->open(node, flags);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  return opened->release();
}

// As a rule everybody may, or it is the owner who asks: that takes one system call.
bool Opener::permits(const sysfs::Node& node, const sysfs::Tree::Rights& rights, unsigned wanted) const {
  if (!rights.has_acl && sysfs::anyone_may(rights.mode, wanted)) {
    return true;
  }
  // Who has the platform is root to its tracefs and debugfs, and may open whatever there is.
  const bool owner_may = ((rights.mode >> 6) & wanted) == wanted ||
                         (node.type == sysfs::NodeType::attribute && !is_of_kernfs(node.path.view()));
  return (owner_may && Caller::file_system_uid() == rights.uid) ||
         tree_->permission(node, Caller().credentials(), wanted).has_value();
}

Result<int> Opener::open_bound(const sysfs::Node& node, int dirfd, const char* path, bool opens_devices,
                               int flags) const {
  const bool only_path = (flags & O_PATH) != 0;
  if (const auto may = check(node, flags); !may) {
    return tl::unexpected(may.error());
  }
  if (!only_path && !opens_devices) {
    return trace::because(EACCES, Reason::open_mount_forbids); // may_open_dev()
  }
  const store::DeviceRecord& device = store_->device_table()[node.device];
  if (!only_path && !dax::is_openable(device)) {
    return trace::because(ENXIO, {.reason = Reason::open_no_driver, .minor = device.minor});
  }
  // The file on the mount itself, so that the kernel knows who uses that: umount(2) is EBUSY.
  const auto opened = sys::openat(dirfd, path, flags_of_file(flags));
  if (!opened) { // EROFS is for files, and not for devices
    return opened.error() == Errno{EMFILE} ? Result<int>(tl::unexpected(opened.error())) : open_device(node, flags);
  }
  if (!only_path) {
    put_node_position(*opened);
  }
  FdTable::set(*opened, FdClass::device);
  return *opened;
}

Result<int> Opener::open_number(const sysfs::Node& node, int flags) const {
  return (flags & O_DIRECT) != 0 ? trace::because(EINVAL, Reason::open_direct) : open_device(node, flags);
}

Result<int> Opener::open_device(const sysfs::Node& node, int flags) const {
  if (is_control(node)) { // open and release, and ioctls: node_controls.hpp
    auto stand_in = files_->open(node, flags);
    return stand_in ? Result<int>(stand_in->release()) : tl::unexpected(stand_in.error());
  }
  if (node.device >= store_->device_table().size()) {
    return fail(ENXIO); // a number that no driver answers to
  }
  const store::DeviceRecord& device = store_->device_table()[node.device];
  if ((flags & O_PATH) == 0 && !dax::is_openable(device)) {
    return trace::because(ENXIO,
                          {.reason = Reason::open_no_driver,
                           .minor = device.minor}); // unbound: the node stays, chrdev_open() finds no cdev behind it
  }
  auto opened = open_file(*file_of(node), flags);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if ((flags & O_PATH) == 0) {
    put_node_position(opened->get());
  }
  FdTable::set(opened->get(), FdClass::device);
  return opened->release();
}

// blkdev_open(). The position of the file is the disk's.
Result<int> Opener::open_disk(const sysfs::Node& node, int flags) const {
  const store::NodeRecord* file = file_of(node);
  if (file == nullptr) {
    return fail(ENXIO);
  }
  auto opened = open_file(*file, flags);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if ((flags & O_PATH) == 0) {
    if ((flags & O_EXCL) != 0) {
      if (const auto claimed = DiskFile::claim(*store_, opened->get(), flags); !claimed) {
        return tl::unexpected(claimed.error());
      }
    }
    if ((flags & O_DIRECT) != 0) {
      DiskFile::set_direct(opened->get(), true);
    }
  }
  FdTable::set(opened->get(), FdClass::disk);
  return opened->release();
}

const store::NodeRecord* Opener::file_of(const sysfs::Node& node) const {
  if (node.type == sysfs::NodeType::device && node.device < store_->device_table().size()) {
    return &store_->device_table()[node.device].node;
  }
  if (node.type != sysfs::NodeType::block) {
    return nullptr;
  }
  const store::NdRegionRecord& nd = store_->region_table()[node.device].nd;
  const std::uint32_t number = nd.disk == 0 ? 0 : nd.disk_node;
  return number == 0 || number > store_->node_slots().size() ? nullptr : &store_->node_slots()[number - 1].node;
}

// A descriptor of the file that stands for a device or disk.
Result<UniqueFd> Opener::open_file(const store::NodeRecord& file, int flags) const {
  // may_open() drops O_TRUNC for a device. The link to the node is to be followed whatever the program said of its own
  // path.
  const int kept = flags_of_file(flags) & ~O_NOFOLLOW;
  auto opened = store_->open_file(file.location.c_str(), kept);
  if (!opened) {
    return fail(opened.error().value == ENOENT ? ENXIO : opened.error().value);
  }
  const auto about = sys::fstat(opened->get());
  if (!about || about->st_dev != file.st_dev || about->st_ino != file.st_ino) {
    return fail(ENXIO); // the keeper is gone, and its number is another's
  }
  if ((flags & O_PATH) == 0 && about->st_size != 0) { // no memory file, and somebody has reached it past us
    (void)sys::ftruncate(opened->get(), 0);           // it grows no further
  }
  return opened;
}

} // namespace daxemu::preload
