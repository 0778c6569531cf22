// Links, canonical names, the working directory, and what cannot be done to emulated nodes.
#pragma once

#include <cstdint>

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

// A change of the directory tree or of an inode (unlink, mkdir, chmod, ...). On an emulated node it is refused with
// what sysfs or devtmpfs says.
enum class Change { remove, remove_directory, make, times, truncate };
int change_path(int dirfd, const char* path, Follow follow, Change change, FunctionRef<int(const char*)> real);
// symlink(2); the kernel looks at the text of the link first.
int make_link(const char* target, int dirfd, const char* path, FunctionRef<int(const char*)> real);
// utimensat(2) and its kin; the kernel looks at the times first, by whatever structure they are told.
struct Times {
  template <class Structure>
  Times(const Structure* pair, std::size_t count) : begin(pair), size(count * sizeof(Structure)) {} // NOLINT: implicit
  [[nodiscard]] bool are_memory() const { return begin == nullptr || is_readable(begin, size); }

  const void* begin;
  std::size_t size;
};
int change_times(int dirfd, const char* path, Follow follow, Times times, FunctionRef<int(const char*)> real);
int change_times_of(int fd, Times times, FunctionRef<int()> real);
// chmod(2) and chown(2). A node keeps the owner and mode its driver gave it: what asks for just those is granted,
// anything else is EPERM. -1: leave as it is.
struct Wanted {
  std::int64_t mode = -1;
  std::int64_t uid = -1;
  std::int64_t gid = -1;
};
int change_owner_or_mode(int dirfd, const char* path, Follow follow, const Wanted& wanted,
                         FunctionRef<int(const char*)> real);
int change_owner_or_mode_of(int fd, const Wanted& wanted, FunctionRef<int()> real);
// One with two paths (rename, link): refused when either is emulated.
int change_two_paths(int old_dirfd, const char* old_path, int new_dirfd, const char* new_path,
                     FunctionRef<int(const char*, const char*)> real);
// The same on a descriptor (fchmod and the like).
int change_descriptor(int fd, Change change, FunctionRef<int()> real);

} // namespace daxemu::preload
