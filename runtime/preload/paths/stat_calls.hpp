// stat(2), statx(2), access(2) and statfs(2) of paths and descriptors. `real` asks libc with the caller's arguments.
#pragma once

#include <sys/ipc.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

using RealPath = FunctionRef<int(const char*)>;
using RealCall = FunctionRef<int()>;

// `flags`: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. `first`: what the kernel has said to the path as it is, with errno.
int stat_path(int dirfd, const char* path, int flags, struct stat* into, RealPath real, const int* first = nullptr);
// `kernels`: `real` is the system call, whose answer may be believed about what `fd` is.
int stat_descriptor(int fd, struct stat* into, RealCall real, bool kernels = false);
int statx_path(int dirfd, const char* path, int flags, unsigned mask, struct statx* into, RealPath real);
// `mode`: R_OK and so on; `flags`: AT_EACCESS, AT_SYMLINK_NOFOLLOW.
int access_path(int dirfd, const char* path, int mode, int flags, RealPath real, const int* first = nullptr);
// euidaccess(3), which is the C library's: it asks access(2), whatever user files are opened by (setfsuid(2)), and only
// where the effective user is not the real one goes by the mode of the file itself.
int euidaccess_path(const char* path, int mode, RealPath real);
// `real` fills the caller's buffer for a path: that of the file system the node would be on.
// `real` has put in what the machine's /sys is; `is` puts another type of file system in its place (linux/magic.h).
using Magic = FunctionRef<void(unsigned)>;
int statfs_path(const char* path, RealPath real, Magic is);
int statfs_descriptor(int fd, RealPath real_path, RealCall real, Magic is);
// ftok(3).
key_t key_of_path(const char* path, int project, FunctionRef<key_t(const char*)> real);
// pathconf(3).
long path_limit(const char* path, int name, FunctionRef<long(const char*)> real);

// The emulated node `fd` is open on, if it is to be described by us: not a real directory.
[[nodiscard]] Result<sysfs::Node> described_node(const Context& context, int fd);
// The same of this process's context. EBADF too where there is none.
[[nodiscard]] Result<sysfs::Node> described_node(int fd);

} // namespace daxemu::preload
