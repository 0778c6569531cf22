// Sockets of NETLINK_KOBJECT_UEVENT: a program that listens hears the platform (emu/sysfs/uevent.hpp). The socket it
// gets is one of NETLINK_USERSOCK with a mark, whoever has it; what arrives there is presented as the kernel's word.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// socket(2); `real` makes one of the protocol it is given.
int open_socket(int domain, int type, int protocol, FunctionRef<int(int)> real);

// bind(2) and setsockopt(2): to what the program listens. False: the socket is no such one, or this is not about
// groups; call the real one.
bool bind_uevents(int fd, const sockaddr* address, socklen_t size, int& status);
bool join_uevents(int fd, int level, int option, const void* value, socklen_t size, int& status);

// recvmsg(2): receives by `real` until there is something that may be presented.
ssize_t receive(int fd, msghdr* message, FunctionRef<ssize_t(msghdr*)> real);

// recvfrom(2) of such a socket as recvmsg(2). False: the socket is no such one; call the real one.
bool receive_from(int fd, void* into, std::size_t size, int flags, sockaddr* address, socklen_t* address_size,
                  ssize_t& length);

} // namespace daxemu::preload
