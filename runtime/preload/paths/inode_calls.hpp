// chmod(2), chown(2), utimensat(2), truncate(2) and their variants: what changes an inode, by path or by descriptor. Of
// a node they change what the store keeps of it (emu/sysfs/inodes).
#pragma once

#include <sys/time.h>
#include <utime.h>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/sysfs/inodes/inode_changes.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

[[nodiscard]] sysfs::InodeChange to_mode(mode_t mode);
[[nodiscard]] sysfs::InodeChange to_owner(uid_t uid, gid_t gid); // (uid_t)-1: leave it
// What the calls are given; nullptr: now. Errors: EINVAL (nanoseconds that are none), EFAULT.
[[nodiscard]] Result<sysfs::InodeChange> to_times(const timespec* times);
[[nodiscard]] Result<sysfs::InodeChange> to_times(const timeval* times);
[[nodiscard]] Result<sysfs::InodeChange> to_times(const utimbuf* times);
// Is nothing to be done, so that the kernel does not even look at the path?
// Something else of the node has changed: IN_ATTRIB.
void tell_watchers(const Context& context, const sysfs::Node& node);

[[nodiscard]] bool omits_both(const timespec* times);

int change_inode_at(int dirfd, const char* path, Follow follow, const Result<sysfs::InodeChange>& change,
                    FunctionRef<int(const char*)> real);
// `empty_path`: by an AT_EMPTY_PATH, which a descriptor of O_PATH will do for.
int change_inode_of(int fd, bool empty_path, const Result<sysfs::InodeChange>& change, FunctionRef<int()> real);

// fchmodat(2), fchownat(2), utimensat(2) with their flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH.
int change_inode_by_flags(int dirfd, const char* path, int flags, const Result<sysfs::InodeChange>& change,
                          FunctionRef<int(const char*)> real);

// truncate(2): nodes have no length of their own.
int truncate_path(const char* path, off_t length, FunctionRef<int(const char*)> real);

} // namespace daxemu::preload
