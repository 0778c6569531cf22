// Addresses of AF_UNIX sockets are paths: a name that is a node's is taken (bind), and is no socket (connect, send).
#pragma once

#include <optional>

#include <sys/socket.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// bind(2): EADDRINUSE where a node is (unix_bind_bsd() in net/unix/af_unix.c), so that no socket is made in the
// machine's /dev. `real` asks libc with an address.
int bind_to_path(const sockaddr* address, socklen_t size, FunctionRef<int(const sockaddr*, socklen_t)> real);

// connect(2) and the address of sendto(2): ECONNREFUSED where a node is that may be written to, else EACCES
// (unix_find_bsd()). `real` gives -1 for a failure.
ssize_t send_to_path(const sockaddr* address, socklen_t size, FunctionRef<ssize_t(const sockaddr*, socklen_t)> real);

} // namespace daxemu::preload
