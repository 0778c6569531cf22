/* A lock of flock(2) or fcntl(F_OFD_SETLK) outlives the descriptor while a mapping keeps the file open. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#define SAY(what, call)                                                                                                \
  do {                                                                                                                 \
    long r_ = (call);                                                                                                  \
    int e_ = errno;                                                                                                    \
    printf("%-62s %s\n", what, r_ == -1 ? strerror(e_) : "ok");                                                        \
  } while (0)
static int ofd(int fd, int type) {
  struct flock f = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 4096};
  return fcntl(fd, F_OFD_SETLK, &f);
}
int main(int argc, char** argv) {
  const char* p = argv[1];
  size_t len = 2 << 20;
  int a = open(p, O_RDWR), b;
  SAY("flock(a)", flock(a, LOCK_EX | LOCK_NB));
  void* m = mmap(0, len, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
  SAY("mmap(a)", m == MAP_FAILED ? -1 : 0);
  close(a);
  b = open(p, O_RDWR);
  SAY("a closed, still mapped: flock(b)   [kernel: EAGAIN]", flock(b, LOCK_EX | LOCK_NB));
  fflush(stdout);
  if (!fork()) {
    int c = open(p, O_RDWR);
    SAY("the same from a child: flock(c)    [kernel: EAGAIN]", flock(c, LOCK_EX | LOCK_NB));
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  close(b);
  munmap(m, len);
  b = open(p, O_RDWR);
  SAY("unmapped: flock(b)                 [kernel: ok]", flock(b, LOCK_EX | LOCK_NB));
  close(b);
  a = open(p, O_RDWR);
  SAY("OFD lock(a)", ofd(a, F_WRLCK));
  m = mmap(0, len, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
  close(a);
  b = open(p, O_RDWR);
  SAY("a closed, still mapped: OFD lock(b) [kernel: EAGAIN]", ofd(b, F_WRLCK));
  munmap(m, len);
  SAY("unmapped: OFD lock(b)               [kernel: ok]", ofd(b, F_WRLCK));
  return 0;
}
