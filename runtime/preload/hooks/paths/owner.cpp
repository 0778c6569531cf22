// chmod(2), chown(2) and their variants.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/path_calls.hpp"

using namespace daxemu::preload;

namespace {

Follow by_flag(int flags) {
  return (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::not_last : Follow::always;
}
// (uid_t)-1: leave it.
std::int64_t wanted_id(unsigned id) {
  return id == ~0U ? -1 : static_cast<std::int64_t>(id);
}
Wanted mode_of(mode_t mode) {
  return {.mode = mode};
}
Wanted owner_of(uid_t uid, gid_t gid) {
  return {.uid = wanted_id(uid), .gid = wanted_id(gid)};
}

} // namespace

#define DAXEMU_OWNER_HOOK(name, dirfd, follow, wanted, declared, passed)                                               \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_owner_or_mode(dirfd, path, follow, wanted, [=](const char* p) { return real_##name passed; });       \
  }
#define DAXEMU_FD_OWNER_HOOK(name, wanted, declared, passed)                                                           \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return change_owner_or_mode_of(fd, wanted, [=] { return real_##name passed; });                                    \
  }

DAXEMU_OWNER_HOOK(chmod, AT_FDCWD, Follow::always, mode_of(mode), (const char* path, mode_t mode), (p, mode))
DAXEMU_OWNER_HOOK(lchmod, AT_FDCWD, Follow::not_last, mode_of(mode), (const char* path, mode_t mode), (p, mode))
DAXEMU_OWNER_HOOK(fchmodat, dirfd, by_flag(flags), mode_of(mode), (int dirfd, const char* path, mode_t mode, int flags),
                  (dirfd, p, mode, flags))
DAXEMU_OWNER_HOOK(chown, AT_FDCWD, Follow::always, owner_of(uid, gid), (const char* path, uid_t uid, gid_t gid),
                  (p, uid, gid))
DAXEMU_OWNER_HOOK(lchown, AT_FDCWD, Follow::not_last, owner_of(uid, gid), (const char* path, uid_t uid, gid_t gid),
                  (p, uid, gid))
DAXEMU_OWNER_HOOK(fchownat, dirfd, by_flag(flags), owner_of(uid, gid),
                  (int dirfd, const char* path, uid_t uid, gid_t gid, int flags), (dirfd, p, uid, gid, flags))
DAXEMU_FD_OWNER_HOOK(fchmod, mode_of(mode), (int fd, mode_t mode), (fd, mode))
DAXEMU_FD_OWNER_HOOK(fchown, owner_of(uid, gid), (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
