// open(2) on any path.
#pragma once

#include <cerrno>
#include <cstddef>

#include <linux/openat2.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

// Could the kernel, with these flags, create what a dangling link to an emulated node names?
[[nodiscard]] bool may_create_through_link(int dirfd, const char* path, int flags);

// Is the kernel to be asked first, with the path as it is? For hooks that call the C library themselves: what it opens
// is to be forgotten, what it does not find (is_missing()) goes on to open_missing().
[[nodiscard]] bool opens_plainly(int dirfd, const char* path, int flags);
int open_missing(int dirfd, const char* path, int flags, FunctionRef<int(const char*)> real);

// openat2(2): the walk to a node keeps to what `how` allows (RESOLVE_*), as the kernel's does. `size` is that of what
// `how` points at.
int open_how_path(int dirfd, const char* path, const open_how* how, std::size_t size);

// Opens `path`; `real` asks libc for a path with the caller's dirfd, flags and mode.
int open_path(int dirfd, const char* path, int flags, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
