#include "emu/store/processes/keeper.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu/base/kernel/passed_fd.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::store {
namespace {

template <class Call>
Result<long> unless_interrupted(Call call) {
  constexpr int kTries = 8; // a program whose timer is always due gives up in the end
  auto done = call();
  for (int at = 1; at < kTries && !done && done.error() == Errno{EINTR}; ++at) {
    done = call();
  }
  return done;
}

Result<void> without_value(const Result<long>& done) {
  return done ? Result<void>() : tl::unexpected(done.error());
}

// A socket that hears from this keeper only, out of the way of the number that the descriptor is to get.
Result<UniqueFd> line_to(const KeeperAddress& keeper) {
  constexpr int kOutOfTheWay = 256;
  const auto made = sys::call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (!made) {
    return tl::unexpected(made.error());
  }
  UniqueFd line(static_cast<int>(*made));
  if (const auto high = sys::dup_above(line.get(), kOutOfTheWay)) {
    line.reset(*high);
  }
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  for (const int which : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    (void)sys::call(SYS_setsockopt, line.get(), SOL_SOCKET, which, reinterpret_cast<long>(&patience), sizeof patience);
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A name of the kernel's choice, so that there is one to answer to.
  auto done =
      without_value(sys::call(SYS_bind, line.get(), reinterpret_cast<long>(&address), offsetof(sockaddr_un, sun_path)));
  if (done) {
    const std::string_view name = keeper.name.view();
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<long>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    done = without_value(sys::call(SYS_connect, line.get(), reinterpret_cast<long>(&address), size));
  }
  return done ? Result<UniqueFd>(std::move(line)) : tl::unexpected(done.error());
}

Result<UniqueFd> receive(int line, int flags) {
  KeeperAnswer answer;
  iovec piece{&answer, sizeof answer};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  PassedFd passed;
  passed.make_room(message);
  const auto length = unless_interrupted([&] {
    return sys::call(SYS_recvmsg, line, reinterpret_cast<long>(&message),
                     (flags & O_CLOEXEC) != 0 ? MSG_CMSG_CLOEXEC : 0);
  });
  if (!length) {
    return tl::unexpected(length.error());
  }
  UniqueFd fd = PassedFd::of(message);
  if (static_cast<std::size_t>(*length) != sizeof answer) {
    return fail(EPROTO);
  }
  if (answer.error != 0) {
    return fail(answer.error);
  }
  return fd ? Result<UniqueFd>(std::move(fd)) : fail(EMFILE); // no number was free: the kernel drops it
}

} // namespace

DAXEMU_START_PATH std::optional<KeeperAddress> parse_keeper(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || text.size() - colon - 1 != kSecretDigits) {
    return std::nullopt;
  }
  KeeperAddress address;
  if (!address.name.assign(text.substr(0, colon)) || !address.secret.assign(text.substr(colon + 1))) {
    return std::nullopt;
  }
  return address;
}

Result<UniqueFd> ask_keeper(const KeeperAddress& keeper, const char* location, int flags) {
  KeeperRequest request;
  request.magic = kKeeperMagic;
  std::copy_n(keeper.secret.c_str(), kSecretDigits, request.secret.data());
  request.flags = flags | O_CLOEXEC;
  if (!request.location.assign(location)) {
    return fail(ENAMETOOLONG);
  }
  const auto line = line_to(keeper);
  if (!line) {
    return tl::unexpected(line.error());
  }
  const auto sent = unless_interrupted([&] {
    return sys::call(SYS_sendto, line->get(), reinterpret_cast<long>(&request), sizeof request, MSG_NOSIGNAL, 0, 0);
  });
  if (!sent) {
    return tl::unexpected(sent.error());
  }
  return receive(line->get(), flags);
}

} // namespace daxemu::store
