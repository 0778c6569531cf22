// inotify(7), fanotify(7).
#include <sys/fanotify.h>
#include <sys/inotify.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/watch_calls.hpp"

DAXEMU_REAL(inotify_add_watch, int(int, const char*, std::uint32_t));
DAXEMU_HOOK(int, inotify_add_watch, (int fd, const char* path, std::uint32_t mask)) {
  return daxemu::preload::add_watch(
      fd, path, mask, [=](const char* p, std::uint32_t with) { return real_inotify_add_watch(fd, p, with); });
}
DAXEMU_REAL(inotify_rm_watch, int(int, int));
DAXEMU_HOOK(int, inotify_rm_watch, (int fd, int wd)) {
  return daxemu::preload::remove_watch(fd, wd, [=] { return real_inotify_rm_watch(fd, wd); });
}
DAXEMU_REAL(fanotify_mark, int(int, unsigned, std::uint64_t, int, const char*));
DAXEMU_HOOK(int, fanotify_mark, (int fd, unsigned flags, std::uint64_t mask, int dirfd, const char* path)) {
  return daxemu::preload::mark_path(flags, dirfd, path,
                                    [=](int at, const char* p) { return real_fanotify_mark(fd, flags, mask, at, p); });
}
