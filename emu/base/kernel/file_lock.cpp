#include "emu/base/kernel/file_lock.hpp"

#include <array>
#include <cstdio>

#include <fcntl.h>
#include <sys/syscall.h>

namespace daxemu {
namespace {

struct flock range(short type, std::int64_t start, std::int64_t length) {
  struct flock range = {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = start;
  range.l_len = length; // 0: to the end
  return range;
}

Result<long> ask(int fd, int command, struct flock range) {
  return sys::call(SYS_fcntl, fd, command, reinterpret_cast<long>(&range));
}

// A description of its own.
Result<UniqueFd> open_again(int file) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", file);
  auto raw = sys::open(path.data(), O_RDWR | O_CLOEXEC);
  return raw ? Result<UniqueFd>(UniqueFd(*raw)) : tl::unexpected(raw.error());
}

} // namespace

Result<FileLock> FileLock::take(int file, std::int64_t bytes) {
  auto fd = open_again(file);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  while (true) {
    const auto locked = ask(fd->get(), F_OFD_SETLKW, range(F_WRLCK, 0, bytes));
    if (locked) {
      return FileLock(std::move(*fd));
    }
    if (locked.error() != Errno{EINTR}) {
      return tl::unexpected(locked.error());
    }
  }
}

FileLock::~FileLock() {
  if (fd_) {
    (void)ask(fd_.get(), F_OFD_SETLK, range(F_UNLCK, 0, 0));
  }
}

Result<UniqueFd> FileLock::mark(int file, std::int64_t at) {
  auto fd = open_again(file);
  if (!fd) {
    return fd;
  }
  const auto locked = ask(fd->get(), F_OFD_SETLK, range(F_WRLCK, at, 1));
  return locked ? std::move(fd) : Result<UniqueFd>(tl::unexpected(locked.error()));
}

Result<bool> FileLock::is_marked(int file, std::int64_t at) {
  const auto fd = open_again(file);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  struct flock found = range(F_WRLCK, at, 1);
  const auto asked = sys::call(SYS_fcntl, fd->get(), F_OFD_GETLK, reinterpret_cast<long>(&found));
  return asked ? Result<bool>(found.l_type != F_UNLCK) : tl::unexpected(asked.error());
}

} // namespace daxemu
