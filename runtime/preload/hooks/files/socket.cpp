// socket(2) and what is done with a socket that listens to uevents.
#include <sys/socket.h>

#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/paths/socket_paths.hpp"
#include "runtime/preload/streams/uevent_calls.hpp"

using namespace daxemu::preload;

DAXEMU_REAL(socket, int(int, int, int));
DAXEMU_HOOK(int, socket, (int domain, int type, int protocol)) {
  return new_number(open_socket(domain, type, protocol, [=](int which) { return real_socket(domain, type, which); }));
}
DAXEMU_REAL(bind, int(int, const sockaddr*, socklen_t));
DAXEMU_HOOK(int, bind, (int fd, const sockaddr* address, socklen_t size)) {
  int status = 0;
  if (bind_uevents(fd, address, size, status)) {
    return status;
  }
  return bind_to_path(address, size, [=](const sockaddr* to, socklen_t length) { return real_bind(fd, to, length); });
}
DAXEMU_REAL(connect, int(int, const sockaddr*, socklen_t));
DAXEMU_HOOK(int, connect, (int fd, const sockaddr* address, socklen_t size)) {
  return static_cast<int>(send_to_path(address, size, [=](const sockaddr* to, socklen_t length) {
    return static_cast<ssize_t>(real_connect(fd, to, length));
  }));
}
DAXEMU_ALIAS(connect, __connect)
DAXEMU_REAL(setsockopt, int(int, int, int, const void*, socklen_t));
DAXEMU_HOOK(int, setsockopt, (int fd, int level, int option, const void* value, socklen_t size)) {
  int status = 0;
  return join_uevents(fd, level, option, value, size, status) ? status
                                                              : real_setsockopt(fd, level, option, value, size);
}
DAXEMU_REAL(recvmsg, ssize_t(int, msghdr*, int));
DAXEMU_HOOK(ssize_t, recvmsg, (int fd, msghdr* message, int flags)) {
  pretouch(message);
  return receive(fd, message, [=](msghdr* whole) { return real_recvmsg(fd, whole, flags); });
}
DAXEMU_REAL(recvmmsg, int(int, mmsghdr*, unsigned, int, timespec*));
DAXEMU_HOOK(int, recvmmsg, (int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout)) {
  const int received = real_recvmmsg(fd, messages, count, flags, timeout);
  for (int at = 0; at < received; ++at) {
    note_received(messages[at].msg_hdr);
  }
  return received;
}
DAXEMU_REAL(recvfrom, ssize_t(int, void*, size_t, int, sockaddr*, socklen_t*));
DAXEMU_HOOK(ssize_t, recvfrom,
            (int fd, void* into, size_t size, int flags, sockaddr* address, socklen_t* address_size)) {
  pretouch(static_cast<const void*>(into), size);
  ssize_t length = 0;
  return receive_from(fd, into, size, flags, address, address_size, length)
             ? length
             : real_recvfrom(fd, into, size, flags, address, address_size);
}
DAXEMU_REAL(__recvfrom_chk, ssize_t(int, void*, size_t, size_t, int, sockaddr*, socklen_t*));
DAXEMU_HOOK(ssize_t, __recvfrom_chk,
            (int fd, void* into, size_t size, size_t room, int flags, sockaddr* address, socklen_t* address_size)) {
  pretouch(static_cast<const void*>(into), size);
  ssize_t length = 0;
  return size <= room && receive_from(fd, into, size, flags, address, address_size, length)
             ? length
             : real___recvfrom_chk(fd, into, size, room, flags, address, address_size);
}
