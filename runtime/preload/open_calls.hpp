// open(2) on any path.
#pragma once

#include "emu/base/function_ref.hpp"
#include "runtime/preload/path_call.hpp"

namespace daxemu::preload {

// Could the kernel, with these flags, create what a dangling link to an emulated node names?
[[nodiscard]] bool may_create_through_link(int dirfd, const char* path, int flags);

// Opens `path`; `real` asks libc for a path with the caller's dirfd, flags and mode.
int open_path(int dirfd, const char* path, int flags, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
