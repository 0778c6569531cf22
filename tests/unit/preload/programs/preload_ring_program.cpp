// io_uring's requests by path, on descriptors of attributes and on mappings: each must answer as the call that it is
// like does, on a node, an attribute, a directory, what is missing, what is real, and on pointers to nothing. Run under
// the library, where the calls are tested by themselves; on a real device-dax it passes too. Every line that fails is
// printed.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <liburing.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace {

int failures = 0;
io_uring ring;

int answer(long value) {
  return value < 0 ? -errno : static_cast<int>(value);
}

// The result of one request, in front of another that must still be performed.
int request(void (*prepare)(io_uring_sqe*, const char*), const char* path) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring);
  prepare(entry, path);
  entry->user_data = 1;
  entry = io_uring_get_sqe(&ring);
  io_uring_prep_nop(entry);
  entry->user_data = 2;
  // What fails before it begins (a path that cannot be read) stops the kernel: the rest is handed over again.
  if (const int taken = io_uring_submit(&ring); taken != 2 && (taken != 1 || io_uring_submit(&ring) != 1)) {
    return 12345;
  }
  int result = 54321;
  for (int left = 2; left > 0; --left) {
    io_uring_cqe* done = nullptr;
    __kernel_timespec limit = {5, 0};
    if (io_uring_wait_cqe_timeout(&ring, &done, &limit) != 0) {
      return 11111; // one of them never came
    }
    if (done->user_data == 1) {
      result = done->res;
    }
    io_uring_cqe_seen(&ring, done);
  }
  return result;
}

struct statx by_ring;
struct statx by_call;
char value_by_ring[64];
char value_by_call[64];
open_how how{O_RDONLY | O_CLOEXEC, 0, 0};
constexpr mode_t kMode = 0600;
constexpr const char* kReal = "/proc/self/status"; // there, and on a file system where nothing can be made

// A request, and the call it is like. What both give as a descriptor is closed and compared as 0.
struct Case {
  const char* name;
  bool opens;
  void (*prepare)(io_uring_sqe*, const char*);
  long (*call)(const char*);
};
constexpr Case kCases[] = {
    {"openat", true,
     [](io_uring_sqe* s, const char* p) { io_uring_prep_openat(s, AT_FDCWD, p, O_RDWR | O_CLOEXEC, 0); },
     [](const char* p) -> long { return ::syscall(SYS_openat, AT_FDCWD, p, O_RDWR | O_CLOEXEC, 0); }},
    {"openat.create", true,
     [](io_uring_sqe* s, const char* p) { io_uring_prep_openat(s, AT_FDCWD, p, O_RDWR | O_CREAT | O_EXCL, kMode); },
     [](const char* p) -> long { return ::syscall(SYS_openat, AT_FDCWD, p, O_RDWR | O_CREAT | O_EXCL, kMode); }},
    {"openat2", true, [](io_uring_sqe* s, const char* p) { io_uring_prep_openat2(s, AT_FDCWD, p, &how); },
     [](const char* p) -> long { return ::syscall(SYS_openat2, AT_FDCWD, p, &how, sizeof how); }},
    {"statx", false,
     [](io_uring_sqe* s, const char* p) { io_uring_prep_statx(s, AT_FDCWD, p, 0, STATX_BASIC_STATS, &by_ring); },
     [](const char* p) -> long { return ::syscall(SYS_statx, AT_FDCWD, p, 0, STATX_BASIC_STATS, &by_call); }},
    {"mkdirat", false, [](io_uring_sqe* s, const char* p) { io_uring_prep_mkdirat(s, AT_FDCWD, p, kMode); },
     [](const char* p) -> long { return ::syscall(SYS_mkdirat, AT_FDCWD, p, kMode); }},
    {"unlinkat.dir", false,
     [](io_uring_sqe* s, const char* p) { io_uring_prep_unlinkat(s, AT_FDCWD, p, AT_REMOVEDIR); },
     [](const char* p) -> long { return ::syscall(SYS_unlinkat, AT_FDCWD, p, AT_REMOVEDIR); }},
    {"symlinkat", false, [](io_uring_sqe* s, const char* p) { io_uring_prep_symlinkat(s, "x", AT_FDCWD, p); },
     [](const char* p) -> long { return ::syscall(SYS_symlinkat, "x", AT_FDCWD, p); }},
    {"linkat", false, [](io_uring_sqe* s, const char* p) { io_uring_prep_linkat(s, AT_FDCWD, kReal, AT_FDCWD, p, 0); },
     [](const char* p) -> long { return ::syscall(SYS_linkat, AT_FDCWD, kReal, AT_FDCWD, p, 0); }},
    {"renameat", false,
     [](io_uring_sqe* s, const char* p) { io_uring_prep_renameat(s, AT_FDCWD, kReal, AT_FDCWD, p, 0); },
     [](const char* p) -> long { return ::syscall(SYS_renameat2, AT_FDCWD, kReal, AT_FDCWD, p, 0); }},
    {"getxattr", false,
     [](io_uring_sqe* s, const char* p) {
       io_uring_prep_getxattr(s, "user.x", value_by_ring, p, sizeof value_by_ring);
     },
     [](const char* p) -> long { return ::syscall(SYS_getxattr, p, "user.x", value_by_call, sizeof value_by_call); }},
    {"setxattr", false, [](io_uring_sqe* s, const char* p) { io_uring_prep_setxattr(s, "user.x", "1", p, 0, 1); },
     [](const char* p) -> long { return ::syscall(SYS_setxattr, p, "user.x", "1", 1, 0); }},
};

void compare(const Case& one, const char* place, const char* path) {
  const auto ask = [&one](long value) {
    const int said = answer(value);
    if (one.opens && said >= 0) {
      ::close(said);
      return 0;
    }
    return said;
  };
  // The ring first: what it makes must not be there for the call, so both are undone.
  const int ring_said = request(one.prepare, path);
  if (one.opens && ring_said >= 0) {
    ::close(ring_said);
  }
  const bool made = ring_said >= 0 && std::strstr(path, "fresh") != nullptr;
  if (made) {
    (void)::unlink(path);
    (void)::rmdir(path);
  }
  const int from_ring = one.opens && ring_said >= 0 ? 0 : ring_said;
  const int from_call = ask(one.call(path));
  if (made) {
    (void)::unlink(path);
    (void)::rmdir(path);
  }
  if (from_ring != from_call) {
    std::printf("FAIL: %s of %s: %d by io_uring, %d by the call\n", one.name, place, from_ring, from_call);
    ++failures;
  }
  if (from_ring == 0 && std::strcmp(one.name, "statx") == 0 &&
      (by_ring.stx_ino != by_call.stx_ino || by_ring.stx_mode != by_call.stx_mode ||
       by_ring.stx_rdev_minor != by_call.stx_rdev_minor)) {
    std::printf("FAIL: statx of %s: another file by io_uring\n", place);
    ++failures;
  }
}

void expect(bool fine, const char* what, int got) {
  if (!fine) {
    std::printf("FAIL: %s: %d\n", what, got);
    ++failures;
  }
}

char text[256];
int attribute = -1;

// Reading an attribute by the ring gives the text that read(2) gives; a device that is closed by it is closed for us.
void use_descriptors() {
  attribute = ::open("/sys/bus/dax/devices/dax0.0/align", O_RDONLY);
  char by_read[64] = {};
  const ssize_t length = ::read(attribute, by_read, sizeof by_read);
  const int got =
      request([](io_uring_sqe* s, const char*) { io_uring_prep_read(s, attribute, text, sizeof text, 0); }, "");
  expect(length > 0 && got == length && std::memcmp(text, by_read, static_cast<std::size_t>(length)) == 0,
         "an attribute read by io_uring", got);
  const int closed = request([](io_uring_sqe* s, const char*) { io_uring_prep_close(s, attribute); }, "");
  expect(closed == 0 && ::fcntl(attribute, F_GETFD) == -1, "a descriptor closed by io_uring", closed);

  const int device = ::open("/dev/dax0.0", O_RDWR);
  void* const mapped = ::mmap(nullptr, 2 << 20, PROT_READ, MAP_SHARED, device, 0);
  expect(mapped != MAP_FAILED, "mmap", errno);
  static void* range = mapped;
  const int refused = answer(::madvise(range, 2 << 20, MADV_REMOVE));
  const int advised =
      request([](io_uring_sqe* s, const char*) { io_uring_prep_madvise(s, range, 2 << 20, MADV_REMOVE); }, "");
  expect(advised == refused, "madvise by io_uring", advised);
  ::munmap(mapped, 2 << 20);
  ::close(device);
}

// What a watched /dev tells is read by a request as by read(2), if there is something to read.
void read_events() {
  const int fd = ::inotify_init1(IN_CLOEXEC);
  expect(::inotify_add_watch(fd, "/dev", IN_ATTRIB | IN_DELETE) >= 1, "watch of /dev", errno);
  static int instance;
  static char bytes[4096];
  static iovec pieces = {bytes, sizeof bytes};
  instance = fd;
  void (*const ways[])(io_uring_sqe*, const char*) = {
      [](io_uring_sqe* s, const char*) { io_uring_prep_read(s, instance, bytes, sizeof bytes, 0); },
      [](io_uring_sqe* s, const char*) { io_uring_prep_readv(s, instance, &pieces, 1, ~0ULL); },
  };
  for (const auto way : ways) {
    expect(::chmod("/dev/dax0.0", kMode) == 0, "chmod", errno);
    const int got = request(way, nullptr);
    expect(got == 32 && std::strcmp(bytes + sizeof(inotify_event), "dax0.0") == 0, "events by io_uring", got);
    std::memset(bytes, 0, sizeof bytes);
  }
  ::close(fd);
}

} // namespace

int main() {
  if (::access("/sys/bus/dax/devices/dax0.0", F_OK) != 0) { // its node would be made in the real /dev
    std::printf("SKIP: no device-dax here\n");
    return 77;
  }
  const int made = io_uring_queue_init(8, &ring, 0);
  if (made != 0) {
    std::printf("SKIP: io_uring_setup(2) is refused here: %s\n", std::strerror(-made));
    return 77;
  }
  char folder[] = "/tmp/ring.XXXXXX";
  if (::mkdtemp(folder) == nullptr) {
    return 1;
  }
  const std::string real = folder;
  const std::string link = real + "/link";
  const std::string dangling = real + "/fresh-dir";
  (void)::symlink("/dev/dax0.0", link.c_str());
  auto* pages = static_cast<char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::munmap(pages + 4096, 4096);
  std::memset(pages, 'x', 4096);
  struct Place {
    const char* name;
    const char* path;
  } const places[] = {
      {"the device", "/dev/dax0.0"},
      {"a link to it", link.c_str()},
      {"an attribute", "/sys/bus/dax/devices/dax0.0/align"},
      {"a read-only attribute", "/sys/bus/dax/devices/dax0.0/size"},
      {"a directory of ours", "/sys/bus/dax/devices/dax0.0/"},
      {"what our directory lacks", "/sys/bus/dax/devices/dax0.0/missing"},
      {"below a device", "/dev/dax0.0/x"},
      {"what is not there", "/nowhere/at/all"},
      {"a new name", dangling.c_str()},
      {"the empty path", ""},
      {"no path", nullptr},
      {"an unmapped path", pages + 4096},
      {"a path that runs into unmapped memory", pages + 4000},
  };
  for (const Case& one : kCases) {
    for (const Place& place : places) {
      compare(one, place.name, place.path);
    }
  }
  use_descriptors();
  read_events();
  ::unlink(link.c_str());
  ::rmdir(folder);
  if (failures == 0) {
    std::printf("all io_uring requests as the calls\n");
  }
  return failures == 0 ? 0 : 1;
}
