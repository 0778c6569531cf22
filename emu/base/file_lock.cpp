#include "emu/base/file_lock.hpp"

#include <array>
#include <cstdio>

#include <fcntl.h>
#include <sys/syscall.h>

namespace daxemu {
namespace {

Result<long> ask(int fd, int command, short type) {
  struct flock whole = {};
  whole.l_type = type;
  whole.l_whence = SEEK_SET;
  return sys::call(SYS_fcntl, fd, command, reinterpret_cast<long>(&whole));
}

} // namespace

Result<FileLock> FileLock::take(int file) {
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", file);
  auto raw = sys::open(path.data(), O_RDWR | O_CLOEXEC);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  UniqueFd fd(*raw);
  while (true) {
    const auto locked = ask(fd.get(), F_OFD_SETLKW, F_WRLCK);
    if (locked) {
      return FileLock(std::move(fd));
    }
    if (locked.error() != Errno{EINTR}) {
      return tl::unexpected(locked.error());
    }
  }
}

FileLock::~FileLock() {
  if (fd_) {
    (void)ask(fd_.get(), F_OFD_SETLK, F_UNLCK);
  }
}

} // namespace daxemu
