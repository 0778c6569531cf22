#include "runtime/preload/memory/told_touch.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"

namespace daxemu::preload {
namespace {

// False: no extent there is refused.
bool tell(const void* address, std::size_t length) noexcept {
  const fault::AddressSpace* space = live_space.concerned(address, length);
  const trace::Why why = space == nullptr ? trace::Why() : space->why_efault(address, length);
  if (why.reason == trace::Reason::none || why.reason == trace::Reason::touch_no_memory) {
    return false;
  }
  (void)trace::because(EFAULT, why);
  trace::tell_refusal(EFAULT);
  return true;
}

} // namespace

void tell_touch(const void* address, std::size_t length) noexcept {
  if (errno == EFAULT) {
    (void)tell(address, length);
    errno = EFAULT;
  }
}

void tell_touch(const iovec* pieces, int count) noexcept {
  if (errno != EFAULT) {
    return;
  }
  for (int at = 0; at < std::min(count, IOV_MAX); ++at) {
    iovec piece{};
    if (!copy_in(&piece, pieces + at, sizeof piece) || tell(piece.iov_base, piece.iov_len)) {
      break;
    }
  }
  errno = EFAULT;
}

} // namespace daxemu::preload
