// open(2) and its variants.
#include <cerrno>

#include <fcntl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>

#include "emu/base/kernel/enter_kernel.hpp"
#include "emu/trace/site.hpp"
#include "runtime/preload/files/open_calls.hpp"
#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/plain_calls.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/names/plain_paths.hpp"
#include "runtime/preload/paths/cancel_type.hpp"
#include "runtime/preload/paths/direct_call.hpp"
#include "runtime/preload/paths/expectation.hpp"
#include "runtime/preload/paths/searching.hpp"

using daxemu::preload::call_cancellably;
using daxemu::preload::CancelType;
using daxemu::preload::CancelTypeSetter;
using daxemu::preload::direct_call;
using daxemu::preload::Expectation;
using daxemu::preload::FdClass;
using daxemu::preload::FdTable;
using daxemu::preload::is_asked_last;
using daxemu::preload::is_plainly_of_others;
using daxemu::preload::is_usual;
using daxemu::preload::is_usual_from_here;
using daxemu::preload::kNotAsked;
using daxemu::preload::only_reads;
using daxemu::preload::open_asked;
using daxemu::preload::open_expected;
using daxemu::preload::open_is_settled;
using daxemu::preload::open_path;
using daxemu::preload::open_searched;
using daxemu::preload::PlainCall;
using daxemu::preload::PlainCalls;
using daxemu::preload::Searching;
using daxemu::trace::CallSite;

namespace {

using Open = int(const char*, int, ...);
using OpenAt = int(int, const char*, int, ...);
DAXEMU_REAL(open, Open);
DAXEMU_REAL(open64, Open);
DAXEMU_REAL(openat, OpenAt);
DAXEMU_REAL(openat64, OpenAt);
DAXEMU_REAL(__open_2, int(const char*, int));
DAXEMU_REAL(__open64_2, int(const char*, int));
DAXEMU_REAL(__openat_2, int(int, const char*, int));
DAXEMU_REAL(__openat64_2, int(int, const char*, int));

// open(2) has two or three arguments; the third, there only if the flags create a file, is where a third always is. Not
// by <cstdarg>: a function with an ellipsis begins by saving all the others.
#define DAXEMU_MODE(flags) (__OPEN_NEEDS_MODE(flags) ? third : 0)

} // namespace

// As few frames, and as little code, as can be between the program and the system call, and behind it: see
// direct_call.hpp. With other threads an open can be cancelled by one (cancel_type.hpp). Most opens
// are of a file that can only be the kernel's, which is seen by looking at the path; all others go on out of line
// (`rest_of`), with what the kernel has said in `opened`. What else has to be done first is `...`.
#define DAXEMU_OPEN_BODY(name, dirfd, all_flags, rest_of, by_library, ...)                                             \
  long opened = kNotAsked;                                                                                             \
  if (only_reads(all_flags) && PlainCalls::opens(PlainCall::name)) [[likely]] {                                        \
    if (__libc_single_threaded == 0) [[unlikely]] {                                                                    \
      return by_library;                                                                                               \
    }                                                                                                                  \
    __VA_ARGS__                                                                                                        \
    opened = daxemu::sys::enter_kernel(SYS_openat, dirfd, (long)path, all_flags, 0); /* NOLINT: a word */              \
    if (opened >= 0) [[likely]] {                                                                                      \
      FdTable::forget(static_cast<int>(opened));                                                                       \
      if (is_usual(dirfd, path)) [[likely]] {                                                                          \
        return static_cast<int>(opened);                                                                               \
      }                                                                                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  return rest_of
// With other threads, a file that is only to be read: `call` is the C library's.
#define DAXEMU_OPEN_BY_LIBRARY(dirfd, all_flags, call, rest_of)                                                        \
  long opened = kNotAsked;                                                                                             \
  if (CancelTypeSetter* const set = CancelType::setter(); set != nullptr) [[likely]] {                                 \
    opened = call_cancellably(                                                                                         \
        set, [=] { return daxemu::sys::enter_kernel(SYS_openat, dirfd, (long)path, all_flags, 0); }); /* NOLINT */     \
  } else {                                                                                                             \
    const int fd = call;                                                                                               \
    opened = fd >= 0 ? fd : -static_cast<long>(errno);                                                                 \
  }                                                                                                                    \
  if (opened >= 0) [[likely]] {                                                                                        \
    FdTable::forget(static_cast<int>(opened));                                                                         \
    if (is_usual(dirfd, path)) [[likely]] {                                                                            \
      return static_cast<int>(opened);                                                                                 \
    }                                                                                                                  \
  }                                                                                                                    \
  return rest_of
// A folder that is asked for from a folder of others: if nothing is mounted on the way it is of others too, and who
// lists it (fdopendir(3)) does not have to look where it is. Whatever is in the way (EXDEV, an older kernel, a filter),
// openat(2) says; but a signal that ended the wait of a file system has ended it.
#define DAXEMU_OPEN_FOLDER(dirfd, all_flags, rest_of)                                                                  \
  const open_how how = {static_cast<unsigned>(all_flags), 0, RESOLVE_NO_XDEV};                                         \
  long opened = daxemu::sys::enter_kernel(SYS_openat2, dirfd, (long)path, (long)&how, sizeof how); /* NOLINT: words */ \
  if (opened >= 0) [[likely]] {                                                                                        \
    FdTable::set(static_cast<int>(opened), *path == '/' ? FdClass::unknown : FdClass::foreign);                        \
    if (is_usual(dirfd, path)) [[likely]] {                                                                            \
      return static_cast<int>(opened);                                                                                 \
    }                                                                                                                  \
  } else if (opened != -EINTR) {                                                                                       \
    opened = daxemu::sys::enter_kernel(SYS_openat, dirfd, (long)path, all_flags, 0); /* NOLINT: a word */              \
    FdTable::forget(static_cast<int>(opened));                                                                         \
  }                                                                                                                    \
  return rest_of
// `opened`: what the kernel has answered to the path as it is; kNotAsked: nobody has asked it.
#define DAXEMU_OPEN_REST(name, dirfd, all_flags, ...)                                                                  \
  const auto real = [&](const char* p) { return __VA_ARGS__; };                                                        \
  if (opened == kNotAsked && PlainCalls::searches(PlainCall::name) && only_reads(all_flags)) {                         \
    if (__libc_single_threaded != 0) {                                                                                 \
      opened = open_searched(dirfd, path, all_flags);                                                                  \
    } else {                                                                                                           \
      PlainCalls::end_search(); /* by_library_ is quicker, and can be cancelled */                                     \
    }                                                                                                                  \
    if (opened >= 0) {                                                                                                 \
      FdTable::forget(static_cast<int>(opened));                                                                       \
    } else if (opened != kNotAsked) {                                                                                  \
      errno = static_cast<int>(-opened);                                                                               \
      return -1;                                                                                                       \
    }                                                                                                                  \
  } else if (opened == -ENOENT && __libc_single_threaded != 0) {                                                       \
    Searching::missed();                                                                                               \
  }                                                                                                                    \
  if (opened >= 0 && is_plainly_of_others(dirfd, path)) {                                                              \
    return static_cast<int>(opened);                                                                                   \
  }                                                                                                                    \
  if (opened == kNotAsked && is_asked_last(all_flags, path)) {                                                         \
    const CallSite here(caller, #name);                                                                                \
    return open_path(dirfd, path, all_flags, real);                                                                    \
  }                                                                                                                    \
  if (opened == kNotAsked && Expectation::ours()) {                                                                    \
    if (int made = -1; open_expected(path, all_flags, made)) {                                                         \
      return made;                                                                                                     \
    }                                                                                                                  \
  }                                                                                                                    \
  int fd = -1;                                                                                                         \
  if (opened == kNotAsked) {                                                                                           \
    fd = real_##name.is_libcs() && __libc_single_threaded != 0 ? direct_call(SYS_openat, dirfd, path, all_flags, mode) \
                                                               : real(path);                                           \
  } else if (opened >= 0) {                                                                                            \
    fd = static_cast<int>(opened);                                                                                     \
  } else {                                                                                                             \
    errno = static_cast<int>(-opened);                                                                                 \
  }                                                                                                                    \
  if (fd >= 0) {                                                                                                       \
    FdTable::forget(fd);                                                                                               \
  }                                                                                                                    \
  if (real_##name.is_known_libcs()) {                                                                                  \
    PlainCalls::learn(PlainCall::name);                                                                                \
  }                                                                                                                    \
  if (open_is_settled(fd, dirfd, path, all_flags)) {                                                                   \
    return fd;                                                                                                         \
  }                                                                                                                    \
  const CallSite here(caller, #name);                                                                                  \
  return open_asked(dirfd, path, all_flags, fd, real)
// Between the two: a file by a relative path, as a rule.
#define DAXEMU_OPEN_BESIDE(name, dirfd, declared, passed)                                                              \
  [[gnu::noinline]] DAXEMU_START_PATH static int beside_##name(DAXEMU_BARE declared, int flags, mode_t mode,           \
                                                               long opened, const void* caller) {                      \
    return opened >= 0 && is_usual_from_here(dirfd, path)                                                              \
               ? static_cast<int>(opened)                                                                              \
               : rest_of_##name(DAXEMU_BARE passed, flags, mode, opened, caller);                                      \
  }
#define DAXEMU_OPEN_HOOK(name, extra)                                                                                  \
  [[gnu::noinline]] DAXEMU_START_PATH static int rest_of_##name(const char* path, int flags, mode_t mode, long opened, \
                                                                const void* caller) {                                  \
    DAXEMU_OPEN_REST(name, AT_FDCWD, flags | (extra), real_##name(p, flags, mode));                                    \
  }                                                                                                                    \
  DAXEMU_OPEN_BESIDE(name, AT_FDCWD, (const char* path), (path))                                                       \
  [[gnu::noinline]] DAXEMU_CALL_PATH static int by_library_##name(const char* path, int flags, const void* caller) {   \
    DAXEMU_OPEN_BY_LIBRARY(AT_FDCWD, flags | (extra), real_##name(path, flags),                                        \
                           beside_##name(path, flags, 0, opened, caller));                                             \
  }                                                                                                                    \
  DAXEMU_HOOK_IN(DAXEMU_CALL_PATH, int, name, (const char* path, int flags, mode_t third)) {                           \
    const void* const caller = __builtin_return_address(0);                                                            \
    DAXEMU_OPEN_BODY(name, AT_FDCWD, flags | (extra), beside_##name(path, flags, DAXEMU_MODE(flags), opened, caller),  \
                     by_library_##name(path, flags, caller), );                                                        \
  }
#define DAXEMU_OPENAT_HOOK(name, extra)                                                                                \
  [[gnu::noinline]] DAXEMU_START_PATH static int rest_of_##name(int dirfd, const char* path, int flags, mode_t mode,   \
                                                                long opened, const void* caller) {                     \
    DAXEMU_OPEN_REST(name, dirfd, flags | (extra), real_##name(dirfd, p, flags, mode));                                \
  }                                                                                                                    \
  DAXEMU_OPEN_BESIDE(name, dirfd, (int dirfd, const char* path), (dirfd, path))                                        \
  [[gnu::noinline]] DAXEMU_CALL_PATH static int by_library_##name(int dirfd, const char* path, int flags,              \
                                                                  const void* caller) {                                \
    DAXEMU_OPEN_BY_LIBRARY(dirfd, flags | (extra), real_##name(dirfd, path, flags),                                    \
                           beside_##name(dirfd, path, flags, 0, opened, caller));                                      \
  }                                                                                                                    \
  [[gnu::noinline]] DAXEMU_START_PATH static int folder_##name(int dirfd, const char* path, int flags,                 \
                                                               const void* caller) {                                   \
    DAXEMU_OPEN_FOLDER(dirfd, flags | (extra), beside_##name(dirfd, path, flags, 0, opened, caller));                  \
  }                                                                                                                    \
  DAXEMU_HOOK_IN(DAXEMU_CALL_PATH, int, name, (int dirfd, const char* path, int flags, mode_t third)) {                \
    const void* const caller = __builtin_return_address(0);                                                            \
    DAXEMU_OPEN_BODY(                                                                                                  \
        name, dirfd, flags | (extra), beside_##name(dirfd, path, flags, DAXEMU_MODE(flags), opened, caller),           \
        by_library_##name(dirfd, path, flags, caller),                                                                 \
        if (((flags | (extra)) & O_DIRECTORY) != 0 && FdTable::is_foreign(dirfd) && PlainCalls::may_be_unusual()) {    \
          return folder_##name(dirfd, path, flags, caller);                                                            \
        });                                                                                                            \
  }

DAXEMU_OPEN_HOOK(open, 0)
DAXEMU_OPEN_HOOK(open64, O_LARGEFILE)
DAXEMU_OPENAT_HOOK(openat, 0)
DAXEMU_OPENAT_HOOK(openat64, O_LARGEFILE)

DAXEMU_HOOK(int, creat, (const char* path, mode_t mode)) {
  constexpr int kFlags = O_CREAT | O_WRONLY | O_TRUNC;
  return open_path(AT_FDCWD, path, kFlags, [=](const char* p) { return real_open(p, kFlags, mode); });
}
DAXEMU_HOOK(int, creat64, (const char* path, mode_t mode)) {
  constexpr int kFlags = O_CREAT | O_WRONLY | O_TRUNC;
  return open_path(AT_FDCWD, path, kFlags, [=](const char* p) { return real_open64(p, kFlags, mode); });
}
DAXEMU_HOOK(int, __open_2, (const char* path, int flags)) {
  return open_path(AT_FDCWD, path, flags, [=](const char* p) { return real___open_2(p, flags); });
}
DAXEMU_HOOK(int, __open64_2, (const char* path, int flags)) {
  return open_path(AT_FDCWD, path, flags, [=](const char* p) { return real___open64_2(p, flags); });
}
DAXEMU_HOOK(int, __openat_2, (int dirfd, const char* path, int flags)) {
  return open_path(dirfd, path, flags, [=](const char* p) { return real___openat_2(dirfd, p, flags); });
}
DAXEMU_HOOK(int, __openat64_2, (int dirfd, const char* path, int flags)) {
  return open_path(dirfd, path, flags, [=](const char* p) { return real___openat64_2(dirfd, p, flags); });
}
DAXEMU_ALIAS(open, __open)
DAXEMU_ALIAS(open64, __open64)
// In glibc since 2.43.
DAXEMU_HOOK(int, openat2, (int dirfd, const char* path, const open_how* how, size_t size)) {
  return daxemu::preload::open_how_path(dirfd, path, how, size);
}
