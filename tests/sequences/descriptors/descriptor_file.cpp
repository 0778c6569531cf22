// What a descriptor says to the calls of ordinary files.
#include "tests/sequences/descriptors/descriptors.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"

namespace sequences::descriptors {
namespace {

struct Given {
  Stage& stage;
  int fd;    // what is asked
  int other; // a second one
  char* bytes;
};

// A pointer to nothing; the compiler is not to see that.
char* nowhere() {
  static volatile std::uintptr_t address = 8;
  return reinterpret_cast<char*>(address);
}
constexpr std::size_t kCount = 16;

// How many bytes a pipe took or gave.
template <typename Move>
long through_pipe(Move move, bool filled) {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK) != 0) {
    return -1;
  }
  if (filled) {
    (void)!::write(ends[1], "0123456789abcdef", kCount);
  }
  const long result = move(ends);
  const int error = errno;
  ::close(ends[0]);
  ::close(ends[1]);
  errno = error;
  return result;
}

template <typename Argument>
long control(const Given& given, unsigned long request, Argument value) {
  return ::ioctl(given.fd, request, &value);
}

long epoll(const Given& given) {
  const int queue = ::epoll_create1(0);
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT;
  const long result = ::epoll_ctl(queue, EPOLL_CTL_ADD, given.fd, &event);
  const int error = errno;
  ::close(queue);
  errno = error;
  return result;
}

long poll(const Given& given) {
  pollfd one = {given.fd, POLLIN | POLLOUT | POLLPRI, 0};
  const int ready = ::poll(&one, 1, 0);
  return ready < 0 ? -1 : ready * 1000L + one.revents;
}

long private_map(const Given& given) {
  void* at = ::mmap(nullptr, given.stage.units.extent, PROT_READ, MAP_PRIVATE, given.fd, 0);
  if (at == MAP_FAILED) {
    return -1;
  }
  ::munmap(at, given.stage.units.extent);
  return 0;
}

long file_system(const Given& given) {
  struct statfs about {};
  return ::fstatfs(given.fd, &about);
}

constexpr struct {
  const char* name;
  long (*ask)(const Given&);
} kCalls[] = {
    {"read", [](const Given& g) -> long { return ::read(g.fd, g.bytes, kCount); }},
    {"write", [](const Given& g) -> long { return ::write(g.fd, g.bytes, kCount); }},
    {"pread", [](const Given& g) -> long { return ::pread(g.fd, g.bytes, kCount, 8); }},
    {"pwrite", [](const Given& g) -> long { return ::pwrite(g.fd, g.bytes, kCount, 8); }},
    {"readv",
     [](const Given& g) -> long {
       const iovec piece = {g.bytes, kCount};
       return ::readv(g.fd, &piece, 1);
     }},
    {"writev",
     [](const Given& g) -> long {
       const iovec piece = {g.bytes, kCount};
       return ::writev(g.fd, &piece, 1);
     }},
    {"read-nothing", [](const Given& g) -> long { return ::read(g.fd, g.bytes, 0); }},
    {"write-nothing", [](const Given& g) -> long { return ::write(g.fd, g.bytes, 0); }},
    {"read-nowhere", [](const Given& g) -> long { return ::read(g.fd, nowhere(), kCount); }},
    {"write-nowhere", [](const Given& g) -> long { return ::write(g.fd, nowhere(), kCount); }},
    {"seek-set", [](const Given& g) -> long { return ::lseek(g.fd, 100, SEEK_SET); }},
    {"seek-cur", [](const Given& g) -> long { return ::lseek(g.fd, 7, SEEK_CUR); }},
    {"seek-end", [](const Given& g) -> long { return ::lseek(g.fd, 0, SEEK_END) == 0 ? 0
                                                     : errno == 0                    ? 1
                                                                                     : -1; }},
    {"seek-data", [](const Given& g) -> long { return ::lseek(g.fd, 0, SEEK_DATA); }},
    {"seek-hole", [](const Given& g) -> long { return ::lseek(g.fd, 0, SEEK_HOLE) < 0 ? -1 : 0; }},
    {"seek-back", [](const Given& g) -> long { return ::lseek(g.fd, -1, SEEK_SET); }},
    {"seek-bad", [](const Given& g) -> long { return ::lseek(g.fd, 0, 77); }},
    {"truncate",
     [](const Given& g) -> long {
       return g.fd == g.stage.file ? 0 : ::ftruncate(g.fd, static_cast<off_t>(8 * g.stage.units.extent));
     }},
    {"truncate-back", [](const Given& g) -> long { return ::ftruncate(g.fd, -1); }},
    {"allocate", [](const Given& g) -> long { return ::fallocate(g.fd, 0, 0, kPage); }},
    {"punch",
     [](const Given& g) -> long { return ::fallocate(g.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kPage); }},
    {"allocate-bad", [](const Given& g) -> long { return ::fallocate(g.fd, 0x4000, 0, kPage); }},
    {"sync", [](const Given& g) -> long { return ::fsync(g.fd); }},
    {"datasync", [](const Given& g) -> long { return ::fdatasync(g.fd); }},
    {"sync-range", [](const Given& g) -> long { return ::sync_file_range(g.fd, 0, kPage, SYNC_FILE_RANGE_WRITE); }},
    {"syncfs", [](const Given& g) -> long { return ::syncfs(g.fd); }},
    {"advise-file",
     [](const Given& g) -> long { return (errno = ::posix_fadvise(g.fd, 0, 0, POSIX_FADV_DONTNEED)) == 0 ? 0 : -1; }},
    {"advise-bad", [](const Given& g) -> long { return (errno = ::posix_fadvise(g.fd, 0, 0, 99)) == 0 ? 0 : -1; }},
    {"readahead", [](const Given& g) -> long { return ::readahead(g.fd, 0, kPage); }},
    {"fionread", [](const Given& g) { return control(g, FIONREAD, 0); }},
    {"fioclex", [](const Given& g) { return control(g, FIOCLEX, 0); }},
    {"fionclex", [](const Given& g) { return control(g, FIONCLEX, 0); }},
    {"fionbio", [](const Given& g) { return control(g, FIONBIO, 1); }},
    {"fioasync", [](const Given& g) { return control(g, FIOASYNC, 1); }},
    {"tcgets", [](const Given& g) { return control(g, TCGETS, termios{}); }},
    {"blkgetsize", [](const Given& g) { return control(g, BLKGETSIZE64, 0UL); }},
    {"figetbsz", [](const Given& g) { return control(g, FIGETBSZ, 0); }},
    {"getflags", [](const Given& g) { return control(g, FS_IOC_GETFLAGS, 0L); }},
    {"ioctl-bad", [](const Given& g) { return control(g, 0x12345678, 0L); }},
    {"poll", poll},
    {"epoll", epoll},
    {"splice-out",
     [](const Given& g) {
       return through_pipe([&g](int* ends) { return ::splice(g.fd, nullptr, ends[1], nullptr, kCount, 0); }, false);
     }},
    {"splice-in",
     [](const Given& g) {
       return through_pipe([&g](int* ends) { return ::splice(ends[0], nullptr, g.fd, nullptr, kCount, 0); }, true);
     }},
    {"tee",
     [](const Given& g) { return through_pipe([&g](int* ends) { return ::tee(ends[0], g.fd, kCount, 0); }, true); }},
    {"vmsplice-bad",
     [](const Given& g) -> long {
       const iovec piece = {g.bytes, kCount};
       return ::vmsplice(g.fd, &piece, 1, 0);
     }},
    {"sendfile-out",
     [](const Given& g) {
       return through_pipe([&g](int* ends) { return ::sendfile(ends[1], g.fd, nullptr, kCount); }, false);
     }},
    {"sendfile-in",
     [](const Given& g) -> long {
       off_t from = 0;
       return ::sendfile(g.fd, g.stage.source, &from, kCount);
     }},
    {"copy-out",
     [](const Given& g) -> long {
       loff_t from = 0;
       loff_t to = 0;
       return ::copy_file_range(g.fd, &from, g.stage.sink, &to, kCount, 0);
     }},
    {"copy-in",
     [](const Given& g) -> long {
       loff_t from = 0;
       loff_t to = 0;
       return ::copy_file_range(g.stage.source, &from, g.fd, &to, kCount, 0);
     }},
    {"chmod", [](const Given& g) -> long { return ::fchmod(g.fd, 0640); }},
    {"chown", [](const Given& g) -> long { return ::fchown(g.fd, 0, 0); }},
    {"times", [](const Given& g) -> long { return ::futimens(g.fd, nullptr); }},
    {"getxattr", [](const Given& g) -> long { return ::fgetxattr(g.fd, "user.x", g.bytes, kCount); }},
    {"setxattr", [](const Given& g) -> long { return ::fsetxattr(g.fd, "user.x", "1", 1, 0); }},
    {"listxattr", [](const Given& g) -> long { return ::flistxattr(g.fd, g.bytes, kCount) < 0 ? -1 : 0; }},
    {"statfs", file_system},
    {"tty", [](const Given& g) -> long { return ::isatty(g.fd) == 1 ? 1 : -1; }},
    {"chdir", [](const Given& g) -> long { return ::fchdir(g.fd); }},
    {"dents", [](const Given& g) -> long { return ::syscall(SYS_getdents64, g.fd, g.bytes, kCount); }},
    {"accept", [](const Given& g) -> long { return ::accept(g.fd, nullptr, nullptr); }},
    {"getsockopt",
     [](const Given& g) -> long {
       int value = 0;
       socklen_t size = sizeof value;
       return ::getsockopt(g.fd, SOL_SOCKET, SO_TYPE, &value, &size);
     }},
    {"shutdown", [](const Given& g) -> long { return ::shutdown(g.fd, SHUT_RDWR); }},
    {"mmap-private", private_map},
    {"linkat", [](const Given& g) -> long { return ::linkat(g.fd, "", AT_FDCWD, "/dev/shm", AT_EMPTY_PATH); }},
    {"fexecve",
     [](const Given& g) -> long {
       char* none[] = {nullptr};
       return ::fexecve(g.fd, none, none);
     }},
    // Are two descriptors one open file?
    {"kcmp",
     [](const Given& g) -> long {
       const long order = ::syscall(SYS_kcmp, ::getpid(), ::getpid(), KCMP_FILE, g.fd, g.other);
       return order > 0 ? 1 : order;
     }},
    {"setns", [](const Given& g) -> long { return ::syscall(SYS_setns, g.fd, 0); }},
};

} // namespace

std::optional<std::string> play_file_call(Stage& stage, const Call& call) {
  if (call.name != "file") {
    return std::nullopt;
  }
  char bytes[64] = {};
  const Given given = {stage, stage.descriptor(call.word(0)), stage.descriptor(call.word(2)), bytes};
  for (const auto& one : kCalls) {
    if (call.word(1) == one.name) {
      errno = 0;
      return conformance::said(one.ask(given));
    }
  }
  return "no such call";
}

} // namespace sequences::descriptors
