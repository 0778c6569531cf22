#include "runtime/preload/nodes/descriptors.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/nodes/opened/vnode_files.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kMemfdPrefix = "/memfd:";
constexpr std::string_view kNodeDirectory = "/dev/"; // where device nodes are, and no attributes

// What was found, or this error for whatever was in the way.
Result<sysfs::Node> replaced(const Result<sysfs::Node>& found, int code) {
  return found ? found : fail(code);
}

// No file of a file system: anon_inode_getattr() of fs/anon_inodes.c leaves the type out.
bool is_kernels_own(const struct stat& about) {
  return (about.st_mode & S_IFMT) == 0;
}

} // namespace

DAXEMU_START_PATH Descriptors::Descriptors(const store::Store& store, const sysfs::Tree& tree)
    : store_(&store), tree_(&tree), bound_(store) {}

std::uint64_t Descriptors::file_system_of(std::string_view path) const {
  return path.starts_with("/dev") ? shared_.dev() : path.starts_with("/sys") ? shared_.sys() : 0;
}

DAXEMU_START_PATH FdClass Descriptors::classify(int fd) const noexcept {
  if (FdTable::is_foreign(fd)) {
    return FdClass::foreign;
  }
  VnodeFiles::settle(fd);
  const auto known = by_inode(fd);
  return known ? *known : by_name(fd);
}

FdClass Descriptors::classify(int fd, PathText& vnode) const noexcept {
  vnode.clear();
  if (FdTable::is_foreign(fd)) {
    return FdClass::foreign;
  }
  VnodeFiles::settle(fd);
  const auto known = by_inode(fd);
  return known ? *known : by_name(fd, vnode);
}

DAXEMU_START_PATH store::DeviceRecord* Descriptors::device_by_inode(int fd, const struct stat& about) const noexcept {
  store::DeviceRecord* found = store_->device_of_node(about.st_dev, about.st_ino);
  if (found == nullptr && bound_.any()) {
    const auto bound = bound_.of(fd, about);
    found = bound ? bound->device : nullptr;
  }
  return found;
}

DAXEMU_START_PATH bool Descriptors::is_node(int fd, const struct stat& about) const noexcept {
  return device_by_inode(fd, about) != nullptr || store_->disk_of_node(about.st_dev, about.st_ino) != nullptr;
}

// By its inode alone: what a memory file is, which has no name in any directory, only its text tells.
DAXEMU_START_PATH bool Descriptors::is_foreign(int fd, const struct stat& about) const noexcept {
  if (S_ISREG(about.st_mode)) {
    return about.st_nlink != 0 && !is_node(fd, about);
  }
  if (is_kernels_own(about)) {
    return false; // an inotify instance shows as much
  }
  return !S_ISDIR(about.st_mode) || !(may_hold_nodes(about.st_dev) || shared_.is_proc(about.st_dev));
}

DAXEMU_START_PATH bool Descriptors::shows_foreign(int fd, const struct stat& about) const noexcept {
  const bool foreign = is_foreign(fd, about);
  // The memory of a process stays to be looked at (RemoteBytes): no file of /proc is remembered.
  if (foreign && !(S_ISREG(about.st_mode) && shared_.is_proc(about.st_dev))) {
    FdTable::set(fd, FdClass::foreign);
  }
  return foreign;
}

DAXEMU_START_PATH std::optional<FdClass> Descriptors::by_inode(int fd) const noexcept {
  const auto about = sys::fstat(fd);
  if (!about || shows_foreign(fd, *about)) {
    return FdClass::foreign;
  }
  FdClass found = FdClass::directory;
  if (S_ISREG(about->st_mode)) {
    if (store_->disk_of_node(about->st_dev, about->st_ino) != nullptr) {
      found = FdClass::disk;
    } else if (device_by_inode(fd, *about) != nullptr ||
               store_->is_of_gone_device(about->st_dev, about->st_ino)) { // its file operations outlive it
      found = FdClass::device;
    } else {
      return std::nullopt;
    }
  } else if (is_kernels_own(*about)) {
    found = watches_dev(fd) ? FdClass::watcher : FdClass::foreign;
  }
  FdTable::set(fd, found);
  return found;
}

FdClass Descriptors::by_name(int fd, PathText& vnode) const noexcept {
  FdClass found = FdClass::foreign;
  PathText text;
  const std::string_view name = path_of(fd, text) ? vnode_text(text.view()) : std::string_view{};
  const std::string_view path = name.substr(std::min(name.find('/'), name.size()));
  if (!path.empty()) {
    vnode.assign(name);
    found = path.ends_with('/')                ? FdClass::directory
            : path.starts_with(kNodeDirectory) ? FdClass::control
                                               : FdClass::attribute;
  }
  FdTable::set(fd, found);
  return found;
}

FdClass Descriptors::by_name(int fd) const noexcept {
  PathText vnode;
  return by_name(fd, vnode);
}

bool Descriptors::watches_dev(int fd) const noexcept {
  bool found = false;
  if (is_inotify(fd)) {
    each_watch(fd, [&](const Watch& watch) {
      found = is_of_dev_directory(watch);
      return !found;
    });
  }
  return found;
}

store::DeviceRecord* Descriptors::device(int fd) const noexcept {
  if (FdTable::is_foreign(fd)) {
    return nullptr;
  }
  const auto about = sys::fstat(fd);
  if (!about || !S_ISREG(about->st_mode)) {
    return nullptr;
  }
  store::DeviceRecord* found = device_by_inode(fd, *about);
  if (found != nullptr) {
    FdTable::set(fd, FdClass::device);
  } else if (about->st_nlink != 0 && store_->disk_of_node(about->st_dev, about->st_ino) == nullptr) {
    FdTable::set(fd, FdClass::foreign);
  }
  return found;
}

store::RegionRecord* Descriptors::disk(int fd) const noexcept {
  if (FdTable::is_foreign(fd) || store_->platform().disks.load(std::memory_order_acquire) == 0) {
    return nullptr;
  }
  const auto about = sys::fstat(fd);
  return about && S_ISREG(about->st_mode) ? store_->disk_of_node(about->st_dev, about->st_ino) : nullptr;
}

Result<sysfs::Node> Descriptors::node(int fd) const noexcept {
  PathText vnode;
  switch (classify(fd, vnode)) {
  case FdClass::device:
    if (const store::DeviceRecord* found = device(fd); found != nullptr) {
      return tree_->node_of(*found);
    }
    return fail(EBADF);
  case FdClass::disk:
    if (const store::RegionRecord* found = disk(fd); found != nullptr) {
      return tree_->node_of_disk(*found);
    }
    return fail(EBADF);
  case FdClass::control:
  case FdClass::attribute:
  case FdClass::directory: {
    if (!vnode.empty()) {
      return node_at(vnode.view());
    }
    PathText path; // of a directory that the real system has
    return path_of(fd, path) ? replaced(tree_->lookup(path.view()), EBADF) : fail(EBADF);
  }
  default:
    return fail(EBADF);
  }
}

Result<sysfs::Node> Descriptors::node_at(std::string_view vnode) const noexcept {
  std::uint64_t born = 0;
  const auto [path, error] = std::from_chars(vnode.data(), vnode.data() + vnode.size(), born, 16);
  vnode.remove_prefix(static_cast<std::size_t>(path - vnode.data()));
  if (vnode.size() > 1 && vnode.ends_with('/')) {
    vnode.remove_suffix(1);
  }
  const auto found = tree_->lookup(vnode);
  // kernfs: the object is gone, whatever has its name now.
  return found && found->born != born ? fail(ENODEV) : replaced(found, ENODEV);
}

bool Descriptors::is_vnode(int fd) noexcept {
  PathText text;
  return path_of(fd, text) && !vnode_path(text.view()).empty();
}

bool Descriptors::path_of(int fd, PathText& into) noexcept {
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const auto length = sys::readlinkat(AT_FDCWD, link, into.data(), into.capacity());
  if (!length) {
    into.clear();
    return false;
  }
  into.set_size(*length);
  return into.view().starts_with('/');
}

std::string_view Descriptors::vnode_path(std::string_view text) noexcept {
  const std::string_view name = vnode_text(text);
  return name.substr(std::min(name.find('/'), name.size()));
}

std::string_view Descriptors::vnode_text(std::string_view text) noexcept {
  if (!text.starts_with(kMemfdPrefix)) {
    return {};
  }
  text.remove_prefix(kMemfdPrefix.size());
  if (!text.starts_with(kVnodePrefix)) {
    return {};
  }
  text.remove_prefix(kVnodePrefix.size());
  if (text.ends_with(kDeleted)) {
    text.remove_suffix(kDeleted.size());
  }
  return text;
}

} // namespace daxemu::preload
