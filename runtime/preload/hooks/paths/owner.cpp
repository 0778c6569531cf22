// chmod(2), chown(2), utimensat(2), truncate(2) and their variants.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/inode_calls.hpp"

using namespace daxemu::preload;

#define DAXEMU_OWNER_HOOK(name, follow, change, declared, passed)                                                      \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_inode_at(AT_FDCWD, path, follow, change, [=](const char* p) { return real_##name passed; });         \
  }
#define DAXEMU_OWNERAT_HOOK(name, change, declared, passed)                                                            \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_inode_by_flags(dirfd, path, flags, change, [=](const char* p) { return real_##name passed; });       \
  }
#define DAXEMU_FD_OWNER_HOOK(name, change, declared, passed)                                                           \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_inode_of(fd, false, change, [=] { return real_##name passed; });                                     \
  }

DAXEMU_OWNER_HOOK(chmod, Follow::always, to_mode(mode), (const char* path, mode_t mode), (p, mode))
DAXEMU_OWNER_HOOK(lchmod, Follow::not_last, to_mode(mode), (const char* path, mode_t mode), (p, mode))
DAXEMU_OWNERAT_HOOK(fchmodat, to_mode(mode), (int dirfd, const char* path, mode_t mode, int flags),
                    (dirfd, p, mode, flags))
DAXEMU_OWNER_HOOK(chown, Follow::always, to_owner(uid, gid), (const char* path, uid_t uid, gid_t gid), (p, uid, gid))
DAXEMU_OWNER_HOOK(lchown, Follow::not_last, to_owner(uid, gid), (const char* path, uid_t uid, gid_t gid), (p, uid, gid))
DAXEMU_OWNERAT_HOOK(fchownat, to_owner(uid, gid), (int dirfd, const char* path, uid_t uid, gid_t gid, int flags),
                    (dirfd, p, uid, gid, flags))
DAXEMU_FD_OWNER_HOOK(fchmod, to_mode(mode), (int fd, mode_t mode), (fd, mode))
DAXEMU_FD_OWNER_HOOK(fchown, to_owner(uid, gid), (int fd, uid_t uid, gid_t gid), (fd, uid, gid))

// Times.
DAXEMU_OWNER_HOOK(utime, Follow::always, to_times(times), (const char* path, const struct utimbuf* times), (p, times))
DAXEMU_OWNER_HOOK(utimes, Follow::always, to_times(times), (const char* path, const struct timeval* times), (p, times))
DAXEMU_OWNER_HOOK(lutimes, Follow::not_last, to_times(times), (const char* path, const struct timeval* times),
                  (p, times))
DAXEMU_FD_OWNER_HOOK(futimens, to_times(times), (int fd, const struct timespec* times), (fd, times))
DAXEMU_FD_OWNER_HOOK(futimes, to_times(times), (int fd, const struct timeval* times), (fd, times))
DAXEMU_REAL(futimesat, int(int, const char*, const struct timeval*));
DAXEMU_HOOK(int, futimesat, (int dirfd, const char* path, const struct timeval* times)) {
  return path == nullptr
             ? change_inode_of(dirfd, false, to_times(times), [=] { return real_futimesat(dirfd, path, times); })
             : change_inode_at(dirfd, path, Follow::always, to_times(times),
                               [=](const char* p) { return real_futimesat(dirfd, p, times); });
}
DAXEMU_REAL(utimensat, int(int, const char*, const struct timespec*, int));
DAXEMU_HOOK(int, utimensat, (int dirfd, const char* path, const struct timespec* times, int flags)) {
  const auto real = [=](const char* p) { return real_utimensat(dirfd, p, times, flags); };
  if (omits_both(times)) {
    return real(path);
  }
  return path == nullptr ? change_inode_of(dirfd, false, to_times(times), [=] { return real(path); })
                         : change_inode_by_flags(dirfd, path, flags, to_times(times), real);
}

#define DAXEMU_TRUNCATE_HOOK(name)                                                                                     \
  DAXEMU_REAL(name, int(const char*, off_t));                                                                          \
  DAXEMU_HOOK(int, name, (const char* path, off_t length)) {                                                           \
    return truncate_path(path, length, [=](const char* p) { return real_##name(p, length); });                         \
  }
DAXEMU_TRUNCATE_HOOK(truncate)
DAXEMU_TRUNCATE_HOOK(truncate64)
