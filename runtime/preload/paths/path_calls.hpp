// Links, canonical names, the working directory and the root.
#pragma once

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

// readlink(2). /proc/PID/fd/N of an emulated node shows the node's path.
ssize_t read_link(int dirfd, const char* path, char* into, std::size_t size, FunctionRef<ssize_t(const char*)> real);

// realpath(3): `resolved` has PATH_MAX bytes, or is nullptr: the result is malloc'ed.
char* real_path(const char* path, char* resolved, FunctionRef<char*(const char*)> real);

// getcwd(3) in an emulated directory; nullptr with errno as getcwd, or, in a real one, what `real` says.
char* working_directory(char* into, std::size_t size, FunctionRef<char*()> real);
int change_directory(const char* path, FunctionRef<int(const char*)> real);
int change_directory_to(int fd, FunctionRef<int()> real);
// chroot(2). Another root is the kernel's; of an emulated directory nobody can make one: EPERM.
int change_root(const char* path, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
