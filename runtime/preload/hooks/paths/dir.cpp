// Directory streams and listings. On x86-64 struct dirent64 is struct dirent.
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>

#include "runtime/preload/directories/directories.hpp"
#include "runtime/preload/directories/directory_calls.hpp"
#include "runtime/preload/directories/file_tree.hpp"
#include "runtime/preload/directories/glob_calls.hpp"
#include "runtime/preload/directories/tree_walk.hpp"
#include "runtime/preload/directories/word_calls.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/names/context.hpp"

using namespace daxemu::preload;

namespace {

DAXEMU_REAL(opendir, DIR*(const char*));
DAXEMU_REAL(fdopendir, DIR*(int));
DAXEMU_REAL(closedir, int(DIR*));
DAXEMU_REAL(dirfd, int(DIR*));
DAXEMU_REAL(readdir, struct dirent*(DIR*));
DAXEMU_REAL(readdir64, struct dirent*(DIR*));
DAXEMU_REAL(readdir_r, int(DIR*, struct dirent*, struct dirent**));
DAXEMU_REAL(readdir64_r, int(DIR*, struct dirent*, struct dirent**));
DAXEMU_REAL(rewinddir, void(DIR*));
DAXEMU_REAL(telldir, long(DIR*));
DAXEMU_REAL(seekdir, void(DIR*, long));
DAXEMU_REAL(getdents64, ssize_t(int, void*, size_t));

RealDirectory real_directory() {
  return {real_opendir.get(), real_fdopendir.get(), real_closedir.get(), real_dirfd.get()};
}

int read_into(Directory& directory, struct dirent* entry, struct dirent** result) {
  const struct dirent* next = directory.read();
  *result = next != nullptr ? entry : nullptr;
  if (next != nullptr) {
    *entry = *next;
  }
  return 0;
}

} // namespace

DAXEMU_HOOK(DIR*, opendir, (const char* path)) {
  return open_directory(path, real_directory());
}
DAXEMU_HOOK(DIR*, fdopendir, (int fd)) {
  return open_directory_over(fd, real_directory());
}
DAXEMU_HOOK(int, closedir, (DIR * stream)) {
  return Directories::remove(stream) != nullptr ? 0 : real_closedir(stream);
}
DAXEMU_HOOK(int, dirfd, (DIR * stream)) {
  Directory* ours = Directories::find(stream);
  return ours != nullptr ? ours->fd(*Context::get()) : real_dirfd(stream);
}
DAXEMU_SPLIT_HOOK(struct dirent*, readdir, (DIR * stream), (stream), Directories::none()) {
  Directory* ours = Directories::find(stream);
  return ours != nullptr ? ours->read() : real_readdir(stream);
}
DAXEMU_SPLIT_HOOK(struct dirent*, readdir64, (DIR * stream), (stream), Directories::none()) {
  Directory* ours = Directories::find(stream);
  return ours != nullptr ? ours->read() : real_readdir64(stream);
}
DAXEMU_HOOK(int, readdir_r, (DIR * stream, struct dirent* entry, struct dirent** result)) {
  Directory* ours = Directories::find(stream);
  return ours != nullptr ? read_into(*ours, entry, result) : real_readdir_r(stream, entry, result);
}
DAXEMU_HOOK(int, readdir64_r, (DIR * stream, struct dirent* entry, struct dirent** result)) {
  Directory* ours = Directories::find(stream);
  return ours != nullptr ? read_into(*ours, entry, result) : real_readdir64_r(stream, entry, result);
}
DAXEMU_HOOK(void, rewinddir, (DIR * stream)) {
  Directory* ours = Directories::find(stream);
  return ours != nullptr ? ours->rewind(*Context::get()) : real_rewinddir(stream);
}
DAXEMU_HOOK(long, telldir, (DIR * stream)) {
  const Directory* ours = Directories::find(stream);
  return ours != nullptr ? ours->tell() : real_telldir(stream);
}
DAXEMU_HOOK(void, seekdir, (DIR * stream, long place)) {
  Directory* ours = Directories::find(stream);
  return ours != nullptr ? ours->seek(place) : real_seekdir(stream, place);
}
DAXEMU_HOOK(ssize_t, getdents64, (int fd, void* buffer, size_t size)) {
  ssize_t length = 0;
  return read_entries(fd, buffer, size, length) ? length : real_getdents64(fd, buffer, size);
}
// The C library makes the call by itself, after asking where the descriptor is.
#define DAXEMU_DIRENTRIES_HOOK(name)                                                                                   \
  DAXEMU_REAL(name, ssize_t(int, char*, size_t, off_t*));                                                              \
  DAXEMU_HOOK(ssize_t, name, (int fd, char* buffer, size_t size, off_t* base)) {                                       \
    ssize_t length = 0;                                                                                                \
    return read_entries_from(fd, buffer, size, base, length) ? length : real_##name(fd, buffer, size, base);           \
  }
DAXEMU_DIRENTRIES_HOOK(getdirentries)
DAXEMU_DIRENTRIES_HOOK(getdirentries64)

#define DAXEMU_SCANDIR_HOOK(name)                                                                                      \
  DAXEMU_REAL(name, int(const char*, struct dirent***, Filter, Compare));                                              \
  DAXEMU_HOOK(int, name, (const char* path, struct dirent*** list, Filter filter, Compare compare)) {                  \
    int count = 0;                                                                                                     \
    return scan_directory(AT_FDCWD, path, list, filter, compare, count) ? count                                        \
                                                                        : real_##name(path, list, filter, compare);    \
  }
#define DAXEMU_SCANDIRAT_HOOK(name)                                                                                    \
  DAXEMU_REAL(name, int(int, const char*, struct dirent***, Filter, Compare));                                         \
  DAXEMU_HOOK(int, name, (int dirfd, const char* path, struct dirent*** list, Filter filter, Compare compare)) {       \
    int count = 0;                                                                                                     \
    return scan_directory(dirfd, path, list, filter, compare, count)                                                   \
               ? count                                                                                                 \
               : real_##name(dirfd, path, list, filter, compare);                                                      \
  }
DAXEMU_SCANDIR_HOOK(scandir)
DAXEMU_SCANDIR_HOOK(scandir64)
DAXEMU_SCANDIRAT_HOOK(scandirat)
DAXEMU_SCANDIRAT_HOOK(scandirat64)

#define DAXEMU_GLOB_HOOK(name)                                                                                         \
  DAXEMU_REAL(name, int(const char*, int, int (*)(const char*, int), glob_t*));                                        \
  DAXEMU_HOOK(int, name, (const char* pattern, int flags, int (*on_error)(const char*, int), glob_t* found)) {         \
    return glob_through(pattern, flags, found, [=](int with) { return real_##name(pattern, with, on_error, found); }); \
  }
DAXEMU_GLOB_HOOK(glob)
DAXEMU_GLOB_HOOK(glob64)

// The functions of ftw see no place in the path, and no links: they are followed.
#define DAXEMU_FTW_HOOK(name, function)                                                                                \
  DAXEMU_REAL(name, int(const char*, function, int));                                                                  \
  DAXEMU_HOOK(int, name, (const char* path, function call, int descriptors)) {                                         \
    return walk_tree(                                                                                                  \
        path, 0,                                                                                                       \
        [call](const char* at, const struct stat* about, int type, struct FTW*) {                                      \
          return call(at, about, type == FTW_SLN ? FTW_NS : type);                                                     \
        },                                                                                                             \
        [=] { return real_##name(path, call, descriptors); });                                                         \
  }
#define DAXEMU_NFTW_HOOK(name, function)                                                                               \
  DAXEMU_REAL(name, int(const char*, function, int, int));                                                             \
  DAXEMU_HOOK(int, name, (const char* path, function call, int descriptors, int flags)) {                              \
    return walk_tree(path, flags, call, [=] { return real_##name(path, call, descriptors, flags); });                  \
  }
using FtwFunction = int (*)(const char*, const struct stat*, int);
using NftwFunction = int (*)(const char*, const struct stat*, int, struct FTW*);
DAXEMU_FTW_HOOK(ftw, FtwFunction)
DAXEMU_FTW_HOOK(ftw64, FtwFunction)
DAXEMU_NFTW_HOOK(nftw, NftwFunction)
DAXEMU_NFTW_HOOK(nftw64, NftwFunction)

// On x86-64 FTS64 and FTSENT64 are FTS and FTSENT.
#define DAXEMU_FTS_HOOKS(prefix)                                                                                       \
  DAXEMU_REAL(prefix##_open, FTS*(char* const*, int, FileTree::Compare));                                              \
  DAXEMU_HOOK(FTS*, prefix##_open, (char* const* roots, int options, FileTree::Compare compare)) {                     \
    return FileTree::concerns(roots, options) ? FileTree::open(roots, options, compare)                                \
                                              : real_##prefix##_open(roots, options, compare);                         \
  }                                                                                                                    \
  DAXEMU_REAL(prefix##_read, FTSENT*(FTS*));                                                                           \
  DAXEMU_HOOK(FTSENT*, prefix##_read, (FTS * walk)) {                                                                  \
    FileTree* const ours = FileTree::find(walk);                                                                       \
    return ours != nullptr ? ours->read() : real_##prefix##_read(walk);                                                \
  }                                                                                                                    \
  DAXEMU_REAL(prefix##_children, FTSENT*(FTS*, int));                                                                  \
  DAXEMU_HOOK(FTSENT*, prefix##_children, (FTS * walk, int instruction)) {                                             \
    FileTree* const ours = FileTree::find(walk);                                                                       \
    return ours != nullptr ? ours->children(instruction) : real_##prefix##_children(walk, instruction);                \
  }                                                                                                                    \
  DAXEMU_REAL(prefix##_close, int(FTS*));                                                                              \
  DAXEMU_HOOK(int, prefix##_close, (FTS * walk)) {                                                                     \
    FileTree* const ours = FileTree::find(walk);                                                                       \
    return ours != nullptr ? FileTree::close(ours) : real_##prefix##_close(walk);                                      \
  }
DAXEMU_FTS_HOOKS(fts)
DAXEMU_FTS_HOOKS(fts64)

DAXEMU_REAL(wordexp, int(const char*, wordexp_t*, int));
DAXEMU_HOOK(int, wordexp, (const char* words, wordexp_t* into, int flags)) {
  return expand_words(words, into, flags, [=](const char* text) { return real_wordexp(text, into, flags); });
}
