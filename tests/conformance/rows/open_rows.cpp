// open, openat, creat, fopen: which flags a device-dax knows.
#include <cstdio>

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

struct Word {
  const char* name;
  int value;
};

// openat2(2), which no C library has a function for.
struct How {
  const char* name;
  std::uint64_t flags;
  std::uint64_t mode = 0;
  std::size_t size = sizeof(open_how);
};
constexpr How kHows[] = {{"rdwr", O_RDWR | O_CLOEXEC},          {"direct", O_RDWR | O_DIRECT},
                         {"directory", O_RDONLY | O_DIRECTORY}, {"mode-without-creat", O_RDWR, 0600},
                         {"unknown-flag", O_RDWR | 1ULL << 40}, {"short", O_RDWR, 0, 16}};

constexpr Word kModes[] = {{"rdonly", O_RDONLY}, {"wronly", O_WRONLY}, {"rdwr", O_RDWR}};
constexpr Word kFlags[] = {{"none", 0},
                           {"append", O_APPEND},
                           {"cloexec", O_CLOEXEC},
                           {"direct", O_DIRECT},
                           {"directory", O_DIRECTORY},
                           {"dsync", O_DSYNC},
                           {"excl", O_EXCL},
                           {"largefile", O_LARGEFILE},
                           {"noatime", O_NOATIME},
                           {"noctty", O_NOCTTY},
                           {"nofollow", O_NOFOLLOW},
                           {"nonblock", O_NONBLOCK},
                           {"sync", O_SYNC},
                           {"trunc", O_TRUNC},
                           {"creat", O_CREAT},
                           {"creat+excl", O_CREAT | O_EXCL},
                           {"path", O_PATH},
                           {"tmpfile", O_TMPFILE}};

std::string open_said(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags, 0600);
  return fd < 0 ? last_error() : "ok";
}

} // namespace

void add_open_rows(Table& table) {
  for (const Word& mode : kModes) {
    for (const Word& flag : kFlags) {
      table.add(std::string("open.") + mode.name + ".flag=" + flag.name,
                [mode, flag](const Device& d) { return open_said(d.path, mode.value | flag.value); });
    }
  }
  table.add("open.mode=3", [](const Device& d) { return open_said(d.path, O_ACCMODE); });
  table.add("open.trailing-slash", [](const Device& d) { return open_said(d.path + "/", O_RDWR); });
  table.add("open.child-of-it", [](const Device& d) { return open_said(d.path + "/x", O_RDWR); });
  table.add("open.absent-device", [](const Device&) { return open_said("/dev/dax99.99", O_RDWR); });
  table.add("open.dot-dot", [](const Device& d) { return open_said("/dev/../dev/./" + d.name, O_RDWR); });
  table.add("open.double-slash", [](const Device& d) { return open_said("//dev//" + d.name, O_RDWR); });
  table.add("open.relative",
            [](const Device& d) { return ::chdir("/dev") != 0 ? "setup " + last_error() : open_said(d.name, O_RDWR); });
  table.add("openat.directory", [](const Device& d) {
    const int dev = ::open("/dev", O_RDONLY | O_DIRECTORY);
    return said_ok(::openat(dev, d.name.c_str(), O_RDWR));
  });
  table.add("openat.path-directory", [](const Device& d) {
    const int dev = ::open("/dev", O_PATH | O_DIRECTORY);
    return said_ok(::openat(dev, d.name.c_str(), O_RDWR));
  });
  table.add("openat.on-the-device", [](const Device& d) { return said_ok(::openat(opened(d), "x", O_RDWR)); });
  table.add("open.creat-call", [](const Device& d) { return said_ok(::creat(d.path.c_str(), 0600)); });
  for (const How& how : kHows) {
    table.add(std::string("open.openat2.") + how.name, [how](const Device& d) {
      open_how wanted{};
      wanted.flags = how.flags;
      wanted.mode = how.mode;
      return said_ok(::syscall(SYS_openat2, AT_FDCWD, d.path.c_str(), &wanted, how.size));
    });
  }
  table.add("open.symlink", [](const Device& d) {
    const std::string link = d.scratch + "/conformance-link." + std::to_string(::getpid());
    if (::symlink(d.path.c_str(), link.c_str()) != 0) {
      return "setup " + last_error();
    }
    const std::string followed = open_said(link, O_RDWR);
    const std::string refused = open_said(link, O_RDWR | O_NOFOLLOW);
    struct stat st {};
    const bool device = ::stat(link.c_str(), &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == d.rdev;
    ::unlink(link.c_str());
    return line({"open=" + followed, "nofollow=" + refused, device ? "stat=device" : "stat=other"});
  });
  table.add("open.proc-self-fd", [](const Device& d) {
    const int fd = opened(d);
    const std::string self = "/proc/self/fd/" + std::to_string(fd);
    char target[256] = {};
    const ssize_t length = ::readlink(self.c_str(), target, sizeof target - 1);
    return line({"open=" + open_said(self, O_RDWR),
                 length > 0 && d.path == target ? "link=device" : "link=" + std::string(target)});
  });
  table.add("open.dev-fd", [](const Device& d) { return open_said("/dev/fd/" + std::to_string(opened(d)), O_RDWR); });
  table.add("open.reopen-wider",
            [](const Device& d) { return open_said("/proc/self/fd/" + std::to_string(opened(d, O_RDONLY)), O_RDWR); });
  table.add("open.lowest-descriptor", [](const Device& d) {
    const int hole = ::dup(0);
    ::close(hole);
    const int fd = opened(d);
    return std::string(fd == hole ? "ok lowest" : "ok other");
  });
  table.add("open.many", [](const Device& d) {
    for (int i = 0; i < 200; ++i) {
      if (::open(d.path.c_str(), O_RDWR) < 0) {
        return last_error();
      }
    }
    return std::string("ok");
  });
  for (const char* mode : {"r", "r+", "w", "a", "rb"}) {
    table.add(std::string("open.fopen.mode=") + mode, [mode](const Device& d) {
      FILE* file = std::fopen(d.path.c_str(), mode);
      if (file == nullptr) {
        return last_error();
      }
      errno = 0;
      char byte = 0;
      const std::size_t got = std::fread(&byte, 1, 1, file);
      const std::string read = got == 1 ? "read=1" : "read=" + last_error();
      return line({"ok", read});
    });
  }
  for (const Word& how : {Word{"f", F_OK}, Word{"r", R_OK}, Word{"w", W_OK}, Word{"x", X_OK}}) {
    table.add(std::string("open.access.") + how.name,
              [how](const Device& d) { return said(::access(d.path.c_str(), how.value)); });
  }
}

} // namespace conformance
