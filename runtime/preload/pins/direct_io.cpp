#include "runtime/preload/pins/direct_io.hpp"

#include <algorithm>
#include <climits>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/ground/pin_sites.hpp"
#include "runtime/preload/ground/user_memory.hpp"

namespace daxemu::preload {
namespace {

constexpr std::size_t kMostAtOnce = 0x7fff'f000; // MAX_RW_COUNT

// How much of `length` bytes a read(2) of `fd` touches at most. One of a pipe touches what it has bytes for.
std::size_t arriving(int fd, std::size_t length) {
  struct stat file {};
  int bytes = 0;
  if (!sys::call(SYS_fstat, fd, reinterpret_cast<long>(&file)) || !S_ISFIFO(file.st_mode) ||
      !sys::call(SYS_ioctl, fd, FIONREAD, reinterpret_cast<long>(&bytes))) {
    return length;
  }
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  const bool waits = bytes == 0 && flags && (*flags & O_NONBLOCK) == 0;
  return waits ? length : std::min(length, static_cast<std::size_t>(bytes));
}

} // namespace

std::size_t direct_room(int fd, MemoryIs use) {
  const auto flags = sys::call(SYS_fcntl, fd, F_GETFL);
  if (!flags || (*flags & O_DIRECT) == 0) {
    return 0;
  }
  struct stat file {};
  const bool known = sys::call(SYS_fstat, fd, reinterpret_cast<long>(&file)).has_value();
  if (!known || (!S_ISREG(file.st_mode) && !S_ISBLK(file.st_mode))) {
    return 0; // the O_DIRECT of pipes means packets
  }
  const bool bounded = use == MemoryIs::written && S_ISREG(file.st_mode);
  return bounded ? std::min(static_cast<std::size_t>(file.st_size), kMostAtOnce) : kMostAtOnce;
}

void DirectIo::begin(int fd, MemoryIs use, const void* address, std::size_t length, const void* caller) {
  if (fault::Engine::misses_kernel_touches()) {
    const std::size_t touched = use == MemoryIs::written ? arriving(fd, length) : length;
    pretouch(address, touched, use == MemoryIs::written ? PROT_WRITE : kAnyRight);
  }
  if (std::size_t room = direct_room(fd, use); room != 0) {
    hold(use, {const_cast<void*>(address), length}, room, caller);
  }
}

void DirectIo::begin(int fd, MemoryIs use, const iovec* pieces, int count, const void* caller) {
  pretouch(pieces, count, use == MemoryIs::written ? PROT_WRITE : kAnyRight);
  std::size_t room = direct_room(fd, use);
  for (int at = 0; room != 0 && at < std::min(count, IOV_MAX); ++at) {
    iovec piece{};
    if (!copy_in(&piece, pieces + at, sizeof(piece))) {
      return; // the kernel's to refuse
    }
    hold(use, piece, room, caller);
  }
}

// What cannot be held is the kernel's to refuse, or to stop at.
void DirectIo::hold(MemoryIs use, iovec piece, std::size_t& room, const void* caller) {
  piece.iov_len = std::min(piece.iov_len, room);
  room -= piece.iov_len;
  if (!concerns(piece.iov_base, piece.iov_len)) {
    return;
  }
  if (!held_) {
    held_.emplace(kDirectIo);
  }
  if (!held_->extend(piece, use == MemoryIs::written, noted_site(caller))) {
    room = 0;
  }
}

} // namespace daxemu::preload
