// inotify_add_watch(2) and inotify_rm_watch(2), fanotify_mark(2) on emulated nodes and on /dev. The watch of a device's
// node is one of the file that its descriptors are of, so what is opened and closed is told by the kernel, and a change
// of the inode by inode_calls; a watch of /dev has the nodes' watches beside it (watched_nodes.hpp). That of anything
// else is on a memory file kept open for it: nothing comes of it, as little as of sysfs attributes.
#pragma once

#include <cstdint>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// fanotify_mark(2). Events by path are of files and directories only (fanotify_handle_event()), so nothing ever comes
// of a mark on a device's inode: it is put on a device of the kernel's, which is as silent. A mark on its mount is on
// /dev. `path` may be null: the descriptor's own.
int mark_path(unsigned flags, int dirfd, const char* path, FunctionRef<int(int dirfd, const char* path)> real);

using RealWatch = FunctionRef<int(const char* path, std::uint32_t mask)>;
int add_watch(int fd, const char* path, std::uint32_t mask, RealWatch real);
int remove_watch(int fd, int wd, FunctionRef<int()> real);

} // namespace daxemu::preload
