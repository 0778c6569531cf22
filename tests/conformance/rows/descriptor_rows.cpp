// Calls on the descriptor that are not mmap: a device-dax has no read, no write, no size.
#include <climits>
#include <cstdio>

#include <linux/fs.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

using Call = long (*)(int fd);

struct Case {
  const char* name;
  Call call;
  int flags = O_RDWR;
};

char g_bytes[8192];
// An address with nothing at it, which the compiler cannot know to be one.
void* bad_pointer() {
  volatile std::uintptr_t address = 8;
  return reinterpret_cast<void*>(address);
}

long with_vector(int fd, bool put, off_t at, int flags = 0) {
  const iovec parts[2] = {{g_bytes, 100}, {g_bytes + 4096, 100}};
  return put ? ::pwritev2(fd, parts, 2, at, flags) : ::preadv2(fd, parts, 2, at, flags);
}

constexpr Case kCases[] = {
    {"read", [](int fd) -> long { return ::read(fd, g_bytes, 4096); }},
    {"read.rdonly", [](int fd) -> long { return ::read(fd, g_bytes, 4096); }, O_RDONLY},
    {"read.wronly", [](int fd) -> long { return ::read(fd, g_bytes, 4096); }, O_WRONLY},
    {"read.zero-bytes", [](int fd) -> long { return ::read(fd, g_bytes, 0); }},
    {"read.bad-buffer", [](int fd) -> long { return ::read(fd, bad_pointer(), 4096); }},
    {"write", [](int fd) -> long { return ::write(fd, g_bytes, 4096); }},
    {"write.rdonly", [](int fd) -> long { return ::write(fd, g_bytes, 4096); }, O_RDONLY},
    {"write.zero-bytes", [](int fd) -> long { return ::write(fd, g_bytes, 0); }},
    {"pread", [](int fd) -> long { return ::pread(fd, g_bytes, 4096, 0); }},
    {"pread.negative", [](int fd) -> long { return ::pread(fd, g_bytes, 4096, -1); }},
    {"pwrite", [](int fd) -> long { return ::pwrite(fd, g_bytes, 4096, 0); }},
    {"readv",
     [](int fd) -> long {
       const iovec part{g_bytes, 100};
       return ::readv(fd, &part, 1);
     }},
    {"writev",
     [](int fd) -> long {
       const iovec part{g_bytes, 100};
       return ::writev(fd, &part, 1);
     }},
    {"preadv2", [](int fd) { return with_vector(fd, false, 0); }},
    {"preadv2.nowait", [](int fd) { return with_vector(fd, false, 0, RWF_NOWAIT); }},
    {"pwritev2", [](int fd) { return with_vector(fd, true, 0); }},
    {"pwritev2.dsync", [](int fd) { return with_vector(fd, true, 0, RWF_DSYNC); }},
    {"fsync", [](int fd) -> long { return ::fsync(fd); }},
    {"fdatasync", [](int fd) -> long { return ::fdatasync(fd); }},
    {"syncfs", [](int fd) -> long { return ::syncfs(fd); }},
    {"sync_file_range", [](int fd) -> long { return ::sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE); }},
    {"ftruncate.0", [](int fd) -> long { return ::ftruncate(fd, 0); }},
    {"ftruncate.4096", [](int fd) -> long { return ::ftruncate(fd, 4096); }},
    {"ftruncate.negative", [](int fd) -> long { return ::ftruncate(fd, -1); }},
    {"ftruncate.rdonly", [](int fd) -> long { return ::ftruncate(fd, 0); }, O_RDONLY},
    {"fallocate.0", [](int fd) -> long { return ::fallocate(fd, 0, 0, 4096); }},
    {"fallocate.keep-size", [](int fd) -> long { return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096); }},
    {"fallocate.punch-hole",
     [](int fd) -> long { return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096); }},
    {"fallocate.zero-range", [](int fd) -> long { return ::fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096); }},
    {"fallocate.zero-length", [](int fd) -> long { return ::fallocate(fd, 0, 0, 0); }},
    {"fallocate.rdonly", [](int fd) -> long { return ::fallocate(fd, 0, 0, 4096); }, O_RDONLY},
    {"ioctl.fionread",
     [](int fd) -> long {
       int count = 0;
       return ::ioctl(fd, FIONREAD, &count);
     }},
    {"ioctl.blkgetsize64",
     [](int fd) -> long {
       std::uint64_t size = 0;
       return ::ioctl(fd, BLKGETSIZE64, &size);
     }},
    {"ioctl.blksszget",
     [](int fd) -> long {
       int size = 0;
       return ::ioctl(fd, BLKSSZGET, &size);
     }},
    {"ioctl.ficlone", [](int fd) -> long { return ::ioctl(fd, FICLONE, fd); }},
    {"ioctl.getflags",
     [](int fd) -> long {
       long flags = 0;
       return ::ioctl(fd, FS_IOC_GETFLAGS, &flags);
     }},
    {"ioctl.fsgetxattr",
     [](int fd) -> long {
       fsxattr attributes{};
       return ::ioctl(fd, FS_IOC_FSGETXATTR, &attributes);
     }},
    {"ioctl.fionbio",
     [](int fd) -> long {
       int on = 1;
       return ::ioctl(fd, FIONBIO, &on);
     }},
    {"ioctl.fioasync",
     [](int fd) -> long {
       int on = 1;
       return ::ioctl(fd, FIOASYNC, &on);
     }},
    {"ioctl.fioclex", [](int fd) -> long { return ::ioctl(fd, FIOCLEX); }},
    {"ioctl.tcgets", [](int fd) -> long { return ::isatty(fd) == 1 ? 1 : -1; }},
    {"ioctl.unknown", [](int fd) -> long { return ::ioctl(fd, 0x5a5a, 0); }},
    {"fadvise.willneed",
     [](int fd) -> long {
       errno = ::posix_fadvise(fd, 0, 4096, POSIX_FADV_WILLNEED);
       return errno == 0 ? 0 : -1;
     }},
    {"fadvise.dontneed",
     [](int fd) -> long {
       errno = ::posix_fadvise(fd, 0, 4096, POSIX_FADV_DONTNEED);
       return errno == 0 ? 0 : -1;
     }},
    {"fadvise.unknown",
     [](int fd) -> long {
       errno = ::posix_fadvise(fd, 0, 4096, 77);
       return errno == 0 ? 0 : -1;
     }},
    {"readahead", [](int fd) -> long { return ::readahead(fd, 0, 4096); }},
    {"posix_fallocate",
     [](int fd) -> long {
       errno = ::posix_fallocate(fd, 0, 4096);
       return errno == 0 ? 0 : -1;
     }},
    {"fchmod.same", [](int fd) -> long { return ::fchmod(fd, 0600); }},
    {"fchdir", [](int fd) -> long { return ::fchdir(fd); }},
    {"listen", [](int fd) -> long { return ::listen(fd, 1); }},
    {"send", [](int fd) -> long { return ::send(fd, g_bytes, 1, 0); }},
    {"close-twice",
     [](int fd) -> long {
       ::close(fd);
       return ::close(fd);
     }},
};

struct Seek {
  const char* name;
  off_t offset;
  int whence;
};

constexpr Seek kSeeks[] = {
    {"set-0", 0, SEEK_SET},         {"set-4096", 4096, SEEK_SET},    {"set-odd", 13, SEEK_SET},
    {"set-negative", -1, SEEK_SET}, {"set-max", LONG_MAX, SEEK_SET}, {"cur-0", 0, SEEK_CUR},
    {"cur-4096", 4096, SEEK_CUR},   {"end-0", 0, SEEK_END},          {"end-back", -4096, SEEK_END},
    {"data", 0, SEEK_DATA},         {"hole", 0, SEEK_HOLE},          {"unknown", 0, 99}};

// A call that moves bytes between the device's descriptor and an ordinary file's.
std::string moved(const Device& d, long (*call)(int device, int file)) {
  const int file = scratch_file(d, 8192, 0x11);
  return said(call(opened(d), file));
}

std::string poll_said(const Device& d, short events) {
  pollfd ready{.fd = opened(d), .events = events, .revents = 0};
  const int count = ::poll(&ready, 1, 200);
  char text[64];
  std::snprintf(text, sizeof text, "count=%d revents=%x", count, static_cast<unsigned>(ready.revents));
  return text;
}

} // namespace

void add_descriptor_rows(Table& table) {
  for (const Case& one : kCases) {
    table.add(std::string("fd.") + one.name, [one](const Device& d) { return said(one.call(opened(d, one.flags))); });
  }
  for (const Seek& seek : kSeeks) {
    table.add(std::string("fd.lseek.") + seek.name, [seek](const Device& d) {
      const int fd = opened(d);
      const off_t at = ::lseek(fd, seek.offset, seek.whence);
      return line(
          {at < 0 ? last_error() : "at=" + std::to_string(at), "then=" + std::to_string(::lseek(fd, 0, SEEK_CUR))});
    });
  }
  table.add("fd.poll.in", [](const Device& d) { return poll_said(d, POLLIN); });
  table.add("fd.poll.inout", [](const Device& d) { return poll_said(d, POLLIN | POLLOUT | POLLPRI); });
  table.add("fd.select", [](const Device& d) {
    const int fd = opened(d);
    fd_set in;
    fd_set out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    timeval wait{.tv_sec = 0, .tv_usec = 200000};
    return said(::select(fd + 1, &in, &out, nullptr, &wait));
  });
  table.add("fd.epoll.add", [](const Device& d) {
    const int set = ::epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {}};
    return said(::epoll_ctl(set, EPOLL_CTL_ADD, opened(d), &event));
  });
  table.add("fd.copy_file_range.out", [](const Device& d) {
    return moved(
        d, [](int device, int file) -> long { return ::copy_file_range(device, nullptr, file, nullptr, 4096, 0); });
  });
  table.add("fd.copy_file_range.in", [](const Device& d) {
    return moved(
        d, [](int device, int file) -> long { return ::copy_file_range(file, nullptr, device, nullptr, 4096, 0); });
  });
  table.add("fd.sendfile.out", [](const Device& d) {
    return moved(d, [](int device, int file) -> long { return ::sendfile(file, device, nullptr, 4096); });
  });
  table.add("fd.sendfile.in", [](const Device& d) {
    return moved(d, [](int device, int file) -> long { return ::sendfile(device, file, nullptr, 4096); });
  });
  table.add("fd.splice.out", [](const Device& d) {
    int ends[2];
    return ::pipe(ends) != 0 ? last_error() : said(::splice(opened(d), nullptr, ends[1], nullptr, 4096, 0));
  });
  table.add("fd.splice.in", [](const Device& d) {
    int ends[2];
    if (::pipe(ends) != 0 || ::write(ends[1], g_bytes, 4096) != 4096) {
      return "setup " + last_error();
    }
    return said(::splice(ends[0], nullptr, opened(d), nullptr, 4096, 0));
  });
  table.add("fd.inotify", [](const Device& d) {
    return said_ok(::inotify_add_watch(::inotify_init1(0), d.path.c_str(), IN_ALL_EVENTS));
  });
  table.add("fd.dup-shares-mappings", [](const Device& d) {
    const int other = ::dup(opened(d));
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, other, 0);
    return base == MAP_FAILED ? last_error() : line({"ok", "write=" + store_text(base)});
  });
  table.add("fd.dup2-over-a-file", [](const Device& d) {
    const int file = scratch_file(d, 4096, 0);
    const int got = ::dup2(opened(d), file);
    return line({got == file ? "ok" : last_error(), "read=" + said(::read(file, g_bytes, 10))});
  });
  table.add("fd.dup2-file-over-it", [](const Device& d) {
    const int fd = opened(d);
    ::dup2(scratch_file(d, 4096, 7), fd);
    return "read=" + said(::read(fd, g_bytes, 10));
  });
}

} // namespace conformance
