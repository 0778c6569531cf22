#include "runtime/preload/nodes/vnode_files.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <span>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/sys.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/nodes/attribute_text.hpp"
#include "runtime/preload/nodes/descriptors.hpp"
#include "runtime/preload/nodes/node_position.hpp"

namespace daxemu::preload {
namespace {

using Page = std::array<char, kPageSize>;

int access_mode(int fd) {
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  return flags ? static_cast<int>(*flags) & O_ACCMODE : O_RDONLY;
}

// Another description of the memory file behind `fd`.
Result<int> reopen(int fd, int flags) {
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return sys::open(link, flags);
}

// Replaces the whole content. Never shorter for a moment than the shorter of old and new.
Result<void> put(int fd, std::string_view text) {
  if (auto written = sys::pwrite(fd, text.data(), text.size(), 0); !written) {
    return tl::unexpected(written.error());
  }
  return sys::ftruncate(fd, text.size());
}

// What an attribute said last, into its file.
Result<void> bring_up_to_date(int fd, std::string_view text) {
  Page old;
  if (const auto present = sys::pread(fd, old.data(), old.size(), 0);
      present && *present == text.size() && std::memcmp(text.data(), old.data(), text.size()) == 0) {
    return {};
  }
  const int mode = access_mode(fd);
  if (mode == O_WRONLY) {
    return {}; // nobody reads there, and what lies there is taken for what was written (harvest)
  }
  if (mode == O_RDWR) {
    return put(fd, text);
  }
  auto writable = reopen(fd, O_RDWR | O_CLOEXEC);
  if (!writable) {
    return {}; // another user's: the last known content has to do
  }
  const UniqueFd closer(*writable);
  return put(*writable, text);
}

// The mark of an open file that was read is its file's time of change, which nobody sees and which goes with the
// descriptor wherever that does: seconds that no clock has any more.
time_t mark_of(std::uint64_t notices) {
  return static_cast<time_t>(1 + notices % 1'000'000);
}
void mark_read(int fd, std::uint64_t notices) {
  const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = mark_of(notices), .tv_nsec = 0}};
  (void)sys::call(SYS_utimensat, fd, 0, reinterpret_cast<long>(times), 0);
}

} // namespace

Result<UniqueFd> VnodeFiles::open(const sysfs::Node& node, int flags) const {
  char name[sizeof(sysfs::Path) + 16];
  const bool is_directory = node.type == sysfs::NodeType::directory;
  std::snprintf(name, sizeof name, "%.*s%s%s", static_cast<int>(kVnodePrefix.size()), kVnodePrefix.data(),
                node.path.c_str(), is_directory ? "/" : "");
  const bool is_control = node.type == sysfs::NodeType::device;
  const FdClass what = is_directory ? FdClass::directory : is_control ? FdClass::control : FdClass::attribute;
  auto made = sys::memfd_create(name, MFD_CLOEXEC);
  if (!made) {
    return tl::unexpected(made.error());
  }
  UniqueFd whole(*made);
  if (what == FdClass::attribute && !node.is_pipe && (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0) {
    AttributeText text(node);
    // A show() that fails does so when read, not here.
    if (const auto length = tree_->show(node, text.room()); length && *length > 0) {
      if (auto filled = sys::pwrite(whole.get(), text.room().data(), *length, 0); !filled) {
        return tl::unexpected(filled.error());
      }
    }
  }
  constexpr int kKept = O_ACCMODE | O_CLOEXEC | O_NONBLOCK | O_PATH | O_SYNC | O_DSYNC;
  auto opened = reopen(whole.get(), flags & kKept);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  FdTable::set(*opened, what);
  if (is_control && (flags & O_PATH) == 0) {
    put_node_position(*opened);
  }
  // The lowest free number is the one the program expects: the first memory file may hold it.
  if (*opened < whole.get()) {
    return UniqueFd(*opened);
  }
  const int low = whole.get();
  const int cloexec = (flags & O_CLOEXEC) != 0 ? O_CLOEXEC : 0;
  if (auto moved = sys::call(SYS_dup3, *opened, low, cloexec); !moved) {
    (void)sys::close(*opened);
    return tl::unexpected(moved.error());
  }
  (void)sys::close(*opened);
  FdTable::forget(*opened);
  FdTable::set(low, what);
  return whole;
}

Result<void> VnodeFiles::refresh(int fd, const sysfs::Node& node) const {
  AttributeText text(node);
  std::uint64_t notices = 0;
  const auto length = tree_->show(node, text.room(), &notices);
  if (!length) {
    return tl::unexpected(length.error());
  }
  const auto fresh = bring_up_to_date(fd, {text.room().data(), *length});
  if (fresh && !node.is_pipe) {
    mark_read(fd, notices);
  }
  return fresh;
}

bool VnodeFiles::has_read(int fd, std::uint64_t notices) {
  const auto about = sys::fstat(fd);
  return about && about->st_mtim.tv_sec == mark_of(notices);
}

Result<std::size_t> VnodeFiles::write(int fd, const sysfs::Node& node, std::string_view text) const {
  if (access_mode(fd) == O_RDONLY) {
    return fail(EBADF);
  }
  if (text.empty()) {
    return 0; // sysfs_kf_write
  }
  return tree_->store(node, text.substr(0, kPageSize));
}

Result<std::size_t> VnodeFiles::write(int fd, const sysfs::Node& node, const iovec* pieces, int count) const {
  if (count < 0 || count > 1024) { // UIO_MAXIOV
    return fail(EINVAL);
  }
  // import_iovec(), and what kernfs_fop_write_iter() copies.
  if (!is_readable(pieces, static_cast<std::size_t>(count) * sizeof *pieces)) {
    return fail(EFAULT);
  }
  Page page;
  std::size_t used = 0;
  for (const iovec& piece : std::span(pieces, static_cast<std::size_t>(count))) {
    const std::size_t length = std::min(piece.iov_len, page.size() - used);
    if (!is_users(piece.iov_base) || !copy_in(page.data() + used, piece.iov_base, length)) {
      return fail(EFAULT);
    }
    used += length;
  }
  return write(fd, node, {page.data(), used});
}

bool VnodeFiles::may_hold_text(int fd) {
  return access_mode(fd) == O_WRONLY;
}

Result<void> VnodeFiles::harvest(int fd, const sysfs::Node& node) const {
  if (!may_hold_text(fd)) {
    return {};
  }
  const auto about = sys::fstat(fd);
  if (!about || about->st_size == 0) {
    return {};
  }
  auto readable = reopen(fd, O_RDWR | O_CLOEXEC);
  if (!readable) {
    return tl::unexpected(readable.error());
  }
  const UniqueFd closer(*readable);
  // The kernel takes at most a page of one write(2), and libc writes the rest again.
  Result<void> result;
  for (std::uint64_t at = 0; result && at < static_cast<std::uint64_t>(about->st_size);) {
    Page page;
    const auto length = sys::pread(*readable, page.data(), page.size(), at);
    if (!length || *length == 0) {
      result = length ? fail(EIO) : Result<void>(tl::unexpected(length.error()));
      break;
    }
    if (const auto stored = tree_->store(node, {page.data(), *length}); !stored) {
      result = tl::unexpected(stored.error());
    }
    at += *length;
  }
  // Taken, whatever the attribute says: a text is stored once.
  (void)sys::ftruncate(*readable, 0);
  (void)sys::call(SYS_lseek, fd, 0, SEEK_SET);
  return result;
}

} // namespace daxemu::preload
