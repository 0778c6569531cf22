// Calls about file systems, swap and accounting, of a path that is a node's. Most take no character device, each for
// its own reason and after its own checks: so the kernel is asked of one that it has (or of a file that is nobody's
// mount), and its answer is the node's. What a node is bound to (nodes/stand_ins.hpp) and what is mounted on one
// (nodes/covers.hpp) are mounts of the kernel's: who unmounts, moves or changes them is answered by it.
#pragma once

#include <fcntl.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/names/resolver.hpp"

namespace daxemu::preload {

// swapon(2), swapoff(2), acct(2), quotactl(2), and the source of mount(2): of /dev/null. `real` never succeeds with it.
// A disk is EOPNOTSUPP.
int refuse_as_device(const char* path, FunctionRef<int(const char*)> real);

// fspick(2), mount_setattr(2), and the target of mount(2): of a file that no file system is mounted on, if nothing is
// mounted on the node.
int on_mount_of(int dirfd, const char* path, Follow follow, FunctionRef<int(const char*)> real);
// umount2(2): the same, of directories and attributes too.
int unmount_path(const char* path, Follow follow, FunctionRef<int(const char*)> real);

// mount(2).
int mount_path(const char* source, const char* target, unsigned long flags,
               FunctionRef<int(const char* source, const char* target)> real);

// move_mount(2).
struct MovedPath {
  int dirfd;
  const char* path;
  Follow follow;
};
int move_mount_path(const MovedPath& from, const MovedPath& to,
                    FunctionRef<int(const char* from, const char* to)> real);

// Whoever may not mount at all is told so before it is looked what he wants to mount.
[[nodiscard]] bool may_mount() noexcept;

} // namespace daxemu::preload
