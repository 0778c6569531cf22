// What a walk knows of entries: each by itself, and those of a directory.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/preload/directories/file_tree.hpp"
#include "runtime/preload/directories/file_tree_entry.hpp"

namespace daxemu::preload {
namespace {

bool is_dots(std::string_view name) {
  return name == "." || name == "..";
}

} // namespace

FTSENT* FileTree::make(const char* name, std::size_t length) {
  void* const memory = std::calloc(1, sizeof(FileTreeBlock) + length + 1);
  if (memory == nullptr) {
    return nullptr;
  }
  auto* const block = new (memory) FileTreeBlock{};
  FTSENT& entry = block->entry;
  std::memcpy(name_of(entry), name, length);
  entry.fts_namelen = static_cast<unsigned short>(length);
  entry.fts_path = path_.get();
  entry.fts_instr = FTS_NOINSTR;
  entry.fts_statp = has(FTS_NOSTAT) ? nullptr : &block->about;
  return &entry;
}

unsigned short FileTree::look(FTSENT& entry, bool follow) {
  struct stat own {};
  struct stat& about = has(FTS_NOSTAT) ? own : *entry.fts_statp;
  const bool through = follow || has(FTS_LOGICAL);
  if ((through ? ::stat(entry.fts_accpath, &about) : ::lstat(entry.fts_accpath, &about)) != 0) {
    const int code = errno;
    if (through && ::lstat(entry.fts_accpath, &about) == 0) {
      errno = 0;
      return FTS_SLNONE;
    }
    entry.fts_errno = code;
    about = {};
    return FTS_NS;
  }
  switch (about.st_mode & S_IFMT) {
  case S_IFREG:
    return FTS_F;
  case S_IFLNK:
    return FTS_SL;
  case S_IFDIR:
    break;
  default:
    return FTS_DEFAULT;
  }
  entry.fts_dev = about.st_dev;
  entry.fts_ino = about.st_ino;
  entry.fts_nlink = about.st_nlink;
  if (is_dots(name_of(entry))) {
    return FTS_DOT;
  }
  for (FTSENT* above = entry.fts_parent; above->fts_level >= FTS_ROOTLEVEL; above = above->fts_parent) {
    if (above->fts_ino == entry.fts_ino && above->fts_dev == entry.fts_dev) {
      entry.fts_cycle = above;
      return FTS_DC;
    }
  }
  return FTS_D;
}

FTSENT* FileTree::stop() {
  face_.fts_options |= FTS_STOP;
  return nullptr;
}

int FileTree::go_to_start() {
  return has(FTS_NOCHDIR) ? 0 : ::fchdir(face_.fts_rfd);
}

int FileTree::go_into(const FTSENT& directory, int fd, const char* path) {
  if (has(FTS_NOCHDIR)) {
    return 0;
  }
  const int opened = fd >= 0 ? fd : ::open(path, O_RDONLY | O_CLOEXEC);
  if (opened < 0) {
    return -1;
  }
  struct stat about {};
  int status = ::fstat(opened, &about);
  if (status == 0 && (about.st_dev != directory.fts_dev || about.st_ino != directory.fts_ino)) {
    errno = ENOENT;
    status = -1;
  }
  status = status == 0 ? ::fchdir(opened) : status;
  if (fd < 0) {
    const int code = errno;
    ::close(opened);
    errno = code;
  }
  return status;
}

bool FileTree::return_from(const FTSENT& directory) {
  return (directory.fts_level == FTS_ROOTLEVEL ? go_to_start() : go_into(*directory.fts_parent, -1, "..")) == 0;
}

FTSENT* FileTree::sorted(FTSENT* first, int count) const {
  if (face_.fts_compar == nullptr || count < 2) {
    return first;
  }
  const std::unique_ptr<FTSENT*, Free> order(
      static_cast<FTSENT**>(std::malloc(static_cast<std::size_t>(count) * sizeof(FTSENT*))));
  if (order == nullptr) {
    return first;
  }
  FTSENT** const all = order.get();
  int filled = 0;
  for (FTSENT* entry = first; entry != nullptr; entry = entry->fts_link) {
    all[filled++] = entry;
  }
  std::qsort(all, static_cast<std::size_t>(count), sizeof(FTSENT*), face_.fts_compar);
  for (int at = 0; at < count; ++at) {
    all[at]->fts_link = at + 1 < count ? all[at + 1] : nullptr;
  }
  return all[0];
}

FTSENT* FileTree::list(For what) {
  FTSENT& directory = *face_.fts_cur;
  DIR* stream = ::opendir(directory.fts_accpath);
  if (stream == nullptr) {
    if (what == For::walking) {
      directory.fts_info = FTS_DNR;
      directory.fts_errno = errno;
    }
    return nullptr;
  }
  // How many of them may be directories, as far as that spares looking at the others; -1: all are looked at.
  int possible_directories = -1;
  if (what == For::names) {
    possible_directories = 0;
  } else if (has(FTS_NOSTAT) && has(FTS_PHYSICAL)) {
    possible_directories = static_cast<int>(directory.fts_nlink) - (has(FTS_SEEDOT) ? 0 : 2);
  }
  bool inside = false;
  if (possible_directories != 0 || what == For::walking) {
    inside = go_into(directory, ::dirfd(stream), directory.fts_accpath) == 0;
    if (!inside) {
      directory.fts_errno = possible_directories != 0 && what == For::walking ? errno : directory.fts_errno;
      directory.fts_flags |= FTS_DONTCHDIR;
      ::closedir(std::exchange(stream, nullptr));
    }
  }
  const std::size_t prefix = end_of(directory) + 1;
  FTSENT* first = nullptr;
  int count = 0;
  const bool whole = add_entries(directory, stream, possible_directories, prefix, first, count);
  if (stream != nullptr) {
    const int code = errno;
    ::closedir(stream);
    errno = code;
  }
  if (!whole) {
    drop_list(first);
    directory.fts_info = FTS_ERR;
    return stop();
  }
  if (has(FTS_NOCHDIR)) { // the path is the directory's again
    path_.get()[count == 0 ? prefix - 1 : prefix] = '\0';
  }
  if (inside && (what == For::looking || count == 0) && !return_from(directory)) {
    drop_list(first);
    directory.fts_info = FTS_ERR;
    return stop();
  }
  if (count == 0 && what == For::walking) {
    directory.fts_info = FTS_DP;
  }
  return sorted(first, count);
}

bool FileTree::add_entries(FTSENT& directory, DIR* stream, int possible_directories, std::size_t prefix, FTSENT*& first,
                           int& count) {
  const bool by_path = has(FTS_NOCHDIR);
  const bool trusts_type = has(FTS_NOSTAT) && has(FTS_PHYSICAL);
  if (by_path) {
    path_.get()[prefix - 1] = '/';
  }
  FTSENT** place = &first;
  while (const struct dirent* found = stream != nullptr ? ::readdir(stream) : nullptr) {
    const std::string_view name(found->d_name);
    if (is_dots(name) && !has(FTS_SEEDOT)) {
      continue;
    }
    if (prefix + name.size() >= kFileTreePath) {
      errno = ENAMETOOLONG;
      return false;
    }
    FTSENT* const entry = make(name.data(), name.size());
    if (entry == nullptr) {
      return false;
    }
    *place = entry;
    place = &entry->fts_link;
    ++count;
    entry->fts_level = static_cast<short>(directory.fts_level + 1);
    entry->fts_parent = &directory;
    entry->fts_pathlen = static_cast<unsigned short>(prefix + name.size());
    entry->fts_accpath = by_path ? entry->fts_path : name_of(*entry);
    const bool is_no_directory = found->d_type != DT_DIR && found->d_type != DT_UNKNOWN;
    if (possible_directories == 0 || (trusts_type && is_no_directory)) {
      entry->fts_info = FTS_NSOK;
      continue;
    }
    if (by_path) {
      std::memcpy(path_.get() + prefix, name_of(*entry), name.size() + 1);
    }
    entry->fts_info = look(*entry, false);
    const bool is_directory = entry->fts_info == FTS_D || entry->fts_info == FTS_DC || entry->fts_info == FTS_DOT;
    possible_directories -= possible_directories > 0 && is_directory ? 1 : 0;
  }
  return true;
}

} // namespace daxemu::preload
