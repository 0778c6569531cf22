// stat(2), access(2), statfs(2) and their variants. On x86-64 struct stat64 and struct statfs64 are the plain ones.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/kernel/enter_kernel.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/plain_calls.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/names/plain_paths.hpp"
#include "runtime/preload/paths/direct_call.hpp"
#include "runtime/preload/paths/expectation.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

using namespace daxemu::preload;

static_assert(sizeof(struct stat) == sizeof(struct stat64) && sizeof(struct statfs) == sizeof(struct statfs64));

// The system call by itself where it can be, and what that does not settle out of line (DAXEMU_DIRECT_REST). `number`
// and what follows it: the call; `passed`: the hook's arguments.
#define DAXEMU_DIRECT_BODY(name, dirfd, passed, ...)                                                                   \
  if (!PlainCalls::asks(PlainCall::name)) [[unlikely]] {                                                               \
    return rest_of_##name(DAXEMU_BARE passed, kNotAsked);                                                              \
  }                                                                                                                    \
  const long answer = daxemu::sys::enter_kernel(__VA_ARGS__);                                                          \
  if (answer == 0 && is_usual(dirfd, path)) [[likely]] {                                                               \
    return 0;                                                                                                          \
  }                                                                                                                    \
  return beside_##name(DAXEMU_BARE passed, answer);
// Between the two: what the kernel has answered to a relative path, as a rule.
#define DAXEMU_DIRECT_BESIDE(name, dirfd, declared, passed)                                                            \
  [[gnu::noinline]] DAXEMU_START_PATH static int beside_##name(DAXEMU_BARE declared, long answer) {                    \
    return answer == 0 && is_usual_from_here(dirfd, path) ? 0 : rest_of_##name(DAXEMU_BARE passed, answer);            \
  }
// `answer`: the kernel's to the path as it is; kNotAsked: nobody has asked it. `libc_call` is that of a path p,
// `by_path` what looks at all paths, with `real` and `first` in it.
#define DAXEMU_DIRECT_REST(name, dirfd, flags, libc_call, system_call, by_path)                                        \
  const auto real = [=](const char* p) { return libc_call; };                                                          \
  if (answer == kNotAsked && Expectation::ours()) {                                                                    \
    const int* const first = nullptr;                                                                                  \
    return by_path;                                                                                                    \
  }                                                                                                                    \
  int status = 0;                                                                                                      \
  if (answer == kNotAsked) {                                                                                           \
    status = real_##name.is_libcs() ? system_call : real(path);                                                        \
  } else if (answer < 0) {                                                                                             \
    errno = static_cast<int>(-answer);                                                                                 \
    status = -1;                                                                                                       \
  }                                                                                                                    \
  if (real_##name.is_known_libcs()) {                                                                                  \
    PlainCalls::learn(PlainCall::name);                                                                                \
  }                                                                                                                    \
  if ((status == 0 && is_plainly_of_others(dirfd, path)) || is_settled(status, dirfd, path, follow_of_at(flags))) {    \
    return status;                                                                                                     \
  }                                                                                                                    \
  const int* const first = &status;                                                                                    \
  return by_path;
#define DAXEMU_STAT_HOOK(name, at_flags)                                                                               \
  DAXEMU_REAL(name, int(const char*, struct stat*));                                                                   \
  [[gnu::noinline]] DAXEMU_START_PATH static int rest_of_##name(const char* path, struct stat* into, long answer) {    \
    DAXEMU_DIRECT_REST(name, AT_FDCWD, at_flags, real_##name(p, into),                                                 \
                       direct_call(SYS_newfstatat, AT_FDCWD, path, into, at_flags),                                    \
                       stat_path(AT_FDCWD, path, at_flags, into, real, first))                                         \
  }                                                                                                                    \
  DAXEMU_DIRECT_BESIDE(name, AT_FDCWD, (const char* path, struct stat* into), (path, into))                            \
  DAXEMU_HOOK_IN(DAXEMU_CALL_PATH, int, name, (const char* path, struct stat* into)) {                                 \
    DAXEMU_DIRECT_BODY(name, AT_FDCWD, (path, into), SYS_newfstatat, AT_FDCWD, (long)path, (long)into, at_flags)       \
  }
#define DAXEMU_FSTAT_HOOK(name)                                                                                        \
  DAXEMU_REAL(name, int(int, struct stat*));                                                                           \
  DAXEMU_SPLIT_HOOK(int, name, (int fd, struct stat* into), (fd, into), FdTable::is_foreign(fd)) {                     \
    return stat_descriptor(                                                                                            \
        fd, into, [=] { return real_##name(fd, into); }, real_##name.is_libcs());                                      \
  }
#define DAXEMU_FSTATAT_HOOK(name)                                                                                      \
  DAXEMU_REAL(name, int(int, const char*, struct stat*, int));                                                         \
  [[gnu::noinline]] static int rest_of_##name(int dirfd, const char* path, struct stat* into, int flags,               \
                                              long answer) {                                                           \
    DAXEMU_DIRECT_REST(name, dirfd, flags, real_##name(dirfd, p, into, flags),                                         \
                       direct_call(SYS_newfstatat, dirfd, path, into, flags),                                          \
                       stat_path(dirfd, path, flags, into, real, first))                                               \
  }                                                                                                                    \
  DAXEMU_DIRECT_BESIDE(name, dirfd, (int dirfd, const char* path, struct stat* into, int flags),                       \
                       (dirfd, path, into, flags))                                                                     \
  DAXEMU_HOOK_IN(DAXEMU_CALL_PATH, int, name, (int dirfd, const char* path, struct stat* into, int flags)) {           \
    DAXEMU_DIRECT_BODY(name, dirfd, (dirfd, path, into, flags), SYS_newfstatat, dirfd, (long)path, (long)into, flags)  \
  }
// What programs linked against glibc before 2.33 call.
#define DAXEMU_XSTAT_HOOK(name, at_flags)                                                                              \
  DAXEMU_REAL(name, int(int, const char*, struct stat*));                                                              \
  DAXEMU_HOOK(int, name, (int version, const char* path, struct stat* into)) {                                         \
    return stat_path(AT_FDCWD, path, at_flags, into, [=](const char* p) { return real_##name(version, p, into); });    \
  }
#define DAXEMU_FXSTAT_HOOK(name)                                                                                       \
  DAXEMU_REAL(name, int(int, int, struct stat*));                                                                      \
  DAXEMU_HOOK(int, name, (int version, int fd, struct stat* into)) {                                                   \
    return stat_descriptor(fd, into, [=] { return real_##name(version, fd, into); });                                  \
  }
#define DAXEMU_FXSTATAT_HOOK(name)                                                                                     \
  DAXEMU_REAL(name, int(int, int, const char*, struct stat*, int));                                                    \
  DAXEMU_HOOK(int, name, (int version, int dirfd, const char* path, struct stat* into, int flags)) {                   \
    return stat_path(dirfd, path, flags, into,                                                                         \
                     [=](const char* p) { return real_##name(version, dirfd, p, into, flags); });                      \
  }

DAXEMU_STAT_HOOK(stat, 0)
DAXEMU_STAT_HOOK(stat64, 0)
DAXEMU_STAT_HOOK(lstat, AT_SYMLINK_NOFOLLOW)
DAXEMU_STAT_HOOK(lstat64, AT_SYMLINK_NOFOLLOW)
DAXEMU_FSTAT_HOOK(fstat)
DAXEMU_FSTAT_HOOK(fstat64)
DAXEMU_FSTATAT_HOOK(fstatat)
DAXEMU_FSTATAT_HOOK(fstatat64)
DAXEMU_XSTAT_HOOK(__xstat, 0)
DAXEMU_XSTAT_HOOK(__xstat64, 0)
DAXEMU_XSTAT_HOOK(__lxstat, AT_SYMLINK_NOFOLLOW)
DAXEMU_XSTAT_HOOK(__lxstat64, AT_SYMLINK_NOFOLLOW)
DAXEMU_FXSTAT_HOOK(__fxstat)
DAXEMU_FXSTAT_HOOK(__fxstat64)
DAXEMU_FXSTATAT_HOOK(__fxstatat)
DAXEMU_FXSTATAT_HOOK(__fxstatat64)

DAXEMU_REAL(statx, int(int, const char*, int, unsigned, struct statx*));
DAXEMU_HOOK(int, statx, (int dirfd, const char* path, int flags, unsigned mask, struct statx* into)) {
  return statx_path(dirfd, path, flags, mask, into,
                    [=](const char* p) { return real_statx(dirfd, p, flags, mask, into); });
}

DAXEMU_REAL(access, int(const char*, int));
[[gnu::noinline]] static int rest_of_access(const char* path, int mode, long answer) {
  DAXEMU_DIRECT_REST(access, AT_FDCWD, 0, real_access(p, mode), direct_call(SYS_access, path, mode),
                     access_path(AT_FDCWD, path, mode, 0, real, first))
}
DAXEMU_DIRECT_BESIDE(access, AT_FDCWD, (const char* path, int mode), (path, mode))
DAXEMU_HOOK_IN(DAXEMU_START_PATH, int, access, (const char* path, int mode)) {
  DAXEMU_DIRECT_BODY(access, AT_FDCWD, (path, mode), SYS_access, (long)path, mode)
}
DAXEMU_REAL(eaccess, int(const char*, int));
DAXEMU_HOOK(int, eaccess, (const char* path, int mode)) {
  return euidaccess_path(path, mode, [=](const char* p) { return real_eaccess(p, mode); });
}
DAXEMU_REAL(ftok, key_t(const char*, int));
DAXEMU_HOOK(key_t, ftok, (const char* path, int project)) {
  return key_of_path(path, project, [=](const char* p) { return real_ftok(p, project); });
}
DAXEMU_REAL(euidaccess, int(const char*, int));
DAXEMU_HOOK(int, euidaccess, (const char* path, int mode)) {
  return euidaccess_path(path, mode, [=](const char* p) { return real_euidaccess(p, mode); });
}
DAXEMU_REAL(faccessat, int(int, const char*, int, int));
DAXEMU_HOOK(int, faccessat, (int dirfd, const char* path, int mode, int flags)) {
  return access_path(dirfd, path, mode, flags, [=](const char* p) { return real_faccessat(dirfd, p, mode, flags); });
}

namespace {

void set_type(struct statfs* about, unsigned magic) {
  about->f_type = magic;
}
void set_type(struct statfs64* about, unsigned magic) {
  about->f_type = magic;
}
// What is not in there in every C library (f_type since 2.41).
void set_type(const struct statvfs*, unsigned) {}
void set_type(const struct statvfs64*, unsigned) {}

} // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): a type
#define DAXEMU_STATFS_HOOK(name, type)                                                                                 \
  DAXEMU_REAL(name, int(const char*, type*));                                                                          \
  DAXEMU_REAL(f##name, int(int, type*));                                                                               \
  DAXEMU_HOOK(int, name, (const char* path, type* into)) {                                                             \
    return statfs_path(                                                                                                \
        path, [=](const char* p) { return real_##name(p, into); }, [=](unsigned magic) { set_type(into, magic); });    \
  }                                                                                                                    \
  DAXEMU_HOOK(int, f##name, (int fd, type* into)) {                                                                    \
    return statfs_descriptor(                                                                                          \
        fd, [=](const char* p) { return real_##name(p, into); }, [=] { return real_f##name(fd, into); },               \
        [=](unsigned magic) { set_type(into, magic); });                                                               \
  }
// NOLINTEND(bugprone-macro-parentheses)

DAXEMU_STATFS_HOOK(statfs, struct statfs)
DAXEMU_ALIAS(statfs, __statfs)
DAXEMU_STATFS_HOOK(statfs64, struct statfs64)
DAXEMU_STATFS_HOOK(statvfs, struct statvfs)
DAXEMU_STATFS_HOOK(statvfs64, struct statvfs64)
DAXEMU_REAL(pathconf, long(const char*, int));
DAXEMU_HOOK(long, pathconf, (const char* path, int name)) {
  return path_limit(path, name, [=](const char* p) { return real_pathconf(p, name); });
}
