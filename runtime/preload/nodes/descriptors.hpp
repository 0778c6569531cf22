// What a descriptor is open on, whoever opened it and however it arrived here. The inode tells a device (its node's,
// see store::NodeRecord); the name of its memory file tells a vnode file (vnode_files.hpp).
#pragma once

#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/ground/path_text.hpp"
#include "runtime/preload/nodes/bound_nodes.hpp"
#include "runtime/preload/nodes/shared_file_systems.hpp"
#include "runtime/preload/nodes/watch_list.hpp"

namespace daxemu::preload {

// Names of vnode files as /proc/PID/fd shows them: this prefix, Node::born in hexadecimal if it is not 0, the canonical
// path, a final slash on directories.
inline constexpr std::string_view kVnodePrefix = "daxemu:";
// Behind the path of an open file whose name is gone (d_path()).
inline constexpr std::string_view kDeleted = " (deleted)";

class Descriptors {
public:
  Descriptors(const store::Store& store, const sysfs::Tree& tree);

  // What `fd` is; never unknown. An invalid number is foreign (and not remembered). Lock-free, no allocation.
  [[nodiscard]] FdClass classify(int fd) const noexcept;
  // The same; `vnode` is what node_at() takes, of a vnode file, else empty.
  [[nodiscard]] FdClass classify(int fd, PathText& vnode) const noexcept;
  // The caller has fstat(2)'s answer for `fd`: is it none of ours? Then that is remembered.
  bool shows_foreign(int fd, const struct stat& about) const noexcept;
  // The device `fd` is open on, or nullptr.
  [[nodiscard]] store::DeviceRecord* device(int fd) const noexcept;
  // Is `fd` open on a device that was deleted since, as by the end of its region?
  [[nodiscard]] bool is_of_gone_device(int fd) const noexcept {
    return classify(fd) == FdClass::device && device(fd) == nullptr;
  }
  // Files that stand for nodes where those were bound to: a descriptor of one is a device's.
  [[nodiscard]] const BoundNodes& bound() const noexcept { return bound_; }
  // The pmem region whose namespace is the disk that `fd` is open on, or nullptr.
  [[nodiscard]] store::RegionRecord* disk(int fd) const noexcept;
  // All but devices: mmap(2) on them is ENODEV, which their memory files would not say.
  [[nodiscard]] bool has_no_mmap(int fd) const noexcept {
    const FdClass what = classify(fd);
    return what == FdClass::attribute || what == FdClass::directory || what == FdClass::disk ||
           what == FdClass::control;
  }
  // The node behind a device, a vnode file or a directory shared with the real system.
  // Errors: ENODEV (gone meanwhile), EBADF (none of ours).
  [[nodiscard]] Result<sysfs::Node> node(int fd) const noexcept;
  // The node that a vnode file's name, behind its prefix, stands for. Errors: ENODEV (gone meanwhile, though there may
  // be another one of its name).
  [[nodiscard]] Result<sysfs::Node> node_at(std::string_view vnode) const noexcept;
  // Is `fd` a vnode file (and not a real directory)?
  [[nodiscard]] static bool is_vnode(int fd) noexcept;

  // Is it the file system of /sys or /dev, where a real directory may lack what is emulated in it?
  [[nodiscard]] bool may_hold_nodes(dev_t device) const { return device == shared_.sys() || device == shared_.dev(); }
  // Is it the machine's /dev, by whatever name? By its identity, which bind mounts and other roots share.
  [[nodiscard]] bool is_dev_directory(const struct stat& about) const {
    return shared_.is_dev(about.st_dev, about.st_ino);
  }
  // Is it a watch of that directory?
  [[nodiscard]] bool is_of_dev_directory(const Watch& watch) const { return shared_.is_dev(watch.device, watch.inode); }
  // Before the program gets other mounts, or another root.
  void settle_file_systems() const noexcept { shared_.settle(); }
  // The file system that an emulated path is on; 0: the path is none.
  [[nodiscard]] std::uint64_t file_system_of(std::string_view path) const;

  // The absolute path of what `fd` is open on, as far as it has one. False: none.
  static bool path_of(int fd, PathText& into) noexcept;
  // The canonical path in the name of a vnode file ("/memfd:daxemu:/sys/... (deleted)"), or empty.
  [[nodiscard]] static std::string_view vnode_path(std::string_view link_text) noexcept;

private:
  // All of the name behind the prefix, or empty.
  [[nodiscard]] static std::string_view vnode_text(std::string_view link_text) noexcept;
  // What a descriptor is, where its inode tells; nothing: by_name() knows. Apart, and never inlined, because paths are
  // large and the stack may be a signal handler's, of SIGSTKSZ: most descriptors are nobody's and need none.
  [[nodiscard]] std::optional<FdClass> by_inode(int fd) const noexcept;
  [[nodiscard, gnu::noinline]] FdClass by_name(int fd, PathText& vnode) const noexcept;
  [[nodiscard, gnu::noinline]] FdClass by_name(int fd) const noexcept;
  // The device that `fd` is of, by its inode; nullptr: none.
  [[nodiscard]] store::DeviceRecord* device_by_inode(int fd, const struct stat& about) const noexcept;
  [[nodiscard]] bool is_node(int fd, const struct stat& about) const noexcept;
  [[nodiscard]] bool is_foreign(int fd, const struct stat& about) const noexcept;
  [[nodiscard]] bool watches_dev(int fd) const noexcept;

  const store::Store* store_;
  const sysfs::Tree* tree_;
  BoundNodes bound_;
  SharedFileSystems shared_;
};

} // namespace daxemu::preload
