#include "runtime/preload/files/attribute_calls.hpp"

#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/files/descriptor_target.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/nodes/opened/open_texts.hpp"

namespace daxemu::preload {
namespace {

bool is_at_start(int fd, std::int64_t offset) {
  return (offset == kAtPosition ? sys::call(SYS_lseek, fd, 0, SEEK_CUR).value_or(1) : offset) == 0;
}

// Else the kernel has a word about the place before it asks the attribute (rw_verify_area()).
bool is_place(std::int64_t offset) {
  return offset >= kAtPosition && offset < INT64_MAX / 2;
}

// Its show failed when it was last asked, or there was nothing to say: seq_read_iter() asks again, wherever it is read.
bool holds_nothing(int fd) {
  const auto about = sys::fstat(fd);
  return about && about->st_size == 0;
}

// debugfs has one that is not just a value: cxl_dpa_debug() of its memdevs, by single_open().
bool is_seq_file(std::string_view path) {
  return path.starts_with("/sys/kernel/debug/") && path.ends_with("/dpamem");
}

// Of what reads once each: waits until there is something, unless it was opened with O_NONBLOCK (tracing_read_pipe()).
ssize_t read_pipe(const Context& context, int fd, const sysfs::Node& node, RealSize real) {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 10'000'000};
  // What a read with little room has left is for the next one.
  const auto about = sys::fstat(fd);
  if (about && sys::call(SYS_lseek, fd, 0, SEEK_CUR).value_or(0) < about->st_size) {
    return real();
  }
  for (;;) {
    (void)sys::call(SYS_lseek, fd, 0, SEEK_SET);
    if (const auto fresh = context.files().refresh(fd, node); !fresh) {
      errno = fresh.error().value;
      return -1;
    }
    if (const auto now = sys::fstat(fd); !now || now->st_size != 0) {
      return real();
    }
    if ((status_flags(fd) & O_NONBLOCK) != 0) {
      errno = EAGAIN;
      return -1;
    }
    if (const auto slept = sys::call(SYS_nanosleep, reinterpret_cast<long>(&kPause), 0); !slept) {
      errno = slept.error().value;
      return -1;
    }
  }
}

} // namespace

bool was_vnode(int fd) {
  const FdClass what = FdTable::get(fd);
  return what == FdClass::attribute || what == FdClass::directory;
}

std::optional<ssize_t> read_named(const Context& context, int fd, bool asks, std::int64_t offset, RealSize real) {
  PathText vnode;
  const FdClass what = context.descriptors().classify(fd, vnode);
  if (vnode.empty() || is_character(what)) {
    return std::nullopt;
  }
  if (what == FdClass::directory) {
    errno = EISDIR;
    return -1;
  }
  if (what == FdClass::attribute) {
    if (const auto node = context.descriptors().node_at(vnode.view()); node && node->is_pipe) {
      return read_pipe(context, fd, *node, real);
    }
  }
  if (asks && (is_at_start(fd, offset) || (is_place(offset) && holds_nothing(fd)))) {
    const auto node = context.descriptors().node_at(vnode.view());
    const auto fresh = node ? context.files().refresh(fd, *node) : Result<void>(tl::unexpected(node.error()));
    if (!fresh && grants(status_flags(fd), Access::readable)) { // else EBADF, which the kernel will say
      errno = fresh.error().value;
      return -1;
    }
  }
  return real();
}

bool needs_no_look(const Context& context, int fd, std::int64_t offset) {
  OpenTexts::Text text;
  return OpenTexts::take(fd, text) ? context.files().still_says(fd, text.node, text.mark) : !is_at_start(fd, offset);
}

std::optional<ssize_t> write_named(const Context& context, int fd, const iovec* pieces, int count) {
  PathText vnode;
  if (context.descriptors().classify(fd, vnode) != FdClass::attribute) {
    return std::nullopt;
  }
  const auto node = context.descriptors().node_at(vnode.view());
  const auto earlier = node ? context.files().harvest(fd, *node) : Result<void>(tl::unexpected(node.error()));
  return libc_value<ssize_t>(earlier ? context.files().write(fd, *node, pieces, count)
                                     : Result<std::size_t>(tl::unexpected(earlier.error())),
                             -1);
}

off_t seek_attribute(const Context& context, int fd, off_t offset, int whence, FunctionRef<off_t()> real) {
  off_t size = 4096;
  if (const auto node = context.descriptors().node(fd); node) {
    const auto about = context.tree().stat(*node);
    size = about ? about->st_size : size;
    if (whence >= SEEK_END && whence <= SEEK_HOLE && is_seq_file(node->path.view())) {
      errno = EINVAL; // seq_lseek() knows SEEK_SET and SEEK_CUR
      return -1;
    }
  }
  switch (whence) {
  case SEEK_END:
    offset += size;
    break;
  case SEEK_DATA:
  case SEEK_HOLE:
    if (offset < 0 || offset >= size) {
      errno = ENXIO;
      return -1;
    }
    offset = whence == SEEK_DATA ? offset : size;
    break;
  default:
    return real();
  }
  return libc_value<off_t>(sys::call(SYS_lseek, fd, offset, SEEK_SET), -1);
}

} // namespace daxemu::preload
