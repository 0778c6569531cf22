// inotify_add_watch(2) on emulated nodes. The watch is a real one, on a memory file kept open for it: it can be removed
// and its number is its own. No event comes of it: neither devtmpfs nodes nor sysfs attributes report what the kernel
// does to them, and accesses by programs are not reported here.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// fanotify_mark(2). Events by path are of files and directories only (fanotify_handle_event()), so nothing ever comes
// of a mark on a device's inode: it is put on a device of the kernel's, which is as silent. A mark on its mount is on
// /dev. `path` may be null: the descriptor's own.
int mark_path(unsigned flags, int dirfd, const char* path, FunctionRef<int(int dirfd, const char* path)> real);

int add_watch(const char* path, std::uint32_t mask, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
