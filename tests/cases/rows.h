/* What the case programs share: one row per question, "NAME: WORD=ANSWER ...", each in a process of its own, so that
   what one does to its descriptors, mappings or signals does not reach the next. Arguments choose rows by the
   beginnings of their names. Compiled without warnings: ignoring what a call answers is what many of these rows are
   for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <ucontext.h>
#include <unistd.h>
#define DEV "/dev/dax0.0"
#define A (2UL << 20)
#define SIZE (512UL << 20)
static const char* en(int e) {
  const char* n = strerrorname_np(e);
  return n ? n : "E?";
}
static void pr(const char* what, long r) {
  if (r == -1)
    printf("%s=%s ", what, en(errno));
  else
    printf("%s=ok ", what);
}
static void prn(const char* what, long r) {
  if (r == -1)
    printf("%s=%s ", what, en(errno));
  else
    printf("%s=%ld ", what, r);
}
static int only_argc;
static char** only_argv;
static int row_wanted(const char* name) {
  if (only_argc < 2)
    return 1;
  for (int i = 1; i < only_argc; i++)
    if (!strncmp(name, only_argv[i], strlen(only_argv[i])))
      return 1;
  return 0;
}
#define ROW(name, ...)                                                                                                 \
  do {                                                                                                                 \
    if (row_wanted(name)) {                                                                                            \
      fflush(stdout);                                                                                                  \
      pid_t p_ = fork();                                                                                               \
      if (p_ == 0) {                                                                                                   \
        alarm(20);                                                                                                     \
        printf("%s: ", name);                                                                                          \
        { __VA_ARGS__; }                                                                                               \
        fflush(stdout);                                                                                                \
        _exit(0);                                                                                                      \
      }                                                                                                                \
      int st_;                                                                                                         \
      waitpid(p_, &st_, 0);                                                                                            \
      if (WIFSIGNALED(st_))                                                                                            \
        printf("%s: [%s] killed by %s\n", name, name, sigabbrev_np(WTERMSIG(st_)));                                    \
      else if (WEXITSTATUS(st_))                                                                                       \
        printf(" exit=%d\n", WEXITSTATUS(st_));                                                                        \
      else                                                                                                             \
        printf("\n");                                                                                                  \
      fflush(stdout);                                                                                                  \
    }                                                                                                                  \
  } while (0)
static sigjmp_buf jb;
static volatile int t_sig, t_code;
static void* volatile t_addr;
static volatile int t_lsb;
static void t_h(int s, siginfo_t* i, void* c) {
  t_sig = s;
  t_code = i->si_code;
  t_addr = i->si_addr;
  t_lsb = i->si_addr_lsb;
  siglongjmp(jb, 1);
}
static void t_install(void) {
  struct sigaction sa = {0};
  sa.sa_sigaction = t_h;
  sa.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGBUS, &sa, 0);
  sigaction(SIGSEGV, &sa, 0);
}
static void touch(const char* what, volatile char* p, int write) {
  t_install();
  if (sigsetjmp(jb, 1) == 0) {
    if (write)
      *p = 7;
    else
      (void)*p;
    printf("%s=ok ", what);
  } else
    printf("%s=SIG%s/%d/%+ld ", what, sigabbrev_np(t_sig), t_code, (long)((char*)t_addr - (char*)p));
}
static int o(void) {
  int fd = open(DEV, O_RDWR);
  if (fd < 0) {
    printf("OPEN %s ", en(errno));
    fflush(stdout);
    _exit(3);
  }
  return fd;
}
static char* m(int fd, size_t len) {
  char* p = mmap(0, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) {
    printf("MAP %s ", en(errno));
    fflush(stdout);
    _exit(4);
  }
  return p;
}
#define Y(name, ...) pr(name, syscall(__VA_ARGS__))
/* What a child writes while it may be faster than we are: into a pipe, and out after what we say. */
static int captured_out = -1, captured_ends[2];
static void capture(void) {
  fflush(stdout);
  captured_out = fcntl(1, F_DUPFD_CLOEXEC, 100);
  (void)!pipe2(captured_ends, O_CLOEXEC);
  dup2(captured_ends[1], 1);
  close(captured_ends[1]);
}
static void uncapture(void) {
  dup2(captured_out, 1);
  close(captured_out);
}
static void say_captured(void) {
  char b[256];
  ssize_t n = read(captured_ends[0], b, sizeof b);
  fwrite(b, 1, n > 0 ? (size_t)n : 0, stdout);
  close(captured_ends[0]);
}
#define YN(name, ...) prn(name, syscall(__VA_ARGS__))
