/* What keeps a device's open file alive after close(2): dup, fork, mappings, mremap. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#define SAY(what, call)                                                                                                \
  do {                                                                                                                 \
    long r_ = (call);                                                                                                  \
    int e_ = errno;                                                                                                    \
    printf("%-50s %s\n", what, r_ == -1 ? strerror(e_) : "ok");                                                        \
    fflush(stdout);                                                                                                    \
  } while (0)
static const char* p;
static int try(void) {
  int b = open(p, O_RDWR);
  int r = flock(b, LOCK_EX | LOCK_NB), e = errno;
  close(b);
  errno = e;
  return r;
}
int main(int argc, char** argv) {
  p = argv[1];
  size_t len = 2 << 20;
  int a = open(p, O_RDWR);
  flock(a, LOCK_EX);
  int d = dup(a);
  close(a);
  SAY("dup keeps it: other flock", try());
  close(d);
  SAY("closed: other flock", try());
  a = open(p, O_RDWR);
  flock(a, LOCK_EX);
  int pp[2];
  pipe(pp);
  pid_t k = fork();
  if (!k) {
    char c;
    close(pp[1]);
    read(pp[0], &c, 1);
    _exit(0);
  }
  close(pp[0]);
  close(a);
  SAY("child keeps it: other flock", try());
  close(pp[1]);
  waitpid(k, 0, 0);
  SAY("child gone: other flock", try());
  a = open(p, O_RDWR);
  flock(a, LOCK_EX);
  void* m = mmap(0, 2 * len, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
  pipe(pp);
  k = fork();
  if (!k) {
    char c;
    close(pp[1]);
    close(a);
    read(pp[0], &c, 1);
    _exit(0);
  }
  close(pp[0]);
  close(a);
  munmap(m, 2 * len);
  SAY("mapped in the child only: other flock", try());
  close(pp[1]);
  waitpid(k, 0, 0);
  SAY("child gone: other flock", try());
  a = open(p, O_RDWR);
  flock(a, LOCK_EX);
  m = mmap(0, 2 * len, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
  close(a);
  munmap(m, len);
  SAY("half unmapped: other flock", try());
  munmap((char*)m + len, len);
  SAY("all unmapped: other flock", try());
  a = open(p, O_RDWR);
  flock(a, LOCK_EX);
  m = mmap(0, len, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
  close(a);
  m = mremap(m, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, mmap(0, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SAY("mremap", m == MAP_FAILED ? -1 : 0);
  SAY("after mremap: other flock", try());
  return 0;
}
