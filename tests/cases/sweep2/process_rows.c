/* Forks, threads that end while they touch, and other processes' looks. */
#include "sweep2.h"
void process_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("proc.dontfork", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    pr("madv", madvise(p, A, MADV_DONTFORK));
    fflush(stdout);
    pid_t q = fork();
    if (!q) {
      touch("c0", p, 0);
      touch("c1", p + A, 1);
      fflush(stdout);
      _exit(0);
    }
    waitpid(q, 0, 0);
    touch("p0", p, 1);
    pr("dofork", madvise(p, A, MADV_DOFORK));
    fflush(stdout);
    q = fork();
    if (!q) {
      touch("c0", p, 0);
      fflush(stdout);
      _exit(0);
    }
    waitpid(q, 0, 0);
  });
  ROW("proc.vfork", {
    int fd = o();
    char* p = m(fd, 4 * A);
    pid_t q = vfork();
    if (!q) {
      p[0] = 42;
      p[A] = 43;
      _exit(0);
    }
    waitpid(q, 0, 0);
    printf("%d %d ", p[0], p[A]);
  });
  ROW("proc.spawn-inherit", {
    int fd = o();
    char b[32];
    sprintf(b, "/proc/self/fd/%d", fd);
    char* a[] = {"readlink", b, 0};
    pid_t q;
    extern char** environ;
    capture();
    int r = posix_spawnp(&q, "readlink", 0, 0, a, environ);
    uncapture();
    printf("spawn=%d ", r);
    waitpid(q, 0, 0);
    say_captured();
  });
  ROW("proc.thread-exit", {
    int fd = o();
    char* p = m(fd, SIZE);
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
      pthread_create(&t[i], 0, thr_loop, p);
    usleep(5000);
    printf("exiting ");
    fflush(stdout);
    _exit(0);
  });
  ROW("proc.pthread-cancel", {
    int fd = o();
    char* p = m(fd, SIZE);
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
      pthread_create(&t[i], 0, thr_loop, p);
    usleep(2000);
    for (int i = 0; i < 4; i++)
      pthread_cancel(t[i]);
    for (int i = 0; i < 4; i++)
      pthread_join(t[i], 0);
    printf("joined ");
    touch("t", p + SIZE - 1, 1);
  });
  ROW("proc.exec-while-faulting", {
    int fd = o();
    char* p = m(fd, SIZE);
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
      pthread_create(&t[i], 0, thr_loop, p);
    usleep(2000);
    fflush(stdout);
    execl("/bin/echo", "echo", "-n", "execd", 0);
  });
  ROW("proc.kill9-while-faulting", {
    int fd = o();
    char* p = m(fd, SIZE);
    fflush(stdout);
    pid_t q = fork();
    if (!q) {
      pthread_t t[4];
      for (int i = 0; i < 4; i++)
        pthread_create(&t[i], 0, thr_loop, p);
      pause();
    }
    usleep(5000);
    kill(q, SIGKILL);
    int st;
    waitpid(q, &st, 0);
    printf("sig=%d ", WTERMSIG(st));
    touch("t", p + SIZE - 1, 1);
  });
  ROW("proc.pvread", {
    int fd = o();
    char* p = m(fd, 8 * A);
    p[0] = 'x';
    int pp[2];
    pipe(pp);
    pid_t q = fork();
    if (!q) {
      char* z = m(fd, 8 * A);
      write(pp[1], &z, 8);
      pause();
    }
    char* z;
    read(pp[0], &z, 8);
    char b[8];
    struct iovec l = {b, 8}, r = {z, 8}, r2 = {z + 3 * A, 8}, r3 = {z + 8 * A - 4, 8};
    prn("other", process_vm_readv(q, &l, 1, &r, 1, 0));
    printf("%c ", b[0]);
    prn("untouched", process_vm_readv(q, &l, 1, &r2, 1, 0));
    prn("w", process_vm_writev(q, &l, 1, &r2, 1, 0));
    prn("straddle", process_vm_readv(q, &l, 1, &r3, 1, 0));
    char t[64];
    sprintf(t, "/proc/%d/mem", q);
    int mf = open(t, O_RDWR);
    prn("mem", pread(mf, b, 8, (off_t)z));
    prn("memun", pread(mf, b, 8, (off_t)(z + 5 * A)));
    prn("memw", pwrite(mf, "q", 1, (off_t)z));
    printf("%c ", p[0]);
    pr("attach", ptrace(PTRACE_ATTACH, q, 0, 0));
    waitpid(q, 0, 0);
    errno = 0;
    long pk = ptrace(PTRACE_PEEKDATA, q, z, 0);
    printf("peek=%d %s ", (int)(pk & 255), en(errno));
    errno = 0;
    pk = ptrace(PTRACE_PEEKDATA, q, z + 6 * A, 0);
    printf("peekun=%ld %s ", pk, en(errno));
    pr("poke", ptrace(PTRACE_POKEDATA, q, z + A, 7));
    kill(q, SIGKILL);
  });
}
