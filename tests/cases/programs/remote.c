/* Reads of another process's device memory, as a debugger does them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  int pp[2];
  pipe(pp);
  pid_t c = fork();
  if (!c) {
    int f = open("/dev/dax0.0", O_RDWR);
    long* p = mmap(0, 16 << 20, 3, MAP_SHARED, f, 0);
    p[0] = 42;
    write(pp[1], &p, sizeof p);
    pause();
    _exit(0);
  }
  char* p;
  read(pp[0], &p, sizeof p);
  char n[64];
  snprintf(n, 64, "/proc/%d/mem", c);
  int m = open(n, O_RDWR);
  long v;
  for (int stopped = 0; stopped < 2; stopped++) {
    if (stopped) {
      ptrace(PTRACE_SEIZE, c, 0, 0);
      ptrace(PTRACE_INTERRUPT, c, 0, 0);
      waitpid(c, 0, 0);
    }
    for (int i = 0; i < 2; i++) {
      char* a = p + (i ? (4 + 4 * stopped) << 20 : 0);
      v = -1;
      ssize_t r = pread(m, &v, 8, (off_t)a);
      printf("stopped %d %s /proc/mem: %zd %s v %ld\n", stopped, i ? "untouched" : "touched", r,
             r < 0 ? strerror(errno) : "", v);
      a += i ? 2 << 20 : 0;
      struct iovec l = {&v, 8}, q = {a, 8};
      v = -1;
      r = process_vm_readv(c, &l, 1, &q, 1, 0);
      printf("stopped %d %s process_vm_readv: %zd %s v %ld\n", stopped, i ? "untouched" : "touched", r,
             r < 0 ? strerror(errno) : "", v);
    }
  }
  errno = 0;
  v = ptrace(PTRACE_PEEKDATA, c, p + (14 << 20), 0);
  printf("PEEKDATA untouched %ld %s\n", v, errno ? strerror(errno) : "");
  kill(c, 9);
}
