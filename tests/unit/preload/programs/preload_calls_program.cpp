// Calls that reach a device or an attribute by less common ways: asynchronous I/O, extended attributes, numbers of
// system calls, what a spawned child opens. Run under the library; the answers are those of the guest's kernel, where
// this program passes too. Every line that fails is printed.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include <aio.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/openat2.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

extern "C" { // glibc 2.36 has forgotten to
#include <sys/pidfd.h>
}

#include "tests/unit/preload/programs/program_expect.hpp"

namespace {

constexpr const char* kDevice = "/dev/dax0.0";
constexpr const char* kAlign = "/sys/bus/dax/devices/dax0.0/align";
constexpr std::size_t kPage = 4096;

char buffer[kPage];
iovec piece = {buffer, sizeof buffer};
using Prepare = void (*)(io_uring_sqe*, int);
struct Request {
  const char* name;
  int read_write; // of a descriptor open for both
  int read_only;
  Prepare prepare;
};
constexpr Request kRequests[] = {
    {"read", -EINVAL, -EINVAL, [](io_uring_sqe* s, int fd) { io_uring_prep_read(s, fd, buffer, kPage, 0); }},
    {"read.position", -EINVAL, -EINVAL,
     [](io_uring_sqe* s, int fd) { io_uring_prep_read(s, fd, buffer, kPage, ~0ULL); }},
    {"readv", -EINVAL, -EINVAL, [](io_uring_sqe* s, int fd) { io_uring_prep_readv(s, fd, &piece, 1, 0); }},
    {"write", -EINVAL, -EBADF, [](io_uring_sqe* s, int fd) { io_uring_prep_write(s, fd, buffer, kPage, 0); }},
    {"writev", -EINVAL, -EBADF, [](io_uring_sqe* s, int fd) { io_uring_prep_writev(s, fd, &piece, 1, 0); }},
    {"fsync", -EINVAL, -EINVAL, [](io_uring_sqe* s, int fd) { io_uring_prep_fsync(s, fd, 0); }},
    {"fallocate", -ENODEV, -EBADF, [](io_uring_sqe* s, int fd) { io_uring_prep_fallocate(s, fd, 3, 0, kPage); }},
    {"fadvise", 0, 0, [](io_uring_sqe* s, int fd) { io_uring_prep_fadvise(s, fd, 0, kPage, POSIX_FADV_DONTNEED); }},
    {"sync_file_range", -ESPIPE, -ESPIPE,
     [](io_uring_sqe* s, int fd) { io_uring_prep_sync_file_range(s, fd, kPage, 0, 7); }},
    {"poll", POLLIN | POLLOUT, POLLIN | POLLOUT,
     [](io_uring_sqe* s, int fd) { io_uring_prep_poll_add(s, fd, POLLIN | POLLOUT); }},
};

// The result of one request; and a request behind it goes on as it would.
int result_of(io_uring& ring, const Request& request, int fd, unsigned flags = 0) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring);
  request.prepare(entry, fd);
  entry->flags = static_cast<std::uint8_t>(flags);
  entry->user_data = 1;
  entry = io_uring_get_sqe(&ring);
  io_uring_prep_nop(entry);
  entry->user_data = 2;
  EXPECT(io_uring_submit(&ring) == 2);
  int result = 1;
  for (int at = 0; at < 2; ++at) {
    io_uring_cqe* done = nullptr;
    __kernel_timespec limit = {10, 0};
    const int waited = io_uring_wait_cqe_timeout(&ring, &done, &limit);
    EXPECT(waited == 0);
    if (waited != 0) {
      return result;
    }
    result = done->user_data == 1 ? done->res : result;
    io_uring_cqe_seen(&ring, done);
  }
  return result;
}

int zero_device() {
  return ::open("/dev/zero", O_RDONLY);
}

void queue_requests() {
  io_uring ring;
  const int made = io_uring_queue_init(8, &ring, 0);
  if (made != 0) {
    std::printf("io_uring_setup(2) is refused here: %s\n", std::strerror(-made)); // as for the program without us
    return;
  }
  const int both = ::open(kDevice, O_RDWR);
  const int reader = ::open(kDevice, O_RDONLY);
  for (const Request& request : kRequests) {
    const int first = result_of(ring, request, both);
    const int second = result_of(ring, request, reader);
    if (first != request.read_write || second != request.read_only) {
      std::printf("FAIL: io_uring %s: %d and %d, not %d and %d\n", request.name, first, second, request.read_write,
                  request.read_only);
      ++failures;
    }
  }
  const int registered[] = {zero_device(), reader, both};
  EXPECT(io_uring_register_files(&ring, registered, 3) == 0);
  for (const Request& request : kRequests) {
    const int first = result_of(ring, request, 2, IOSQE_FIXED_FILE);
    const int second = result_of(ring, request, 1, IOSQE_FIXED_FILE);
    if (first != request.read_write || second != request.read_only) {
      std::printf("FAIL: io_uring %s of a registered file: %d and %d, not %d and %d\n", request.name, first, second,
                  request.read_write, request.read_only);
      ++failures;
    }
  }
  EXPECT(result_of(ring, kRequests[0], 0, IOSQE_FIXED_FILE) == static_cast<int>(kPage));
  EXPECT(io_uring_register_files_update(&ring, 2, registered, 1) == 1);
  EXPECT(result_of(ring, kRequests[0], 2, IOSQE_FIXED_FILE) == static_cast<int>(kPage));
  EXPECT(io_uring_unregister_files(&ring) == 0);
  ::close(registered[0]);
  // A node of ours is opened; a file of the machine's is read as ever.
  io_uring_prep_openat(io_uring_get_sqe(&ring), AT_FDCWD, kDevice, O_RDWR, 0);
  EXPECT(io_uring_submit_and_wait(&ring, 1) == 1);
  io_uring_cqe* done = nullptr;
  EXPECT(io_uring_peek_cqe(&ring, &done) == 0 && done->res >= 0);
  const int opened = done->res;
  io_uring_cqe_seen(&ring, done);
  struct stat about {};
  EXPECT(::fstat(opened, &about) == 0 && S_ISCHR(about.st_mode));
  const int zero = zero_device();
  EXPECT(result_of(ring, kRequests[0], zero) == static_cast<int>(kPage));
  ::close(opened);
  ::close(zero);
  ::close(both);
  ::close(reader);
  io_uring_queue_exit(&ring);
}

// By a program that has no liburing.
void queue_by_number() {
  io_uring_params params{};
  const auto fd = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &params));
  if (fd < 0) {
    return;
  }
  const std::size_t length = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  auto* control =
      static_cast<char*>(::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING));
  auto* entries = static_cast<io_uring_sqe*>(::mmap(nullptr, params.sq_entries * sizeof(io_uring_sqe),
                                                    PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES));
  auto* done = static_cast<char*>(::mmap(nullptr, params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe),
                                         PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_CQ_RING));
  EXPECT(control != MAP_FAILED && static_cast<void*>(entries) != MAP_FAILED && done != MAP_FAILED);
  const int device = ::open(kDevice, O_RDWR);
  io_uring_prep_read(&entries[0], device, buffer, kPage, 0);
  *reinterpret_cast<unsigned*>(control + params.sq_off.array) = 0;
  __atomic_store_n(reinterpret_cast<unsigned*>(control + params.sq_off.tail), 1U, __ATOMIC_RELEASE);
  EXPECT(::syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) == 1);
  EXPECT(reinterpret_cast<io_uring_cqe*>(done + params.cq_off.cqes)->res == -EINVAL);
  EXPECT(::close(fd) == 0 && ::close(device) == 0);
}

void await(aiocb& request) {
  const aiocb* list[] = {&request};
  EXPECT(::aio_suspend(list, 1, nullptr) == 0);
}

volatile sig_atomic_t told = 0;

void queue_posix_requests() {
  for (const int flags : {O_RDWR, O_RDONLY}) {
    const int fd = ::open(kDevice, flags);
    aiocb request{};
    request.aio_fildes = fd;
    request.aio_buf = buffer;
    request.aio_nbytes = kPage;
    request.aio_sigevent.sigev_notify = SIGEV_NONE;
    EXPECT(::aio_read(&request) == 0);
    await(request);
    EXPECT(::aio_error(&request) == EINVAL && ::aio_return(&request) == -1);
    EXPECT(::aio_fsync(O_SYNC, &request) == 0);
    await(request);
    EXPECT(::aio_error(&request) == EINVAL && ::aio_return(&request) == -1);
    request.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
    request.aio_sigevent.sigev_signo = SIGUSR1;
    told = 0;
    ::signal(SIGUSR1, [](int) { told = 1; });
    EXPECT(::aio_write(&request) == 0);
    await(request);
    EXPECT(::aio_error(&request) == (flags == O_RDWR ? EINVAL : EBADF));
    for (int tries = 0; told == 0 && tries < 1000; ++tries) {
      ::usleep(10'000);
    }
    EXPECT(told == 1);
    aiocb other{};
    other.aio_fildes = ::open("/dev/zero", O_RDONLY);
    other.aio_buf = buffer;
    other.aio_nbytes = kPage;
    other.aio_lio_opcode = LIO_READ;
    request.aio_lio_opcode = LIO_READ;
    request.aio_sigevent.sigev_notify = SIGEV_NONE;
    aiocb* const list[] = {&request, &other, nullptr};
    EXPECT_ERRNO(::lio_listio(LIO_WAIT, list, 3, nullptr), EIO);
    EXPECT(::aio_error(&request) == EINVAL && ::aio_error(&other) == 0 && ::aio_return(&other) == kPage);
    ::close(other.aio_fildes);
    ::close(fd);
  }
}

void name_attributes() {
  char text[64];
  const int fd = ::open(kDevice, O_RDWR);
  EXPECT_ERRNO(::setxattr(kDevice, "user.x", "1", 1, 0), EPERM);
  EXPECT_ERRNO(::setxattr(kDevice, "nothing", "1", 1, 0), EOPNOTSUPP);
  EXPECT_ERRNO(::fsetxattr(fd, "user.x", "1", 1, 0), EPERM);
  EXPECT_ERRNO(::removexattr(kDevice, "user.x"), EPERM);
  EXPECT_ERRNO(::lremovexattr(kDevice, "user.x"), EPERM);
  EXPECT_ERRNO(::fremovexattr(fd, "user.x"), EPERM);
  EXPECT_ERRNO(::removexattr(kDevice, "trusted.none"), ENODATA);
  EXPECT_ERRNO(::getxattr(kDevice, "user.x", text, sizeof text), ENODATA);
  EXPECT_ERRNO(::getxattr(kDevice, "nothing", text, sizeof text), EOPNOTSUPP);
  EXPECT_ERRNO(::setxattr(kAlign, "user.x", "1", 1, 0), EOPNOTSUPP);
  EXPECT_ERRNO(::removexattr(kAlign, "user.x"), EOPNOTSUPP);
  EXPECT_ERRNO(::removexattr(kAlign, "security.none"), ENODATA);
  EXPECT(::pathconf(kDevice, _PC_NAME_MAX) == 255 && ::pathconf(kDevice, _PC_PATH_MAX) == 4096);
  EXPECT_ERRNO(::pathconf(kDevice, _PC_ASYNC_IO), 0);
  EXPECT(::pathconf(kAlign, _PC_ASYNC_IO) == 1);
  EXPECT(::close(fd) == 0);
}

void call_by_number() {
  open_how how{};
  how.flags = O_RDWR;
  const auto fd = static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, kDevice, &how, sizeof how));
  EXPECT(fd >= 0);
  EXPECT_ERRNO(::syscall(SYS_openat2, AT_FDCWD, kDevice, &how, 4), EINVAL);
  EXPECT_ERRNO(::syscall(SYS_readv, fd, &piece, 1), EINVAL);
  EXPECT_ERRNO(::syscall(SYS_preadv, fd, &piece, 1, 0, 0), EINVAL);
  EXPECT_ERRNO(::syscall(SYS_pwritev2, fd, &piece, 1, 0, 0, 0), EINVAL);
  EXPECT_ERRNO(::syscall(SYS_fallocate, fd, 0, 0L, 4096L), ENODEV);
  EXPECT_ERRNO(::syscall(SYS_ftruncate, fd, 0L), EINVAL);
  EXPECT_ERRNO(::syscall(SYS_fsync, fd), EINVAL);
  EXPECT_ERRNO(::syscall(SYS_unlink, kAlign), EPERM);
  EXPECT_ERRNO(::syscall(SYS_mknod, kDevice, S_IFREG, 0), EEXIST);
  EXPECT(::syscall(SYS_fadvise64, fd, 0L, 0L, POSIX_FADV_DONTNEED) == 0);
  void* const nothing = ::mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const int attribute = ::open(kAlign, O_WRONLY);
  EXPECT_ERRNO(::write(attribute, nothing, 10), EFAULT);
  EXPECT(::close(attribute) == 0);
  // A copy of the descriptor, at a number that was something else before.
  const int spare = ::open("/dev/null", O_WRONLY);
  EXPECT(::write(spare, "x", 1) == 1 && ::close(spare) == 0);
  const int self = ::pidfd_open(::getpid(), 0);
  const int copy = ::pidfd_getfd(self, fd, 0);
  EXPECT(self >= 0 && copy >= 0);
  EXPECT_ERRNO(::read(copy, buffer, 1), EINVAL);
  EXPECT(::close(copy) == 0 && ::close(self) == 0 && ::close(fd) == 0);
}

void spawn_with_device() {
  posix_spawn_file_actions_t actions;
  EXPECT(::posix_spawn_file_actions_init(&actions) == 0);
  EXPECT(::posix_spawn_file_actions_addopen(&actions, 9, kDevice, O_RDWR | O_TRUNC, 0) == 0);
  char shell[] = "sh";
  char option[] = "-c";
  char command[] = "test -c /proc/self/fd/9 && test \"$(readlink /proc/self/fd/9)\" = /dev/dax0.0";
  char* const arguments[] = {shell, option, command, nullptr};
  pid_t child = 0;
  int status = -1;
  EXPECT(::posix_spawn(&child, "/bin/sh", &actions, nullptr, arguments, environ) == 0);
  EXPECT(::waitpid(child, &status, 0) == child && status == 0);
  EXPECT(::posix_spawn_file_actions_destroy(&actions) == 0);
}

} // namespace

int main() {
  queue_requests();
  queue_by_number();
  queue_posix_requests();
  name_attributes();
  call_by_number();
  spawn_with_device();
  return failures == 0 ? 0 : 1;
}
