// close(2) and its kin: the runtime's own descriptors are not the program's to close.
#include <cerrno>

#include "runtime/fault/private_fds.hpp"
#include "runtime/preload/hook.hpp"
#include "runtime/preload/real.hpp"

namespace {

constinit daxemu::preload::Real<int(int)> real_close{"close"};

} // namespace

DAXEMU_HOOK(int, close, (int fd)) {
  if (daxemu::fault::PrivateFds::owns(fd)) {
    errno = EBADF;
    return -1;
  }
  return real_close(fd);
}
