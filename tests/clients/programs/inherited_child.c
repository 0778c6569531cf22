/* A program that nobody can stand in front of (statically linked): what the kernel itself makes of a device's
   descriptor that it inherits. 5 is open for reading and writing, 6 for reading, 7 for writing. A line for each call:
   what it returned, or its error. What is read goes into a buffer whose every change is told. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kBoth = 5, kReader = 6, kWriter = 7, kSize = 4096 };

static char buffer[kSize];
static char text[] = "overwritten";

static void tell(const char* what, long got) {
  char number[24];
  snprintf(number, sizeof number, "%ld", got);
  int changed = 0;
  for (int at = 0; at < kSize; ++at) {
    changed += buffer[at] != 0;
  }
  printf("%s\t%s%s\n", what, got == -1 ? strerrorname_np(errno) : number, changed != 0 ? " and bytes" : "");
  memset(buffer, 0, kSize);
  fflush(stdout);
}
#define TELL(what, call)                                                                                               \
  do {                                                                                                                 \
    errno = 0;                                                                                                         \
    tell(what, (long)(call));                                                                                          \
  } while (0)

/* One request on a ring of its own, by the three system calls. */
static long request(struct io_uring_sqe wanted) {
  struct io_uring_params params = {0};
  const int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
  if (ring < 0) {
    return -1;
  }
  const size_t control_size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  const size_t done_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  char* control = mmap(NULL, control_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  char* done = mmap(NULL, done_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
  struct io_uring_sqe* entries = mmap(NULL, params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
                                      MAP_SHARED, ring, IORING_OFF_SQES);
  entries[0] = wanted;
  ((unsigned*)(control + params.sq_off.array))[0] = 0;
  *(unsigned*)(control + params.sq_off.tail) = 1;
  syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
  const int result = ((struct io_uring_cqe*)(done + params.cq_off.cqes))[0].res;
  close(ring);
  errno = result < 0 ? -result : 0;
  return result < 0 ? -1 : result;
}

static long transfer(int opcode, int fd, void* memory, unsigned length, int64_t offset) {
  struct io_uring_sqe wanted = {0};
  wanted.opcode = (uint8_t)opcode;
  wanted.fd = fd;
  wanted.addr = (uint64_t)(uintptr_t)memory;
  wanted.len = length;
  wanted.off = (uint64_t)offset;
  return request(wanted);
}

int main(void) {
  const struct iovec into = {buffer, 8};
  const struct iovec from = {text, sizeof text};
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], text, sizeof text) < 0) {
    return 2;
  }
  const int null = open("/dev/null", O_WRONLY);
  const int zero = open("/dev/zero", O_RDONLY);
  struct stat about;
  if (fstat(kBoth, &about) != 0 || fcntl(kReader, F_GETFD) < 0 || fcntl(kWriter, F_GETFD) < 0) {
    return 2;
  }

  TELL("read", read(kBoth, buffer, 8));
  TELL("read.reader", read(kReader, buffer, 8));
  TELL("read.writer", read(kWriter, buffer, 8));
  TELL("read.none", read(kBoth, buffer, 0));
  TELL("readv", readv(kBoth, &into, 1));
  TELL("pread", pread(kBoth, buffer, 8, 0));
  TELL("pread.end", pread(kBoth, buffer, 8, 1 << 30));
  TELL("preadv", preadv(kBoth, &into, 1, 0));
  TELL("preadv2.position", preadv2(kBoth, &into, 1, -1, 0));
  TELL("write", write(kBoth, text, sizeof text));
  TELL("write.reader", write(kReader, text, sizeof text));
  TELL("write.writer", write(kWriter, text, sizeof text));
  TELL("writev", writev(kBoth, &from, 1));
  TELL("pwrite", pwrite(kBoth, text, sizeof text, 0));
  TELL("pwritev", pwritev(kBoth, &from, 1, 0));
  TELL("pwritev2.append", pwritev2(kBoth, &from, 1, -1, RWF_APPEND));
  TELL("ftruncate", ftruncate(kBoth, 4096));
  TELL("fallocate", fallocate(kBoth, 0, 0, 4096));
  TELL("fallocate.hole", fallocate(kBoth, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
  TELL("sendfile.from", sendfile(null, kBoth, NULL, 8));
  TELL("sendfile.from-offset", sendfile(null, kBoth, &(off_t){0}, 8));
  TELL("sendfile.to", sendfile(kBoth, zero, NULL, 8));
  TELL("splice.from", splice(kBoth, NULL, ends[1], NULL, 8, SPLICE_F_NONBLOCK));
  TELL("splice.to", splice(ends[0], NULL, kBoth, NULL, 8, SPLICE_F_NONBLOCK));
  TELL("splice.to-offset", splice(ends[0], NULL, kBoth, &(off64_t){0}, 8, SPLICE_F_NONBLOCK));
  TELL("copy_file_range", copy_file_range(kBoth, &(off64_t){0}, kWriter, &(off64_t){0}, 8, 0));
  TELL("mmap.shared", mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, kBoth, 0) == MAP_FAILED ? -1 : 0);
  TELL("dprintf", dprintf(kBoth, "overwritten"));
  TELL("fsync", fsync(kBoth));
  TELL("uring.read", transfer(IORING_OP_READ, kBoth, buffer, 8, 0));
  TELL("uring.read-position", transfer(IORING_OP_READ, kBoth, buffer, 8, -1));
  TELL("uring.write", transfer(IORING_OP_WRITE, kBoth, text, sizeof text, 0));
  TELL("uring.write-position", transfer(IORING_OP_WRITE, kBoth, text, sizeof text, -1));
  TELL("uring.fallocate", transfer(IORING_OP_FALLOCATE, kBoth, (void*)4096, 0, 0));
  TELL("lseek", lseek(kBoth, 0, SEEK_SET));
  TELL("read.after-lseek", read(kBoth, buffer, 8));
  TELL("write.after-lseek", write(kBoth, text, sizeof text));
  TELL("flock", flock(kBoth, LOCK_EX | LOCK_NB));
  TELL("flock.other", flock(kReader, LOCK_EX | LOCK_NB));
  return 0;
}
