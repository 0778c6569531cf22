// Names that are made, moved and taken away.
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/name_calls.hpp"

using namespace daxemu::preload;

// Arguments as declared, arguments as passed with the path as `p`.
#define DAXEMU_MAKE_HOOK(name, make, declared, passed)                                                                 \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return make(AT_FDCWD, path, [=](const char* p) { return real_##name passed; });                                    \
  }
#define DAXEMU_MAKEAT_HOOK(name, make, declared, passed)                                                               \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return make(dirfd, path, [=](const char* p) { return real_##name passed; });                                       \
  }
#define DAXEMU_NODE_HOOK(name, dirfd, number, declared, passed)                                                        \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return make_node_path(dirfd, path, mode, number, [=](const char* p) { return real_##name passed; });               \
  }
#define DAXEMU_REMOVE_HOOK(name, what)                                                                                 \
  DAXEMU_REAL(name, int(const char*));                                                                                 \
  DAXEMU_HOOK(int, name, (const char* path)) {                                                                         \
    return remove_path(AT_FDCWD, path, what, [](const char* p) { return real_##name(p); });                            \
  }

DAXEMU_REMOVE_HOOK(unlink, Removal::file)
DAXEMU_REMOVE_HOOK(rmdir, Removal::directory)
DAXEMU_REMOVE_HOOK(remove, Removal::either)
DAXEMU_REAL(unlinkat, int(int, const char*, int));
DAXEMU_HOOK(int, unlinkat, (int dirfd, const char* path, int flags)) {
  const auto real = [=](const char* p) { return real_unlinkat(dirfd, p, flags); };
  return (flags & ~AT_REMOVEDIR) != 0
             ? real(path)
             : remove_path(dirfd, path, (flags & AT_REMOVEDIR) != 0 ? Removal::directory : Removal::file, real);
}

DAXEMU_MAKE_HOOK(mkdir, make_directory, (const char* path, mode_t mode), (p, mode))
DAXEMU_MAKEAT_HOOK(mkdirat, make_directory, (int dirfd, const char* path, mode_t mode), (dirfd, p, mode))
DAXEMU_MAKE_HOOK(mkfifo, make_path, (const char* path, mode_t mode), (p, mode))
DAXEMU_MAKEAT_HOOK(mkfifoat, make_path, (int dirfd, const char* path, mode_t mode), (dirfd, p, mode))
#define DAXEMU_LINK_HOOK(name, dirfd, declared, passed)                                                                \
  DAXEMU_REAL(name, int declared);                                                                                     \
  DAXEMU_HOOK(int, name, declared) {                                                                                   \
    return make_link(target, dirfd, path, [=](const char* p) { return real_##name passed; });                          \
  }
DAXEMU_LINK_HOOK(symlink, AT_FDCWD, (const char* target, const char* path), (target, p))
DAXEMU_LINK_HOOK(symlinkat, dirfd, (const char* target, int dirfd, const char* path), (target, dirfd, p))
DAXEMU_NODE_HOOK(mknod, AT_FDCWD, dev, (const char* path, mode_t mode, dev_t dev), (p, mode, dev))
DAXEMU_NODE_HOOK(mknodat, dirfd, dev, (int dirfd, const char* path, mode_t mode, dev_t dev), (dirfd, p, mode, dev))
// What programs linked against glibc before 2.33 call.
DAXEMU_NODE_HOOK(__xmknod, AT_FDCWD, *dev, (int version, const char* path, mode_t mode, dev_t* dev),
                 (version, p, mode, dev))
DAXEMU_NODE_HOOK(__xmknodat, dirfd, *dev, (int version, int dirfd, const char* path, mode_t mode, dev_t* dev),
                 (version, dirfd, p, mode, dev))

DAXEMU_REAL(rename, int(const char*, const char*));
DAXEMU_HOOK(int, rename, (const char* from, const char* to)) {
  return rename_paths(AT_FDCWD, from, AT_FDCWD, to, 0, [](const char* a, const char* b) { return real_rename(a, b); });
}
DAXEMU_REAL(renameat, int(int, const char*, int, const char*));
DAXEMU_HOOK(int, renameat, (int from_dir, const char* from, int to_dir, const char* to)) {
  return rename_paths(from_dir, from, to_dir, to, 0,
                      [=](const char* a, const char* b) { return real_renameat(from_dir, a, to_dir, b); });
}
DAXEMU_REAL(renameat2, int(int, const char*, int, const char*, unsigned));
DAXEMU_HOOK(int, renameat2, (int from_dir, const char* from, int to_dir, const char* to, unsigned flags)) {
  return rename_paths(from_dir, from, to_dir, to, flags,
                      [=](const char* a, const char* b) { return real_renameat2(from_dir, a, to_dir, b, flags); });
}
DAXEMU_REAL(link, int(const char*, const char*));
DAXEMU_HOOK(int, link, (const char* from, const char* to)) {
  return link_paths(AT_FDCWD, from, AT_FDCWD, to, 0, [](const char* a, const char* b) { return real_link(a, b); });
}
DAXEMU_REAL(linkat, int(int, const char*, int, const char*, int));
DAXEMU_HOOK(int, linkat, (int from_dir, const char* from, int to_dir, const char* to, int flags)) {
  return link_paths(from_dir, from, to_dir, to, flags,
                    [=](const char* a, const char* b) { return real_linkat(from_dir, a, to_dir, b, flags); });
}
