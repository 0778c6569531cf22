// Descriptors of emulated attributes and directories: memory files that carry the node's path in their name, so that
// the node is known wherever the descriptor goes (dup, fork, exec, SCM_RIGHTS).
//
// The file of an attribute opened for reading holds what its show() said; it is brought up to date when it is read at
// offset 0, as kernfs does. Text that reaches the file of an attribute opened for writing other than through write(2),
// namely from stdio inside libc, waits there until harvest() hands it to the attribute.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sys/uio.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::preload {

class VnodeFiles {
public:
  explicit VnodeFiles(const sysfs::Tree& tree) : tree_(&tree) {}

  // A descriptor of `node`, an attribute, a directory or a character device that is no dax device, with open(2)'s
  // `flags` (permissions are checked already). Errors: memfd_create(2)'s, EMFILE, ENFILE.
  [[nodiscard]] Result<UniqueFd> open(const sysfs::Node& node, int flags) const;

  // The bare memory file of a node, open to read and write and closed by exec(3): for a number that nobody knows yet.
  // By finish() it becomes what open() gives.
  [[nodiscard]] Result<UniqueFd> bare(const sysfs::Node& node) const;
  void finish(int fd, const sysfs::Node& node, int flags) const;

  // open() leaves the file of an attribute that is opened with O_RDONLY and O_CLOEXEC, and no more, as it was made:
  // read once and closed, it has to be no more than that, and a description of its own costs three calls. `fd` may do
  // more than it was opened for until then, so this comes before the number is anything but read from or closed.
  // What is known of its having been read goes to its file, too, for others to know (has_read).
  static void settle(int fd) noexcept;
  // All of them: before others get descriptors of this process.
  static void settle_all() noexcept;

  // Puts what the attribute says now into its file. Errors: the attribute's show(), ENODEV if it is gone.
  Result<void> refresh(int fd, const sysfs::Node& node) const;

  // Has the attribute been read through this open file since it had so many notices (sysfs::Notices)? kernfs keeps with
  // an open file the number of the event that was the last one when it was read (struct kernfs_open_file).
  [[nodiscard]] static bool has_read(int fd, std::uint64_t notices);

  // Does the attribute say the text of this mark (text_hash()), which `fd` has? Then it has been read through that.
  [[nodiscard]] bool still_says(int fd, const sysfs::Node& node, std::uint64_t mark) const;

  // What write(2) on an attribute does: at most a page, one store() (kernfs_fop_write_iter). Errors: EBADF (not open
  // for writing), ENODEV (gone), the attribute's.
  Result<std::size_t> write(int fd, const sysfs::Node& node, std::string_view text) const;
  Result<std::size_t> write(int fd, const sysfs::Node& node, const iovec* pieces, int count) const;

  // How much text has libc put into the file behind our back, where only that can have been? One system call as a rule.
  [[nodiscard]] static std::uint64_t held_text(int fd);

  // Stores the text that libc has put into the file behind our back, if any.
  Result<void> harvest(int fd, const sysfs::Node& node) const;

private:
  [[nodiscard]] Result<std::optional<std::uint64_t>> fill(int fd, const sysfs::Node& node) const;

  const sysfs::Tree* tree_;
};

} // namespace daxemu::preload
