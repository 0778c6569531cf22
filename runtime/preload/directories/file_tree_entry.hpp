// FTSENT as FileTree allocates it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fts.h>
#include <sys/stat.h>

namespace daxemu::preload {

// Its name goes on behind it.
struct FileTreeBlock {
  struct stat about;
  FTSENT entry;
};

inline char* name_of(FTSENT& entry) {
  return reinterpret_cast<char*>(&entry) + offsetof(FTSENT, fts_name);
}
inline void drop(FTSENT* entry) {
  if (entry != nullptr) {
    std::free(reinterpret_cast<char*>(entry) - offsetof(FileTreeBlock, entry));
  }
}
inline void drop_list(FTSENT* first) {
  while (first != nullptr) {
    drop(std::exchange(first, first->fts_link));
  }
}
// Where the names of a directory's entries go in the path: "/" ends with its slash already.
inline std::size_t end_of(const FTSENT& directory) {
  const std::size_t length = directory.fts_pathlen;
  return length != 0 && directory.fts_path[length - 1] == '/' ? length - 1 : length;
}

} // namespace daxemu::preload
