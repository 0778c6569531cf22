#include "runtime/preload/files/attribute_copies.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/files/descriptor_target.hpp"
#include "runtime/preload/ground/returns.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/nodes/kernfs.hpp"

namespace daxemu::preload {
namespace {

ssize_t refused_copy(int code) {
  errno = code;
  return -1;
}

bool is_attribute(int fd) {
  return target_of(fd).what == FdClass::attribute;
}

// debugfs and tracefs have neither splice_read nor splice_write.
bool can_splice(int fd) {
  const auto node = Context::get()->descriptors().node(fd);
  return !node || is_of_kernfs(node->path.view());
}

bool is_pipe(int fd) {
  const auto about = sys::fstat(fd);
  return about && S_ISFIFO(about->st_mode);
}

bool has_room(int fd) {
  pollfd asked{.fd = fd, .events = POLLOUT, .revents = 0};
  return sys::call(SYS_poll, reinterpret_cast<long>(&asked), 1, 0).value_or(0) > 0;
}

ssize_t take(int fd, char* into, std::size_t size, std::int64_t offset) {
  const iovec piece{into, size};
  const auto real = [=] {
    return libc_value<ssize_t>(offset == kAtPosition
                                   ? sys::call(SYS_read, fd, reinterpret_cast<long>(into), static_cast<long>(size))
                                   : sys::call(SYS_pread64, fd, reinterpret_cast<long>(into), static_cast<long>(size),
                                               static_cast<long>(offset)),
                               -1);
  };
  return read_slow(fd, &piece, 1, offset, real);
}

ssize_t give(int fd, const char* from, std::size_t size, std::int64_t offset) {
  const iovec piece{const_cast<char*>(from), size};
  const auto real = [=] {
    return libc_value<ssize_t>(offset == kAtPosition
                                   ? sys::call(SYS_write, fd, reinterpret_cast<long>(from), static_cast<long>(size))
                                   : sys::call(SYS_pwrite64, fd, reinterpret_cast<long>(from), static_cast<long>(size),
                                               static_cast<long>(offset)),
                               -1);
  };
  return write_slow(fd, &piece, 1, offset, real);
}

// The bytes by way of a page. What was read and not written is not taken: the position goes back, as the kernel's does.
[[gnu::noinline]] ssize_t copy_by_page(int in, int out, const Places& places) {
  std::array<char, kPageSize> page;
  off64_t from = kAtPosition;
  if (places.in != nullptr && !copy_in(from, places.in)) {
    return refused_copy(EFAULT);
  }
  if (places.in != nullptr && from < 0) {
    return refused_copy(EINVAL);
  }
  std::size_t done = 0;
  ssize_t last = 0;
  while (done < places.count) {
    const ssize_t taken = take(in, page.data(), std::min(page.size(), places.count - done), from);
    last = taken;
    if (taken <= 0) {
      break;
    }
    last = give(out, page.data(), static_cast<std::size_t>(taken), kAtPosition);
    const ssize_t given = std::max<ssize_t>(last, 0);
    if (from != kAtPosition) {
      from += given;
    } else if (given < taken) {
      const int kept = errno;
      (void)sys::call(SYS_lseek, in, given - taken, SEEK_CUR);
      errno = kept;
    }
    done += static_cast<std::size_t>(given);
    if (given < taken || places.how == Copy::splices) {
      break;
    }
  }
  if (done == 0 && last < 0) {
    return -1;
  }
  if (places.in != nullptr && !copy_out(places.in, from)) {
    return refused_copy(EFAULT);
  }
  return static_cast<ssize_t>(done);
}

} // namespace

ssize_t copy_attribute(int in, int out, const Places& places) {
  const bool from_attribute = is_attribute(in);
  if (!grants(status_flags(in), Access::readable) || !grants(status_flags(out), Access::writable)) {
    return refused_copy(EBADF);
  }
  switch (places.how) {
  case Copy::ranges: // generic_copy_file_checks(): another file system
    return from_attribute && is_attribute(out) ? refused_copy(EINVAL) : refused_copy(EXDEV);
  case Copy::splices:
    if (from_attribute ? !is_pipe(out) : !is_pipe(in)) {
      return refused_copy(EINVAL);
    }
    if ((from_attribute ? places.out : places.in) != nullptr) {
      return refused_copy(ESPIPE);
    }
    if (!from_attribute) {
      return refused_copy(EINVAL); // callers fall back to read and write, which know the attribute
    }
    if (!places.waits && !has_room(out)) {
      return refused_copy(EAGAIN);
    }
    break;
  case Copy::sends: // splice_direct_to_actor(): what cannot be put back is not taken; do_splice_direct(): nothing is
                    // sent to an end
    if ((!from_attribute && !sys::call(SYS_lseek, in, 0, SEEK_CUR)) ||
        (!is_pipe(out) && (status_flags(out) & O_APPEND) != 0)) {
      return refused_copy(EINVAL);
    }
    break;
  }
  if (places.count == 0) {
    return 0;
  }
  if ((from_attribute && !can_splice(in)) || (is_attribute(out) && !can_splice(out)) ||
      target_of(in).what == FdClass::directory) {
    return refused_copy(EINVAL);
  }
  return copy_by_page(in, out, places);
}

} // namespace daxemu::preload
