// Calls that make, move and take away names: mkdir(2), mknod(2), link(2), unlink(2), rename(2) and their kin. In /dev
// the names of nodes are devtmpfs's, which lets root do as he likes: they are kept in the store
// (emu/sysfs/inodes/dev_names). Sysfs has none of these operations.
#pragma once

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

// mkfifo and its kin: EEXIST where a node is; EPERM in an emulated directory.
int make_path(int dirfd, const char* path, FunctionRef<int(const char*)> real);
// mkdir(2): the same, but that tracefs makes an instance of what is made in its `instances`.
int make_directory(int dirfd, const char* path, FunctionRef<int(const char*)> real);
// symlink(2): the same; the kernel looks at the text of the link first.
int make_link(const char* target, int dirfd, const char* path, FunctionRef<int(const char*)> real);
// mknod(2). A device of ours that is made in /dev is a node of ours; elsewhere the kernel makes a file of that number.
int make_node_path(int dirfd, const char* path, mode_t mode, dev_t number, FunctionRef<int(const char*)> real);

// unlink(2) and rmdir(2); `either`: remove(3).
enum class Removal { file, directory, either };
int remove_path(int dirfd, const char* path, Removal what, FunctionRef<int(const char*)> real);

using RealPair = FunctionRef<int(const char*, const char*)>;
// `flags`: AT_SYMLINK_FOLLOW, AT_EMPTY_PATH.
int link_paths(int from_dirfd, const char* from, int to_dirfd, const char* to, int flags, RealPair real);
// `flags`: RENAME_NOREPLACE and so on. What is the machine's own is not replaced by a node, nor a node by it: EPERM.
int rename_paths(int from_dirfd, const char* from, int to_dirfd, const char* to, unsigned flags, RealPair real);

} // namespace daxemu::preload
