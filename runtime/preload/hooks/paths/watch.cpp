// inotify(7), fanotify(7).
#include <sys/fanotify.h>
#include <sys/inotify.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/watch_calls.hpp"

DAXEMU_REAL(inotify_add_watch, int(int, const char*, std::uint32_t));
DAXEMU_HOOK(int, inotify_add_watch, (int fd, const char* path, std::uint32_t mask)) {
  // IN_ONLYDIR and IN_DONT_FOLLOW were said of the program's path; where the watch really goes may be a link to a file.
  return daxemu::preload::add_watch(path, mask, [=](const char* p) {
    return real_inotify_add_watch(fd, p, p == path ? mask : mask & ~static_cast<unsigned>(IN_ONLYDIR | IN_DONT_FOLLOW));
  });
}
DAXEMU_REAL(fanotify_mark, int(int, unsigned, std::uint64_t, int, const char*));
DAXEMU_HOOK(int, fanotify_mark, (int fd, unsigned flags, std::uint64_t mask, int dirfd, const char* path)) {
  return daxemu::preload::mark_path(flags, dirfd, path,
                                    [=](int at, const char* p) { return real_fanotify_mark(fd, flags, mask, at, p); });
}
