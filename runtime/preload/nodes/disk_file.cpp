#include "runtime/preload/nodes/disk_file.hpp"

#include <climits>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::preload {
namespace {

constexpr int kDirectMark = 63; // a real-time signal
constexpr off_t kClaimedByte = LLONG_MAX - 1;

Result<long> ask_claim(int fd, int command, struct flock& byte) {
  byte.l_whence = SEEK_SET;
  byte.l_start = kClaimedByte;
  byte.l_len = 1;
  return sys::call(SYS_fcntl, fd, command, reinterpret_cast<long>(&byte));
}

} // namespace

bool DiskFile::is_direct(int fd) noexcept {
  return sys::call(SYS_fcntl, fd, F_GETSIG).value_or(0) == kDirectMark;
}

void DiskFile::set_direct(int fd, bool direct) noexcept {
  (void)sys::call(SYS_fcntl, fd, F_SETSIG, direct ? kDirectMark : 0);
}

Result<void> DiskFile::claim(const store::Store& store, int fd, int flags) noexcept {
  // Who may not write can have no lock that excludes: so one that shares, and nobody takes either while there is one.
  const auto alone = store::ConfigLock::take(store);
  if (!alone) {
    return tl::unexpected(alone.error());
  }
  struct flock byte {};
  byte.l_type = F_WRLCK;
  if (const auto asked = ask_claim(fd, F_OFD_GETLK, byte); !asked || byte.l_type != F_UNLCK) {
    return fail(asked ? EBUSY : asked.error().value);
  }
  byte = {};
  byte.l_type = (flags & O_ACCMODE) == O_RDONLY ? F_RDLCK : F_WRLCK;
  const auto locked = ask_claim(fd, F_OFD_SETLK, byte);
  return locked ? Result<void>() : fail(EBUSY);
}

} // namespace daxemu::preload
