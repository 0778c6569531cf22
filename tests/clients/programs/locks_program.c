/* What keeps the open file of a device, and with it the locks on it: descriptors, their copies, mappings. Each line is
   a question and the kernel's answer; exits with 1 if one is answered otherwise. $1 is the device, $2 its extent in
   bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char* device;
static size_t extent;
static int failures;

static void expect(const char* what, int got, int wanted) {
  printf("%-60s %s\n", what, got == 0 ? "free" : strerrorname_np(got));
  if (got != wanted) {
    printf("  FAIL: wanted %s\n", wanted == 0 ? "free" : strerrorname_np(wanted));
    ++failures;
  }
  fflush(stdout);
}

static int opened(void) {
  const int fd = open(device, O_RDWR);
  if (fd < 0) {
    perror(device);
    exit(2);
  }
  return fd;
}

/* Could another open file lock the device? */
static int flock_of_another(void) {
  const int fd = opened();
  const int code = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  close(fd);
  return code;
}

static int record_lock(int fd, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_len = 4096};
  return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

static int record_lock_of_another(void) {
  const int fd = opened();
  const int code = record_lock(fd, F_WRLCK);
  close(fd);
  return code;
}

static int locked(void) {
  const int fd = opened();
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    perror("flock");
    exit(2);
  }
  return fd;
}

static char* mapped(int fd, size_t extents) {
  char* at = mmap(NULL, extents * extent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    perror("mmap");
    exit(2);
  }
  return at;
}

/* A child that lives until release() is called with what this returns. */
static pid_t child;
static int waiting_child(void (*first)(char*), char* memory) {
  int ends[2], ready[2];
  if (pipe(ends) != 0 || pipe(ready) != 0) {
    exit(2);
  }
  child = fork();
  if (child == 0) {
    char byte;
    close(ends[1]);
    if (first != NULL) {
      first(memory);
    }
    close(ready[0]);
    if (write(ready[1], "r", 1) != 1) {
      _exit(1);
    }
    _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  char byte;
  close(ends[0]);
  close(ready[1]);
  if (read(ready[0], &byte, 1) != 1) {
    exit(2);
  }
  close(ready[0]);
  return ends[1];
}
static void release(int end) {
  close(end);
  waitpid(child, NULL, 0);
}

static int inherited;
static void close_inherited(char* memory) {
  (void)memory;
  close(inherited);
}
static void unmap_two(char* memory) {
  close(inherited);
  munmap(memory, 2 * extent);
}

int main(int argc, char** argv) {
  device = argc > 1 ? argv[1] : "/dev/dax0.0";
  extent = argc > 2 ? strtoul(argv[2], NULL, 0) : 2UL << 20;

  int fd = locked();
  const int copy = dup(fd);
  close(fd);
  expect("closed, a copy is open", flock_of_another(), EAGAIN);
  close(copy);
  expect("both closed", flock_of_another(), 0);

  fd = locked();
  char* at = mapped(fd, 1);
  close(fd);
  expect("closed, mapped", flock_of_another(), EAGAIN);
  at[0] = 1;
  expect("the same once touched", flock_of_another(), EAGAIN);
  munmap(at, extent);
  expect("unmapped", flock_of_another(), 0);

  fd = opened();
  expect("a record lock of the open file", record_lock(fd, F_WRLCK), 0);
  at = mapped(fd, 1);
  close(fd);
  expect("closed, mapped: a record lock", record_lock_of_another(), EAGAIN);
  munmap(at, extent);
  expect("unmapped: a record lock", record_lock_of_another(), 0);

  fd = locked();
  at = mapped(fd, 3);
  close(fd);
  munmap(at + extent, extent);
  expect("the middle unmapped", flock_of_another(), EAGAIN);
  munmap(at, extent);
  expect("the first third unmapped too", flock_of_another(), EAGAIN);
  munmap(at + 2 * extent, extent);
  expect("all of it", flock_of_another(), 0);

  fd = locked();
  at = mapped(fd, 1);
  char* second = mapped(fd, 1);
  close(fd);
  munmap(at, extent);
  expect("one of two mappings unmapped", flock_of_another(), EAGAIN);
  munmap(second, extent);
  expect("both of them", flock_of_another(), 0);

  fd = locked();
  at = mapped(fd, 2);
  close(fd);
  mprotect(at, extent, PROT_READ);
  munmap(at, extent);
  expect("mprotect() and munmap() of the first half", flock_of_another(), EAGAIN);
  munmap(at + extent, extent);
  expect("the second half", flock_of_another(), 0);

  fd = locked();
  at = mapped(fd, 1);
  close(fd);
  char* place = mmap(NULL, 2 * extent, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  place += (extent - (size_t)place % extent) % extent;
  at = mremap(at, extent, extent, MREMAP_MAYMOVE | MREMAP_FIXED, place);
  expect("moved by mremap()", at == MAP_FAILED ? errno : flock_of_another(), EAGAIN);
  if (mmap(at, extent, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
    return 2;
  }
  expect("something else mapped over it", flock_of_another(), 0);

  fd = locked();
  at = mapped(fd, 1);
  close(fd);
  fd = opened();
  if (mmap(at, extent, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
    return 2;
  }
  expect("another open file of the device mapped over it", flock_of_another(), 0);
  if (flock(fd, LOCK_EX) != 0 || mmap(at, extent, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
    return 2;
  }
  close(fd);
  expect("the same open file mapped over itself", flock_of_another(), EAGAIN);
  munmap(at, extent);
  expect("unmapped again", flock_of_another(), 0);

  fd = locked();
  at = mapped(fd, 2);
  inherited = fd;
  int end = waiting_child(close_inherited, at);
  close(fd);
  munmap(at, 2 * extent);
  expect("mapped in a child only", flock_of_another(), EAGAIN);
  release(end);
  expect("the child has ended", flock_of_another(), 0);

  fd = locked();
  at = mapped(fd, 2);
  inherited = fd;
  end = waiting_child(unmap_two, at);
  close(fd);
  expect("unmapped in a child, mapped here", flock_of_another(), EAGAIN);
  munmap(at, 2 * extent);
  expect("unmapped in both", flock_of_another(), 0);
  release(end);

  fd = locked();
  at = mapped(fd, 1);
  inherited = fd;
  if (madvise(at, extent, MADV_DONTFORK) != 0) {
    return 2;
  }
  end = waiting_child(close_inherited, at);
  close(fd);
  munmap(at, extent);
  expect("a child that did not get the mapping", flock_of_another(), 0);
  release(end);

  return failures == 0 ? 0 : 1;
}
