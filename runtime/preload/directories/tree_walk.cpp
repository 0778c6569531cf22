#include "runtime/preload/directories/tree_walk.hpp"

#include <cerrno>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "runtime/preload/directories/tree_roots.hpp"

namespace daxemu::preload {
namespace {

// Within the library as anywhere else, opendir, lstat and so on are the interposed functions.
class TreeWalk {
public:
  TreeWalk(int flags, Visit visit) : flags_(flags), visit_(visit) {}

  // 0, or what the program's function stopped the walk with; -1 with errno when the start cannot be looked at.
  int run(const char* path) {
    std::string at(path);
    while (at.size() > 1 && at.ends_with('/')) {
      at.pop_back();
    }
    const std::size_t slash = at.rfind('/');
    struct stat about {};
    if ((has(FTW_PHYS) ? ::lstat(path, &about) : ::stat(path, &about)) != 0) {
      return -1;
    }
    device_ = about.st_dev;
    const int here = has(FTW_CHDIR) ? ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    const int result = visit(at, slash == std::string::npos || at == "/" ? 0 : slash + 1, 0);
    if (here >= 0) {
      const int kept = errno;
      if (::fchdir(here) != 0) {
        // The program's own directory is gone: it stays where the walk ended, as with libc.
      }
      ::close(here);
      errno = kept;
    }
    return result == FTW_SKIP_SUBTREE || result == FTW_SKIP_SIBLINGS ? (has(FTW_ACTIONRETVAL) ? 0 : result) : result;
  }

private:
  [[nodiscard]] bool has(int flag) const { return (flags_ & flag) != 0; }

  int tell(const std::string& path, const struct stat& about, int type, std::size_t base, int level) {
    struct FTW place {
      static_cast<int>(base), level
    };
    return visit_(path.c_str(), &about, type, &place);
  }

  int visit(const std::string& path, std::size_t base, int level) {
    struct stat about {};
    int type = FTW_F;
    if (::lstat(path.c_str(), &about) != 0) {
      return tell(path, about, FTW_NS, base, level);
    }
    if (S_ISLNK(about.st_mode)) {
      struct stat target {};
      if (has(FTW_PHYS)) {
        type = FTW_SL;
      } else if (::stat(path.c_str(), &target) != 0) {
        type = FTW_SLN;
      } else {
        about = target;
      }
    }
    if (has(FTW_MOUNT) && about.st_dev != device_) {
      return 0;
    }
    if (!S_ISDIR(about.st_mode)) {
      return tell(path, about, type, base, level);
    }
    // Without FTW_PHYS links may lead round in circles: each directory once.
    if (!has(FTW_PHYS) && !seen_.emplace(about.st_dev, about.st_ino).second) {
      return 0;
    }
    return visit_directory(path, about, base, level);
  }

  int visit_directory(const std::string& path, const struct stat& about, std::size_t base, int level) {
    DIR* stream = ::opendir(path.c_str());
    if (stream == nullptr) {
      return tell(path, about, FTW_DNR, base, level);
    }
    std::vector<std::string> names;
    while (const struct dirent* entry = ::readdir(stream)) {
      const std::string_view name(entry->d_name);
      if (name != "." && name != "..") {
        names.emplace_back(name);
      }
    }
    ::closedir(stream);
    int result = has(FTW_DEPTH) ? 0 : tell(path, about, FTW_D, base, level);
    if (has(FTW_ACTIONRETVAL) && result == FTW_SKIP_SUBTREE) {
      return 0;
    }
    if (result != 0) {
      return result;
    }
    if (has(FTW_CHDIR) && ::chdir(path.c_str()) != 0) {
      return -1;
    }
    for (const std::string& name : names) {
      std::string child = path;
      child += path == "/" ? "" : "/";
      child += name;
      result = visit(child, child.size() - name.size(), level + 1);
      if (has(FTW_ACTIONRETVAL) && result == FTW_SKIP_SIBLINGS) {
        break;
      }
      if (result != 0 && !(has(FTW_ACTIONRETVAL) && result == FTW_SKIP_SUBTREE)) {
        return result;
      }
    }
    return has(FTW_DEPTH) ? tell(path, about, FTW_DP, base, level) : 0;
  }

  int flags_;
  Visit visit_;
  dev_t device_ = 0;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

} // namespace

int walk_tree(const char* path, int flags, Visit visit, FunctionRef<int()> real) {
  return holds_nodes(path) ? TreeWalk(flags, visit).run(path) : real();
}

} // namespace daxemu::preload
