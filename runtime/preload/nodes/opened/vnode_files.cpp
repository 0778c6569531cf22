#include "runtime/preload/nodes/opened/vnode_files.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"
#include "emu/base/text/text_hash.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/nodes/descriptors.hpp"
#include "runtime/preload/nodes/node_position.hpp"
#include "runtime/preload/nodes/opened/attribute_text.hpp"
#include "runtime/preload/nodes/opened/open_texts.hpp"

namespace daxemu::preload {
namespace {

using Page = std::array<char, kPageSize>;

int access_mode(int fd) {
  if (FdTable::is_bare(fd)) {
    return O_RDONLY;
  }
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
    auto fresh = put(fd, text);
    const bool sealed = !fresh && fresh.error() == Errno{EPERM}; // supervise: it keeps what it said
    return sealed ? Result<void>() : fresh;
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

// What the new descriptor is; `mark` of the text that its file holds, if it is only read and the text is known.
void note(int fd, const sysfs::Node& node, FdClass what, std::optional<std::uint64_t> mark) {
  FdTable::set(fd, what);
  if (mark) {
    (void)OpenTexts::note(fd, node, *mark, false);
  }
}

FdClass class_of(const sysfs::Node& node) {
  return node.type == sysfs::NodeType::directory ? FdClass::directory
         : node.type == sysfs::NodeType::device  ? FdClass::control
                                                 : FdClass::attribute;
}

// Puts the description that `opened` is of where `fd` is, which ends. Errors: dup3(2)'s.
Result<void> move_onto(int fd, int opened, int flags) {
  const auto moved = sys::call(SYS_dup3, opened, fd, flags & O_CLOEXEC);
  (void)sys::close(opened);
  return moved ? Result<void>() : tl::unexpected(moved.error());
}

// Of open(2)'s flags those that the description of a memory file can have.
constexpr int kKept = O_ACCMODE | O_CLOEXEC | O_NONBLOCK | O_PATH | O_SYNC | O_DSYNC;

} // namespace

Result<UniqueFd> VnodeFiles::bare(const sysfs::Node& node) const {
  char name[sizeof(sysfs::Path) + 32];
  char born[20] = {};
  if (node.born != 0) {
    std::snprintf(born, sizeof born, "%llx", static_cast<unsigned long long>(node.born));
  }
  std::snprintf(name, sizeof name, "%.*s%s%s%s", static_cast<int>(kVnodePrefix.size()), kVnodePrefix.data(), born,
                node.path.c_str(), node.type == sysfs::NodeType::directory ? "/" : "");
  const auto made = sys::memfd_create(name, MFD_CLOEXEC);
  if (!made) {
    return tl::unexpected(made.error());
  }
  FdTable::set(*made, class_of(node));
  return UniqueFd(*made);
}

void VnodeFiles::finish(int fd, const sysfs::Node& node, int flags) const {
  if (const auto opened = reopen(fd, flags & kKept); opened && move_onto(fd, *opened, flags)) {
    FdTable::set(fd, class_of(node));
  }
}

namespace {

// The highest number that is bare or of which FdTable knows that it was read; -1: none is.
constinit std::atomic<int> highest_unsettled{-1};

void settle_later(int fd) {
  int highest = highest_unsettled.load(std::memory_order_relaxed);
  while (highest < fd && !highest_unsettled.compare_exchange_weak(highest, fd, std::memory_order_relaxed)) {
  }
}

bool note_bare(int fd, const sysfs::Node& node, std::uint64_t mark) {
  if (!OpenTexts::note(fd, node, mark, true)) {
    return false;
  }
  settle_later(fd);
  return true;
}

} // namespace

void VnodeFiles::settle(int fd) noexcept {
  const bool was_read = FdTable::was_read(fd);
  if ((!was_read && !FdTable::is_bare(fd)) || !OwnProcess::calls()) {
    return;
  }
  if (!Descriptors::is_vnode(fd)) { // closed past us, and another file's by now
    FdTable::forget(fd);
    return;
  }
  if (was_read) {
    mark_read(fd, 0);
    FdTable::set_read(fd, false);
  }
  if (!FdTable::is_bare(fd)) {
    return;
  }
  const auto opened = reopen(fd, O_RDONLY | O_CLOEXEC);
  const auto place = opened ? sys::call(SYS_lseek, fd, 0, SEEK_CUR) : Result<long>(tl::unexpected(opened.error()));
  if (!place) {
    return; // no number is left: what it may do is asked of FdTable
  }
  (void)sys::call(SYS_lseek, *opened, *place, SEEK_SET);
  if (move_onto(fd, *opened, O_CLOEXEC)) {
    FdTable::set(fd, FdClass::attribute);
  }
}

DAXEMU_START_PATH void VnodeFiles::settle_all() noexcept {
  if (!OwnProcess::calls()) {
    return; // other numbers than those that are known here
  }
  if (highest_unsettled.load(std::memory_order_relaxed) < 0) {
    return; // with no write, which right behind a fork would cost a copied page
  }
  for (int fd = highest_unsettled.exchange(-1, std::memory_order_relaxed); fd >= 0; --fd) {
    settle(fd);
  }
}

Result<UniqueFd> VnodeFiles::open(const sysfs::Node& node, int flags) const {
  auto whole = bare(node);
  if (!whole) {
    return tl::unexpected(whole.error());
  }
  const FdClass what = class_of(node);
  std::optional<std::uint64_t> mark; // of what the file holds
  if (what == FdClass::attribute && !node.is_pipe && (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0) {
    const auto filled = fill(whole->get(), node);
    if (!filled) {
      return tl::unexpected(filled.error());
    }
    mark = (flags & O_ACCMODE) == O_RDONLY ? *filled : mark;
  }
  if (mark && (flags & kKept) == O_CLOEXEC && note_bare(whole->get(), node, *mark)) {
    return whole;
  }
  const auto opened = reopen(whole->get(), flags & kKept);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if (what == FdClass::control && (flags & O_PATH) == 0) {
    put_node_position(*opened);
  }
  // The lowest free number is the one the program expects: the first memory file may hold it.
  if (*opened < whole->get()) {
    FdTable::forget(whole->get());
    note(*opened, node, what, mark);
    return UniqueFd(*opened);
  }
  if (const auto moved = move_onto(whole->get(), *opened, flags); !moved) {
    return tl::unexpected(moved.error());
  }
  note(whole->get(), node, what, mark);
  return whole;
}

// What the attribute says now, for a file that nobody else has yet. Returns the text's mark; nothing: a show() that
// fails does so when it is read, not here.
Result<std::optional<std::uint64_t>> VnodeFiles::fill(int fd, const sysfs::Node& node) const {
  AttributeText text(node);
  const auto length = tree_->show(node, text.room());
  if (!length) {
    return std::nullopt;
  }
  if (*length > 0) {
    if (auto filled = sys::pwrite(fd, text.room().data(), *length, 0); !filled) {
      return tl::unexpected(filled.error());
    }
  }
  return text_hash({text.room().data(), *length});
}

bool VnodeFiles::still_says(int fd, const sysfs::Node& node, std::uint64_t mark) const {
  AttributeText text(node);
  std::uint64_t notices = 0;
  const auto length = tree_->show(node, text.room(), &notices);
  if (!length || text_hash({text.room().data(), *length}) != mark) {
    return false;
  }
  if (notices == 0) { // as nearly all have: nobody but this process asks as a rule, and its file need not be told
    FdTable::set_read(fd, true);
    settle_later(fd);
  } else if (Descriptors::is_vnode(fd)) {
    mark_read(fd, notices);
  }
  return true;
}

Result<void> VnodeFiles::refresh(int fd, const sysfs::Node& node) const {
  AttributeText text(node);
  std::uint64_t notices = 0;
  const auto length = tree_->show(node, text.room(), &notices);
  if (!length) {
    if (!node.is_pipe) {
      mark_read(fd, notices); // kernfs_seq_show() notes what it has told of before it asks the attribute
    }
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
  return (notices == 0 && FdTable::was_read(fd)) || (about && about->st_mtim.tv_sec == mark_of(notices));
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

std::uint64_t VnodeFiles::held_text(int fd) {
  const auto about = sys::fstat(fd);
  return about && about->st_size > 0 && access_mode(fd) == O_WRONLY ? static_cast<std::uint64_t>(about->st_size) : 0;
}

Result<void> VnodeFiles::harvest(int fd, const sysfs::Node& node) const {
  const std::uint64_t held = held_text(fd);
  if (held == 0) {
    return {};
  }
  auto readable = reopen(fd, O_RDWR | O_CLOEXEC);
  if (!readable) {
    return tl::unexpected(readable.error());
  }
  const UniqueFd closer(*readable);
  // The kernel takes at most a page of one write(2), and libc writes the rest again.
  Result<void> result;
  for (std::uint64_t at = 0; result && at < held;) {
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
