// stat, fstat, statx and what the paths around the device look like.
#include <climits>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

std::string stat_text(const struct stat& st, const Device& d) {
  char mode[32];
  std::snprintf(mode, sizeof mode, "mode=%06o", st.st_mode & 0177777U);
  return line({mode, "size=" + std::to_string(st.st_size), "blocks=" + std::to_string(st.st_blocks),
               "blksize=" + std::to_string(st.st_blksize), "nlink=" + std::to_string(st.st_nlink),
               st.st_rdev == d.rdev && major(st.st_rdev) != 0 ? "rdev=device" : "rdev=other",
               "uid=" + std::to_string(st.st_uid), "gid=" + std::to_string(st.st_gid)});
}

std::string statx_text(const struct statx& st, const Device& d) {
  char mode[48];
  std::snprintf(mode, sizeof mode, "mode=%06o mask=%x", st.stx_mode & 0177777U,
                st.stx_mask & static_cast<unsigned>(STATX_BASIC_STATS));
  return line({mode, "size=" + std::to_string(st.stx_size),
               ::makedev(st.stx_rdev_major, st.stx_rdev_minor) == d.rdev ? "rdev=device" : "rdev=other",
               (st.stx_attributes & STATX_ATTR_DAX) != 0 ? "attr=dax" : "attr=none"});
}

std::string same(bool equal) {
  return equal ? "same" : "other";
}

} // namespace

void add_stat_rows(Table& table) {
  table.add("stat.fstat", [](const Device& d) {
    struct stat st {};
    return ::fstat(opened(d), &st) != 0 ? last_error() : stat_text(st, d);
  });
  table.add("stat.stat", [](const Device& d) {
    struct stat st {};
    return ::stat(d.path.c_str(), &st) != 0 ? last_error() : stat_text(st, d);
  });
  table.add("stat.lstat", [](const Device& d) {
    struct stat st {};
    return ::lstat(d.path.c_str(), &st) != 0 ? last_error() : stat_text(st, d);
  });
  table.add("stat.fstatat.empty-path", [](const Device& d) {
    struct stat st {};
    return ::fstatat(opened(d), "", &st, AT_EMPTY_PATH) != 0 ? last_error() : stat_text(st, d);
  });
  table.add("stat.path-and-descriptor-agree", [](const Device& d) {
    struct stat by_path {};
    struct stat by_fd {};
    ::stat(d.path.c_str(), &by_path);
    ::fstat(opened(d), &by_fd);
    return line({"dev=" + same(by_path.st_dev == by_fd.st_dev), "ino=" + same(by_path.st_ino == by_fd.st_ino)});
  });
  table.add("stat.opath", [](const Device& d) {
    struct stat st {};
    return ::fstat(opened(d, O_PATH), &st) != 0 ? last_error() : stat_text(st, d);
  });
  table.add("stat.statx.path", [](const Device& d) {
    struct statx st {};
    return ::statx(AT_FDCWD, d.path.c_str(), 0, STATX_BASIC_STATS, &st) != 0 ? last_error() : statx_text(st, d);
  });
  table.add("stat.statx.descriptor", [](const Device& d) {
    struct statx st {};
    return ::statx(opened(d), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) != 0 ? last_error() : statx_text(st, d);
  });
  table.add("stat.after-mmap-and-write", [](const Device& d) {
    const int fd = opened(d);
    const View view = mapped(d);
    store(view.base, 1);
    struct stat st {};
    return ::fstat(fd, &st) != 0 ? last_error() : stat_text(st, d);
  });
  table.add("stat.fstatfs", [](const Device& d) {
    struct statfs by_fd {};
    struct statfs dev {};
    if (::fstatfs(opened(d), &by_fd) != 0 || ::statfs("/dev", &dev) != 0) {
      return last_error();
    }
    return "type-of-dev=" + same(by_fd.f_type == dev.f_type);
  });
  table.add("stat.statfs", [](const Device& d) {
    struct statfs by_path {};
    struct statfs dev {};
    if (::statfs(d.path.c_str(), &by_path) != 0 || ::statfs("/dev", &dev) != 0) {
      return last_error();
    }
    return "type-of-dev=" + same(by_path.f_type == dev.f_type);
  });
  table.add("stat.readlink", [](const Device& d) {
    char target[64];
    return said(::readlink(d.path.c_str(), target, sizeof target));
  });
  table.add("stat.realpath", [](const Device& d) {
    char resolved[PATH_MAX];
    const char* found = ::realpath(d.path.c_str(), resolved);
    return found == nullptr ? last_error() : same(d.path == found);
  });
  table.add("stat.getxattr", [](const Device& d) {
    char value[64];
    return said(::getxattr(d.path.c_str(), "user.none", value, sizeof value));
  });
  table.add("stat.in-listing-of-dev", [](const Device& d) {
    DIR* dir = ::opendir("/dev");
    int count = 0;
    std::string type = "absent";
    while (const dirent* entry = dir == nullptr ? nullptr : ::readdir(dir)) {
      if (d.name == entry->d_name) {
        ++count;
        type = entry->d_type == DT_CHR ? "chr" : "type=" + std::to_string(entry->d_type);
      }
    }
    return line({"count=" + std::to_string(count), type});
  });
  table.add("stat.opendir-of-it",
            [](const Device& d) { return ::opendir(d.path.c_str()) == nullptr ? last_error() : "ok"; });
  table.add("stat.chdir-into-it", [](const Device& d) { return said(::chdir(d.path.c_str())); });
  table.add("stat.mkdir-over-it", [](const Device& d) { return said(::mkdir(d.path.c_str(), 0700)); });
  table.add("stat.link-over-it", [](const Device& d) { return said(::symlink("/dev/null", d.path.c_str())); });
  table.add("stat.utimens", [](const Device& d) { return said(::utimensat(AT_FDCWD, d.path.c_str(), nullptr, 0)); });
  table.add("stat.futimens", [](const Device& d) { return said(::futimens(opened(d), nullptr)); });
  table.add("stat.truncate-path", [](const Device& d) { return said(::truncate(d.path.c_str(), 0)); });
  table.add("stat.truncate-path.size",
            [](const Device& d) { return said(::truncate(d.path.c_str(), static_cast<off_t>(d.size))); });
}

} // namespace conformance
