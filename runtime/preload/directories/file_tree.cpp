#include "runtime/preload/directories/file_tree.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "runtime/preload/directories/file_tree_entry.hpp"
#include "runtime/preload/directories/tree_roots.hpp"
#include "runtime/preload/names/context.hpp"

// Within the library as anywhere else, opendir, lstat, fchdir and so on are the interposed functions.
namespace daxemu::preload {
namespace {

// The walks of this process.
constexpr std::size_t kMostWalks = 256;
constinit std::array<std::atomic<FileTree*>, kMostWalks> walks{};
constinit std::atomic<std::size_t> walks_open{0};

bool enter_walk(FileTree* walk) {
  for (auto& place : walks) {
    FileTree* none = nullptr;
    if (place.load(std::memory_order_relaxed) == nullptr && place.compare_exchange_strong(none, walk)) {
      walks_open.fetch_add(1, std::memory_order_release);
      return true;
    }
  }
  return false;
}
void leave_walk(FileTree* walk) {
  for (auto& place : walks) {
    FileTree* mine = walk;
    if (place.compare_exchange_strong(mine, nullptr)) {
      walks_open.fetch_sub(1, std::memory_order_release);
      return;
    }
  }
}

} // namespace

void FileTree::Free::operator()(void* memory) const {
  std::free(memory);
}

bool FileTree::concerns(char* const* roots, int options) {
  if (Context::get() == nullptr) {
    return false;
  }
  if ((options & FTS_LOGICAL) != 0) {
    return true;
  }
  for (; *roots != nullptr; ++roots) {
    if (holds_nodes(*roots)) {
      return true;
    }
  }
  return false;
}

FileTree* FileTree::find(const FTS* held) noexcept {
  if (walks_open.load(std::memory_order_acquire) == 0) {
    return nullptr;
  }
  for (const auto& place : walks) {
    if (FileTree* walk = place.load(std::memory_order_acquire); walk != nullptr && &walk->face_ == held) {
      return walk;
    }
  }
  return nullptr;
}

FileTree::FileTree(int options, Compare compare) : path_(static_cast<char*>(std::calloc(1, kFileTreePath + 1))) {
  face_.fts_options = options | ((options & FTS_LOGICAL) != 0 ? FTS_NOCHDIR : 0);
  face_.fts_compar = reinterpret_cast<int (*)(const void*, const void*)>(compare);
  face_.fts_path = path_.get();
  face_.fts_pathlen = static_cast<int>(kFileTreePath);
  face_.fts_rfd = -1;
}

FileTree::~FileTree() {
  // From where the walk is to the end of each list, up to the parent of the roots.
  for (FTSENT* entry = face_.fts_cur; entry != nullptr;) {
    FTSENT* const beyond = entry->fts_level < FTS_ROOTLEVEL ? nullptr
                           : entry->fts_link != nullptr     ? entry->fts_link
                                                            : entry->fts_parent;
    drop(std::exchange(entry, beyond));
  }
  drop_children();
}

FTS* FileTree::open(char* const* roots, int options, Compare compare) {
  if ((options & ~FTS_OPTIONMASK) != 0) {
    errno = EINVAL;
    return nullptr;
  }
  std::unique_ptr<FileTree> walk(new (std::nothrow) FileTree(options, compare));
  if (walk == nullptr || walk->path_ == nullptr) {
    errno = ENOMEM;
    return nullptr;
  }
  if (!walk->add_roots(roots)) {
    return nullptr;
  }
  if (!walk->has(FTS_NOCHDIR)) {
    walk->face_.fts_rfd = ::open(".", O_RDONLY | O_CLOEXEC);
    if (walk->face_.fts_rfd < 0) {
      walk->face_.fts_options |= FTS_NOCHDIR; // slower, but it works
    }
  }
  if (!enter_walk(walk.get())) {
    if (!walk->has(FTS_NOCHDIR)) {
      ::close(walk->face_.fts_rfd);
    }
    errno = ENOMEM;
    return nullptr;
  }
  return &walk.release()->face_;
}

// All of the directory's entries have been visited.

bool FileTree::add_roots(char* const* roots) {
  FTSENT* const init = make("", 0);
  face_.fts_cur = init;
  if (init == nullptr) {
    return false;
  }
  init->fts_info = FTS_INIT;
  FTSENT* const parent = *roots == nullptr ? nullptr : make("", 0);
  if (*roots == nullptr || parent == nullptr) {
    init->fts_level = FTS_ROOTPARENTLEVEL; // nothing above it
    return parent != nullptr || *roots == nullptr;
  }
  parent->fts_level = FTS_ROOTPARENTLEVEL;
  init->fts_parent = parent;
  FTSENT** place = &init->fts_link;
  int count = 0;
  for (; *roots != nullptr; ++roots, ++count) {
    const std::size_t length = std::strlen(*roots);
    if (length == 0 || length >= kFileTreePath) {
      errno = length == 0 ? ENOENT : ENAMETOOLONG;
      return false;
    }
    FTSENT* const root = make(*roots, length);
    if (root == nullptr) {
      return false;
    }
    root->fts_level = FTS_ROOTLEVEL;
    root->fts_parent = parent;
    root->fts_accpath = name_of(*root);
    if (face_.fts_compar != nullptr) { // sorted later, from the last to the first
      root->fts_link = std::exchange(init->fts_link, root);
    } else {
      *place = root;
      place = &root->fts_link;
    }
    root->fts_info = look(*root, has(FTS_COMFOLLOW));
    if (root->fts_info == FTS_DOT) {
      root->fts_info = FTS_D;
    }
  }
  init->fts_link = sorted(init->fts_link, count);
  return true;
}

int FileTree::close(FileTree* walk) {
  leave_walk(walk);
  const std::unique_ptr<FileTree> ended(walk);
  if (walk->has(FTS_NOCHDIR)) {
    return 0;
  }
  const int code = ::fchdir(walk->face_.fts_rfd) != 0 ? errno : 0;
  ::close(walk->face_.fts_rfd);
  if (code != 0) {
    errno = code;
    return -1;
  }
  return 0;
}

// All of the directory's entries have been visited.

// All of the directory's entries have been visited.

void FileTree::drop_children() {
  drop_list(std::exchange(face_.fts_child, nullptr));
}

// All of the directory's entries have been visited.

// All of the directory's entries have been visited.

// All of the directory's entries have been visited.

// All of the directory's entries have been visited.

// All of the directory's entries have been visited.

} // namespace daxemu::preload
