// Where a walk goes next, and what the program has told it to do there.
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "runtime/preload/directories/file_tree.hpp"
#include "runtime/preload/directories/file_tree_entry.hpp"

namespace daxemu::preload {

void FileTree::follow_link(FTSENT& entry) {
  entry.fts_info = look(entry, true);
  if (entry.fts_info != FTS_D || has(FTS_NOCHDIR)) {
    return;
  }
  entry.fts_symfd = ::open(".", O_RDONLY | O_CLOEXEC);
  if (entry.fts_symfd < 0) {
    entry.fts_errno = errno;
    entry.fts_info = FTS_ERR;
  } else {
    entry.fts_flags |= FTS_SYMFOLLOW;
  }
}

FTSENT* FileTree::begin_root(FTSENT& root) {
  char* const name = name_of(root);
  std::memcpy(path_.get(), name, root.fts_namelen + std::size_t{1});
  root.fts_pathlen = root.fts_namelen;
  // Its name is its last component from here on, but for "/" itself.
  if (const char* slash = std::strrchr(name, '/'); slash != nullptr && (slash != name || slash[1] != '\0')) {
    const std::size_t length = std::strlen(slash + 1);
    std::memmove(name, slash + 1, length + 1);
    root.fts_namelen = static_cast<unsigned short>(length);
  }
  root.fts_accpath = path_.get();
  face_.fts_dev = root.fts_dev;
  return &root;
}

FTSENT* FileTree::arrive(FTSENT& entry) {
  face_.fts_cur = &entry;
  char* const end = path_.get() + end_of(*entry.fts_parent);
  *end = '/';
  std::memcpy(end + 1, name_of(entry), entry.fts_namelen + std::size_t{1});
  return &entry;
}

FTSENT* FileTree::read() {
  FTSENT* const entry = face_.fts_cur;
  if (entry == nullptr || has(FTS_STOP)) {
    return nullptr;
  }
  const int told = std::exchange(entry->fts_instr, static_cast<unsigned short>(FTS_NOINSTR));
  if (told == FTS_AGAIN) {
    entry->fts_info = look(*entry, false);
    return entry;
  }
  if (told == FTS_FOLLOW && (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE)) {
    follow_link(*entry);
    return entry;
  }
  if (entry->fts_info != FTS_D) {
    return next(entry);
  }
  if (told == FTS_SKIP || (has(FTS_XDEV) && entry->fts_dev != face_.fts_dev)) {
    if ((entry->fts_flags & FTS_SYMFOLLOW) != 0) {
      ::close(entry->fts_symfd);
    }
    drop_children();
    entry->fts_info = FTS_DP;
    return entry;
  }
  return descend(*entry);
}

FTSENT* FileTree::descend(FTSENT& directory) {
  if (face_.fts_child != nullptr && has(FTS_NAMEONLY)) {
    face_.fts_options &= ~FTS_NAMEONLY;
    drop_children(); // of which only the names are known
  }
  if (face_.fts_child == nullptr) {
    face_.fts_child = list(For::walking);
    if (face_.fts_child == nullptr) {
      return has(FTS_STOP) ? nullptr : &directory; // visited for good: nothing in it, or not readable
    }
  } else if (go_into(directory, -1, directory.fts_accpath) != 0) {
    directory.fts_errno = errno;
    directory.fts_flags |= FTS_DONTCHDIR;
    for (FTSENT* child = face_.fts_child; child != nullptr; child = child->fts_link) {
      child->fts_accpath = directory.fts_accpath;
    }
  }
  return arrive(*std::exchange(face_.fts_child, nullptr));
}

FTSENT* FileTree::next(FTSENT* entry) {
  while (FTSENT* const beside = entry->fts_link) {
    face_.fts_cur = beside;
    drop(std::exchange(entry, beside));
    if (entry->fts_level == FTS_ROOTLEVEL) {
      return go_to_start() == 0 ? begin_root(*entry) : stop();
    }
    if (entry->fts_instr == FTS_SKIP) {
      continue;
    }
    if (entry->fts_instr == FTS_FOLLOW) {
      follow_link(*entry);
      entry->fts_instr = FTS_NOINSTR;
    }
    return arrive(*entry);
  }
  FTSENT* const above = entry->fts_parent;
  face_.fts_cur = above;
  drop(entry);
  if (above == nullptr || above->fts_level == FTS_ROOTPARENTLEVEL) {
    drop(above);
    face_.fts_cur = nullptr;
    errno = 0; // the end, and no error
    return nullptr;
  }
  return leave(*above);
}

FTSENT* FileTree::leave(FTSENT& directory) {
  path_.get()[directory.fts_pathlen] = '\0';
  int status = 0;
  if (directory.fts_level == FTS_ROOTLEVEL) {
    status = go_to_start();
  } else if ((directory.fts_flags & FTS_SYMFOLLOW) != 0) {
    status = has(FTS_NOCHDIR) ? 0 : ::fchdir(directory.fts_symfd);
    const int code = errno;
    ::close(directory.fts_symfd);
    errno = code;
  } else if ((directory.fts_flags & FTS_DONTCHDIR) == 0) {
    status = go_into(*directory.fts_parent, -1, "..");
  }
  if (status != 0) {
    return stop();
  }
  directory.fts_info = directory.fts_errno != 0 ? FTS_ERR : FTS_DP;
  return &directory;
}

FTSENT* FileTree::children(int instruction) {
  if (instruction != 0 && instruction != FTS_NAMEONLY) {
    errno = EINVAL;
    return nullptr;
  }
  FTSENT* const entry = face_.fts_cur;
  errno = 0; // an empty directory is no error
  if (has(FTS_STOP) || entry == nullptr) {
    return nullptr;
  }
  if (entry->fts_info == FTS_INIT) {
    return entry->fts_link;
  }
  if (entry->fts_info != FTS_D) {
    return nullptr;
  }
  drop_children();
  face_.fts_options |= instruction;
  const For what = instruction == FTS_NAMEONLY ? For::names : For::looking;
  // Before a relative root is entered nobody knows the way back from it.
  const bool keeps_place = entry->fts_level == FTS_ROOTLEVEL && entry->fts_accpath[0] != '/' && !has(FTS_NOCHDIR);
  const int here = keeps_place ? ::open(".", O_RDONLY | O_CLOEXEC) : -1;
  if (keeps_place && here < 0) {
    return nullptr;
  }
  face_.fts_child = list(what);
  if (keeps_place) {
    const int status = ::fchdir(here);
    ::close(here);
    return status == 0 ? face_.fts_child : nullptr;
  }
  return face_.fts_child;
}

} // namespace daxemu::preload
