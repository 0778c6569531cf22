#include "runtime/preload/memory/pretouch.hpp"

#include <algorithm>
#include <array>

#include <climits>
#include <sys/mman.h>

#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"

namespace daxemu::preload {

bool pretouch_slow(const void* address, std::size_t length, int right) noexcept {
  fault::AddressSpace* space = live_space.concerned(address, length);
  return space == nullptr || space->pretouch(address, length, right);
}

void pretouch_pieces(const iovec* pieces, int count, int right) noexcept {
  (void)pretouch_slow(static_cast<const void*>(pieces),
                      count <= 0 ? 0 : static_cast<std::size_t>(count) * sizeof(*pieces), PROT_READ);
  std::array<iovec, 16> some;
  for (int at = 0; at < std::min(count, IOV_MAX); at += static_cast<int>(some.size())) {
    const int now = std::min(count - at, static_cast<int>(some.size()));
    if (!copy_in(some.data(), pieces + at, static_cast<std::size_t>(now) * sizeof(iovec))) {
      return;
    }
    for (int piece = 0; piece < now; ++piece) {
      const iovec& one = some[static_cast<unsigned>(piece)];
      if (!pretouch_slow(one.iov_base, one.iov_len, right)) {
        return; // the kernel stops here
      }
    }
  }
}

void pretouch_message(const msghdr* message) noexcept {
  (void)pretouch_slow(message, sizeof(*message), PROT_READ);
  msghdr copy{};
  if (copy_in(&copy, message, sizeof(copy))) {
    (void)pretouch_slow(copy.msg_name, copy.msg_namelen, kAnyRight);
    (void)pretouch_slow(copy.msg_control, copy.msg_controllen, kAnyRight);
    pretouch_pieces(copy.msg_iov, static_cast<int>(std::min<std::size_t>(copy.msg_iovlen, IOV_MAX)), kAnyRight);
  }
}

void pretouch_messages(const mmsghdr* messages, unsigned count) noexcept {
  for (unsigned at = 0; at < std::min(count, static_cast<unsigned>(IOV_MAX)); ++at) { // as many as sendmmsg(2) takes
    pretouch_message(&messages[at].msg_hdr);
  }
}

} // namespace daxemu::preload
