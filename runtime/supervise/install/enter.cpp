#include "runtime/supervise/install/enter.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/kernel/passed_fd.hpp"
#include "emu/base/kernel/sys.hpp"

namespace daxemu::supervise {
namespace {

constexpr rlim_t kUsual = 1024; // what most limits are, and the most that select(2) can

Result<UniqueFd> install(Numbers numbers) {
  auto listener = install_filter(numbers);
  if (!listener && listener.error() == Errno{EACCES}) { // an ordinary user must have given up set-user-ID programs
    (void)sys::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = install_filter(numbers);
  }
  return listener;
}

} // namespace

Numbers numbers_here() {
  rlimit limit{};
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return {static_cast<std::uint32_t>(std::min(limit.rlim_cur, kUsual) / 4 * 3)};
}

Result<void> try_filter() {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto listener = install(numbers_here());
    ::_exit(listener ? 0 : listener.error().value);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    return fail(EAGAIN);
  }
  return WEXITSTATUS(status) == 0 ? Result<void>() : fail(WEXITSTATUS(status));
}

Result<void> enter(int socket, Numbers numbers) {
  const auto listener = install(numbers);
  if (!listener) {
    return tl::unexpected(listener.error());
  }
  char byte = 0;
  iovec piece{&byte, 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  PassedFd passed;
  passed.send_with(message, listener->get());
  const auto sent = sys::call(SYS_sendmsg, socket, reinterpret_cast<long>(&message), MSG_NOSIGNAL);
  return sent ? Result<void>() : tl::unexpected(sent.error());
}

Result<UniqueFd> receive_listener(int socket) {
  char byte = 0;
  iovec piece{&byte, 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  PassedFd passed;
  passed.make_room(message);
  const auto got = sys::call(SYS_recvmsg, socket, reinterpret_cast<long>(&message), MSG_CMSG_CLOEXEC);
  if (!got) {
    return tl::unexpected(got.error());
  }
  UniqueFd listener = *got == 1 ? PassedFd::of(message) : UniqueFd();
  return listener ? Result<UniqueFd>(std::move(listener)) : fail(ECONNRESET);
}

} // namespace daxemu::supervise
