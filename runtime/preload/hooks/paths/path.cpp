// Links, canonical names, the working directory, changes of the tree.
#include <climits>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/path_calls.hpp"

using namespace daxemu::preload;

// Names, arguments as declared, arguments as passed with the path as `p`.
#define DAXEMU_PATH_HOOK(name, change, follow, declared, passed)                                                       \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_path(AT_FDCWD, path, follow, change, [=](const char* p) { return real_##name passed; });             \
  }
#define DAXEMU_PATHAT_HOOK(name, change, follow, declared, passed)                                                     \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_path(dirfd, path, follow, change, [=](const char* p) { return real_##name passed; });                \
  }
#define DAXEMU_BY_FLAG (((flags)&AT_SYMLINK_NOFOLLOW) != 0 ? Follow::not_last : Follow::always)

DAXEMU_REAL(readlink, ssize_t(const char*, char*, size_t));
DAXEMU_HOOK(ssize_t, readlink, (const char* path, char* into, size_t size)) {
  return read_link(AT_FDCWD, path, into, size, [=](const char* p) { return real_readlink(p, into, size); });
}
DAXEMU_REAL(readlinkat, ssize_t(int, const char*, char*, size_t));
DAXEMU_HOOK(ssize_t, readlinkat, (int dirfd, const char* path, char* into, size_t size)) {
  return read_link(dirfd, path, into, size, [=](const char* p) { return real_readlinkat(dirfd, p, into, size); });
}
DAXEMU_REAL(__readlink_chk, ssize_t(const char*, char*, size_t, size_t));
DAXEMU_HOOK(ssize_t, __readlink_chk, (const char* path, char* into, size_t size, size_t room)) {
  if (size > room) {
    return real___readlink_chk(path, into, size, room); // aborts
  }
  return read_link(AT_FDCWD, path, into, size, [=](const char* p) { return real___readlink_chk(p, into, size, room); });
}
DAXEMU_REAL(__readlinkat_chk, ssize_t(int, const char*, char*, size_t, size_t));
DAXEMU_HOOK(ssize_t, __readlinkat_chk, (int dirfd, const char* path, char* into, size_t size, size_t room)) {
  if (size > room) {
    return real___readlinkat_chk(dirfd, path, into, size, room); // aborts
  }
  return read_link(dirfd, path, into, size,
                   [=](const char* p) { return real___readlinkat_chk(dirfd, p, into, size, room); });
}

DAXEMU_REAL(realpath, char*(const char*, char*));
DAXEMU_HOOK(char*, realpath, (const char* path, char* resolved)) {
  return real_path(path, resolved, [=](const char* p) { return real_realpath(p, resolved); });
}
DAXEMU_REAL(__realpath_chk, char*(const char*, char*, size_t));
DAXEMU_HOOK(char*, __realpath_chk, (const char* path, char* resolved, size_t room)) {
  if (resolved != nullptr && room < PATH_MAX) {
    return real___realpath_chk(path, resolved, room); // aborts
  }
  return real_path(path, resolved, [=](const char* p) { return real___realpath_chk(p, resolved, room); });
}
DAXEMU_REAL(canonicalize_file_name, char*(const char*));
DAXEMU_HOOK(char*, canonicalize_file_name, (const char* path)) {
  return real_path(path, nullptr, [=](const char* p) { return real_canonicalize_file_name(p); });
}

DAXEMU_REAL(getcwd, char*(char*, size_t));
DAXEMU_HOOK(char*, getcwd, (char* into, size_t size)) {
  return working_directory(into, size, [=] { return real_getcwd(into, size); });
}
DAXEMU_REAL(__getcwd_chk, char*(char*, size_t, size_t));
DAXEMU_HOOK(char*, __getcwd_chk, (char* into, size_t size, size_t room)) {
  return size > room ? real___getcwd_chk(into, size, room)
                     : working_directory(into, size, [=] { return real___getcwd_chk(into, size, room); });
}
DAXEMU_REAL(getwd, char*(char*));
DAXEMU_HOOK(char*, getwd, (char* into)) {
  return working_directory(into, PATH_MAX, [=] { return real_getwd(into); });
}
DAXEMU_REAL(__getwd_chk, char*(char*, size_t));
DAXEMU_HOOK(char*, __getwd_chk, (char* into, size_t room)) {
  return room < PATH_MAX ? real___getwd_chk(into, room)
                         : working_directory(into, PATH_MAX, [=] { return real___getwd_chk(into, room); });
}
DAXEMU_REAL(get_current_dir_name, char*());
DAXEMU_HOOK(char*, get_current_dir_name, ()) {
  return working_directory(nullptr, 0, [] { return real_get_current_dir_name(); });
}
DAXEMU_REAL(chdir, int(const char*));
DAXEMU_HOOK(int, chdir, (const char* path)) {
  return change_directory(path, [](const char* p) { return real_chdir(p); });
}
DAXEMU_REAL(fchdir, int(int));
DAXEMU_HOOK(int, fchdir, (int fd)) {
  return change_directory_to(fd, [fd] { return real_fchdir(fd); });
}

DAXEMU_REAL(chroot, int(const char*));
DAXEMU_HOOK(int, chroot, (const char* path)) {
  return change_root(path, [](const char* p) { return real_chroot(p); });
}

DAXEMU_PATH_HOOK(unlink, Change::remove, Follow::not_last, (const char* path), (p))
DAXEMU_PATH_HOOK(remove, Change::remove, Follow::not_last, (const char* path), (p))
DAXEMU_PATH_HOOK(rmdir, Change::remove_directory, Follow::not_last, (const char* path), (p))
DAXEMU_REAL(unlinkat, int(int, const char*, int));
DAXEMU_HOOK(int, unlinkat, (int dirfd, const char* path, int flags)) {
  const Change change = (flags & AT_REMOVEDIR) != 0 ? Change::remove_directory : Change::remove;
  return change_path(dirfd, path, Follow::not_last, change,
                     [=](const char* p) { return real_unlinkat(dirfd, p, flags); });
}
DAXEMU_PATH_HOOK(mkdir, Change::make, Follow::not_last, (const char* path, mode_t mode), (p, mode))
DAXEMU_PATHAT_HOOK(mkdirat, Change::make, Follow::not_last, (int dirfd, const char* path, mode_t mode),
                   (dirfd, p, mode))
DAXEMU_PATH_HOOK(mkfifo, Change::make, Follow::not_last, (const char* path, mode_t mode), (p, mode))
DAXEMU_PATHAT_HOOK(mkfifoat, Change::make, Follow::not_last, (int dirfd, const char* path, mode_t mode),
                   (dirfd, p, mode))
DAXEMU_PATH_HOOK(mknod, Change::make, Follow::not_last, (const char* path, mode_t mode, dev_t dev), (p, mode, dev))
DAXEMU_PATHAT_HOOK(mknodat, Change::make, Follow::not_last, (int dirfd, const char* path, mode_t mode, dev_t dev),
                   (dirfd, p, mode, dev))
#define DAXEMU_LINK_HOOK(name, dirfd, declared, passed)                                                                \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return make_link(target, dirfd, path, [=](const char* p) { return real_##name passed; });                          \
  }
DAXEMU_LINK_HOOK(symlink, AT_FDCWD, (const char* target, const char* path), (target, p))
DAXEMU_LINK_HOOK(symlinkat, dirfd, (const char* target, int dirfd, const char* path), (target, dirfd, p))
// What programs linked against glibc before 2.33 call.
DAXEMU_PATH_HOOK(__xmknod, Change::make, Follow::not_last, (int version, const char* path, mode_t mode, dev_t* dev),
                 (version, p, mode, dev))
DAXEMU_PATHAT_HOOK(__xmknodat, Change::make, Follow::not_last,
                   (int version, int dirfd, const char* path, mode_t mode, dev_t* dev), (version, dirfd, p, mode, dev))

DAXEMU_REAL(rename, int(const char*, const char*));
DAXEMU_HOOK(int, rename, (const char* from, const char* to)) {
  return change_two_paths(AT_FDCWD, from, AT_FDCWD, to, [](const char* a, const char* b) { return real_rename(a, b); });
}
DAXEMU_REAL(renameat, int(int, const char*, int, const char*));
DAXEMU_HOOK(int, renameat, (int from_dir, const char* from, int to_dir, const char* to)) {
  return change_two_paths(from_dir, from, to_dir, to,
                          [=](const char* a, const char* b) { return real_renameat(from_dir, a, to_dir, b); });
}
DAXEMU_REAL(renameat2, int(int, const char*, int, const char*, unsigned));
DAXEMU_HOOK(int, renameat2, (int from_dir, const char* from, int to_dir, const char* to, unsigned flags)) {
  return change_two_paths(from_dir, from, to_dir, to,
                          [=](const char* a, const char* b) { return real_renameat2(from_dir, a, to_dir, b, flags); });
}
DAXEMU_REAL(link, int(const char*, const char*));
DAXEMU_HOOK(int, link, (const char* from, const char* to)) {
  return change_two_paths(AT_FDCWD, from, AT_FDCWD, to, [](const char* a, const char* b) { return real_link(a, b); });
}
DAXEMU_REAL(linkat, int(int, const char*, int, const char*, int));
DAXEMU_HOOK(int, linkat, (int from_dir, const char* from, int to_dir, const char* to, int flags)) {
  return change_two_paths(from_dir, from, to_dir, to,
                          [=](const char* a, const char* b) { return real_linkat(from_dir, a, to_dir, b, flags); });
}

#define DAXEMU_TIMES_HOOK(name, dirfd, follow, count, declared, passed)                                                \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_times(dirfd, path, follow, {times, count}, [=](const char* p) { return real_##name passed; });       \
  }
#define DAXEMU_FD_TIMES_HOOK(name, declared, passed)                                                                   \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_times_of(fd, {times, 2}, [=] { return real_##name passed; });                                        \
  }
DAXEMU_TIMES_HOOK(utime, AT_FDCWD, Follow::always, 1, (const char* path, const struct utimbuf* times), (p, times))
DAXEMU_TIMES_HOOK(utimes, AT_FDCWD, Follow::always, 2, (const char* path, const struct timeval* times), (p, times))
DAXEMU_TIMES_HOOK(lutimes, AT_FDCWD, Follow::not_last, 2, (const char* path, const struct timeval* times), (p, times))
DAXEMU_TIMES_HOOK(futimesat, dirfd, Follow::always, 2, (int dirfd, const char* path, const struct timeval* times),
                  (dirfd, p, times))
DAXEMU_REAL(utimensat, int(int, const char*, const struct timespec*, int));
DAXEMU_HOOK(int, utimensat, (int dirfd, const char* path, const struct timespec* times, int flags)) {
  if (path == nullptr) {
    return change_times_of(dirfd, {times, 2}, [=] { return real_utimensat(dirfd, path, times, flags); });
  }
  return change_times(dirfd, path, DAXEMU_BY_FLAG, {times, 2},
                      [=](const char* p) { return real_utimensat(dirfd, p, times, flags); });
}
DAXEMU_FD_TIMES_HOOK(futimens, (int fd, const struct timespec* times), (fd, times))
DAXEMU_FD_TIMES_HOOK(futimes, (int fd, const struct timeval* times), (fd, times))

DAXEMU_PATH_HOOK(truncate, Change::truncate, Follow::always, (const char* path, off_t length), (p, length))
DAXEMU_PATH_HOOK(truncate64, Change::truncate, Follow::always, (const char* path, off_t length), (p, length))
