#include "runtime/cli/platforms/left_mounts.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/mount_table.hpp"

namespace daxemu::cli {
namespace {

constexpr int kAway = MNT_DETACH | UMOUNT_NOFOLLOW;

// "\040" is a blank (mangle() in fs/proc_namespace.c).
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size()) {
      plain += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0'));
      at += 3;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

struct Mounted {
  std::uint64_t dev = 0;
  std::string where;
};

// Mounts that look like a node's: of a file called as one, on a tmpfs. The last ones first, for they lie on top.
std::vector<Mounted> node_like_mounts() {
  std::vector<Mounted> found;
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string ignored;
    std::string number;
    std::string root;
    std::string where;
    words >> ignored >> ignored >> number >> root >> where;
    const std::size_t colon = number.find(':');
    if (root.starts_with("/dax") && line.find(" - tmpfs devtmpfs ") != std::string::npos &&
        colon != std::string::npos) {
      const auto part = [](const char* text) { return static_cast<unsigned>(std::strtoul(text, nullptr, 10)); };
      found.push_back({makedev(part(number.c_str()), part(number.c_str() + colon + 1)), unescaped(where)});
    }
  }
  std::reverse(found.begin(), found.end());
  return found;
}

bool is_of(const std::string& where, std::uint32_t mark) {
  const auto opened = sys::open(where.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (!opened) {
    return false;
  }
  const UniqueFd closer(*opened);
  struct statfs about {};
  return ::fstatfs(*opened, &about) == 0 && about.f_type == TMPFS_MAGIC && about.f_files == mark;
}

void remove_binds(const store::Store& store) {
  for (const Mounted& mounted : node_like_mounts()) {
    store::each_bind(store, [&](std::uint64_t dev, std::uint32_t mark) {
      if (dev == mounted.dev && is_of(mounted.where, mark)) {
        (void)::umount2(mounted.where.c_str(), kAway);
      }
    });
  }
}

// The store is what programs have written: nothing else is ever unmounted or removed on their word.
bool is_cover(std::string_view path) {
  return std::any_of(std::begin(store::kCoverFolders), std::end(store::kCoverFolders), [path](const char* folder) {
    const std::string prefix = std::string(folder) + "/" + store::kCoverPrefix;
    return path.starts_with(prefix) && path.find('/', prefix.size()) == std::string_view::npos;
  });
}

void remove_cover(const store::CoverRecord& cover) {
  const std::string path(cover.path.view());
  if (!is_cover(path)) {
    return;
  }
  auto about = sys::fstatat(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW);
  const auto is_bare = [&] { return about && about->st_dev == cover.st_dev && about->st_ino == cover.st_ino; };
  while (about && !is_bare() && ::umount2(path.c_str(), kAway) == 0) {
    about = sys::fstatat(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW);
  }
  if (is_bare()) {
    (void)::unlink(path.c_str());
  }
}

} // namespace

void remove_left_mounts(const store::Store& store) {
  if (store::has_covers(store)) {
    store::each_cover(store, nullptr, [](const store::CoverRecord& cover) {
      remove_cover(cover);
      return true;
    });
  }
  if (store::has_binds(store)) {
    remove_binds(store);
  }
}

} // namespace daxemu::cli
