// Device memory as a registered buffer of io_uring: a file is read straight into it, its pages pinned once, not for
// each request. Runs on any device-dax, emulated or real; it overwrites the first bytes of the device. Linux 6.1
// registers no device memory (EOPNOTSUPP): a program that is to work there falls back to io_uring_prep_read(), which
// this one does not, for it shows the kernel's answer.
//   uring_buffer /dev/dax0.0
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kBytes = 2 << 20, kPart = 64 << 10 };

static void check(int result, const char* what) {
  if (result < 0) {
    fprintf(stderr, "%s: %s\n", what, strerror(-result));
    exit(1);
  }
}

// A file of kBytes, no two parts of which are the same.
static int file_of(const unsigned char* bytes) {
  const int fd = memfd_create("source", 0);
  if (fd < 0 || pwrite(fd, bytes, kBytes, 0) != kBytes) {
    check(-errno, "a file to read");
  }
  return fd;
}

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "/dev/dax0.0";
  const int device = open(path, O_RDWR);
  check(device < 0 ? -errno : 0, path);
  unsigned char* memory = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
  check(memory == MAP_FAILED ? -errno : 0, "mmap");

  unsigned char* source = malloc(kBytes);
  check(source == NULL ? -ENOMEM : 0, "malloc");
  for (size_t at = 0; at < kBytes; ++at) {
    source[at] = (unsigned char)(at * 7 + at / kPart);
  }
  const int file = file_of(source);
  memset(memory, 0, kBytes);

  struct io_uring ring;
  check(io_uring_queue_init(8, &ring, 0), "io_uring_queue_init");
  const struct iovec buffer = {memory, kBytes};
  check(io_uring_register_buffers(&ring, &buffer, 1), "io_uring_register_buffers of device memory");
  printf("%s: %d bytes registered\n", path, kBytes);

  for (size_t at = 0; at < kBytes; at += kPart) {
    struct io_uring_cqe* done;
    io_uring_prep_read_fixed(io_uring_get_sqe(&ring), file, memory + at, kPart, at, 0);
    check(io_uring_submit_and_wait(&ring, 1), "io_uring_submit_and_wait");
    check(io_uring_wait_cqe(&ring, &done), "io_uring_wait_cqe");
    check(done->res == kPart ? 0 : (done->res < 0 ? done->res : -EIO), "a fixed read");
    io_uring_cqe_seen(&ring, done);
  }
  if (memcmp(memory, source, kBytes) != 0) {
    fprintf(stderr, "device memory differs from the file\n");
    return 1;
  }
  printf("%s: %d bytes read in %d requests, all as in the file\n", path, kBytes, kBytes / kPart);
  io_uring_queue_exit(&ring);
  free(source);
  return 0;
}
