/* What public bug reports of users of device-dax did, reduced (the numbers are ours). */
#include "reports.h"
void unbind_rows(int c, char** v);
int main(int c, char** v) {
  if (c == 3 && !strcmp(v[1], "--child")) {
    char* q = m(atoi(v[2]), 4 * A);
    return q[2 * A] == 3 ? 5 : 6;
  }
  only_argc = c;
  only_argv = v;
  ROW("R1", {
    int fd = o();
    char* p = m(fd, 2 * A);
    *p = 1;
    pr("sync4k", msync(p, 4096, MS_SYNC));
    pr("async", msync(p, 4096, MS_ASYNC));
    pr("inval", msync(p, A, MS_INVALIDATE));
    pr("both", msync(p, A, MS_SYNC | MS_ASYNC));
    pr("hole", msync(p, 64 * A, MS_ASYNC));
    pr("unal", msync(p + 1, 4096, MS_ASYNC));
    pr("len0", msync(p, 0, MS_SYNC));
    pr("fsync", fsync(fd));
    pr("fdata", fdatasync(fd));
    pr("sfr", sync_file_range(fd, 0, 0, 7));
    pr("syncfs", syncfs(fd));
    int ro = open(DEV, O_RDONLY);
    pr("rofsync", fsync(ro));
  });
  ROW("R2", {
    int fd = o();
    struct stat s;
    fstat(fd, &s);
    printf("size=%ld blocks=%ld type=%o ", (long)s.st_size, (long)s.st_blocks, s.st_mode & S_IFMT);
    prn("end", lseek(fd, 0, SEEK_END));
    prn("set", lseek(fd, 1 << 20, SEEK_SET));
    prn("cur", lseek(fd, 0, SEEK_CUR));
    prn("data", lseek(fd, 0, SEEK_DATA));
    prn("hole", lseek(fd, 1, SEEK_HOLE));
    MP("len0", 0, 0, 3, MAP_SHARED, fd, 0);
  });
  ROW("R8", {
    int fd = o();
    MP("0x7f0000001000", (void*)0x600000001000, A, 3, MAP_SHARED, fd, 0);
    char* q = MP("aligned", (void*)0x600000200000, A, 3, MAP_SHARED, fd, 0);
    printf("at=%d ", q == (void*)0x600000200000);
    MP("fixed-odd", (void*)0x610000001000, A, 3, MAP_SHARED | MAP_FIXED, fd, 0);
    q = mmap((void*)0x620000000000, 4 * A, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memset(q, 5, 4 * A);
    MP("fixed-over-anon-odd", q + 4096, A, 3, MAP_SHARED | MAP_FIXED, fd, 0);
    touch("left", q + 4096, 0);
    touch("after", q + 4096 + A, 0);
    MP("fixed-over-anon", q + A, A, 3, MAP_SHARED | MAP_FIXED, fd, 0);
    touch("x", q + A, 1);
  });
  ROW("R9", {
    int fd = o();
    MP("3M+4k", 0, (3 << 20) + 4096, 3, MAP_SHARED, fd, 0);
    MP("4k", 0, 4096, 3, MAP_SHARED, fd, 0);
    MP("off1M", 0, A, 3, MAP_SHARED, fd, 1 << 20);
    MP("3M", 0, 3 << 20, 3, MAP_SHARED, fd, 0);
    MP("off4k", 0, A, 3, MAP_SHARED, fd, 4096);
    MP("off1", 0, A, 3, MAP_SHARED, fd, 1);
  });
  ROW("R10", {
    int fd = o();
    char* p = MP("big", 0, SIZE + 8 * A, 3, MAP_SHARED, fd, 0);
    touch("last", p + SIZE - 1, 1);
    touch("end", p + SIZE, 1);
    touch("end+", p + SIZE + 3 * A + 7, 0);
    int t = open("/proc/self/exe", O_RDONLY);
    prn("read", read(t, p + SIZE, 10));
    prn("straddle", read(t, p + SIZE - 5, 10));
    p = MP("popul", 0, SIZE + 8 * A, 3, MAP_SHARED | MAP_POPULATE, fd, SIZE - 2 * A);
    touch("in", p, 0);
    touch("out", p + 2 * A, 0);
  });
  ROW("R11", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = p[A] = 1;
    pr("munmap-mid", munmap(p + 4096, 4096));
    pr("munmap-head", munmap(p, 4096));
    pr("mprot", mprotect(p, 4096, PROT_READ));
    pr("madv-df", madvise(p, 4096, MADV_DONTFORK));
    pr("madv-dn", madvise(p, 4096, MADV_DONTNEED));
    pr("madv-rm", madvise(p, A, MADV_REMOVE));
    pr("madv-free", madvise(p, A, MADV_FREE));
    pr("madv-huge", madvise(p, A, MADV_HUGEPAGE));
    pr("madv-dump", madvise(p, A, MADV_DONTDUMP));
    pr("mremap-grow", mremap(p, 4 * A, 6 * A, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
    touch("t", p, 1);
    printf("kps=%s ", smaps(p, "KernelPageSize"));
  });
  ROW("R12", {
    int fd = o();
    MP("priv-r", 0, A, 1, MAP_PRIVATE, fd, 0);
    MP("priv-rw", 0, A, 3, MAP_PRIVATE, fd, 0);
    int ro = open(DEV, O_RDONLY);
    MP("ro-priv", 0, A, 1, MAP_PRIVATE, ro, 0);
    MP("ro-w", 0, A, 3, MAP_SHARED, ro, 0);
    char* p = MP("ro-r", 0, A, 1, MAP_SHARED, ro, 0);
    pr("mprot-w", mprotect(p, A, 3));
    MP("anonshared", 0, A, 3, MAP_SHARED | MAP_ANONYMOUS, fd, 0);
  });
  ROW("R13", {
    int fd = o();
    MP("sync", 0, A, 3, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
    MP("shared-sync", 0, A, 3, MAP_SHARED | MAP_SYNC, fd, 0);
    MP("unknown", 0, A, 3, MAP_SHARED_VALIDATE | 0x2000000, fd, 0);
    int t = open("/dev/shm/rt", O_CREAT | O_RDWR, 0600);
    ftruncate(t, A);
    MP("tmpfs", 0, A, 3, MAP_SHARED_VALIDATE | MAP_SYNC, t, 0);
    unlink("/dev/shm/rt");
    MP("anon", 0, A, 3, MAP_SHARED_VALIDATE | MAP_SYNC | MAP_ANONYMOUS, -1, 0);
    MP("priv-sync", 0, A, 3, MAP_PRIVATE | MAP_SYNC, fd, 0);
  });
  ROW("R17", {
    int fd = o();
    char* p = mmap(0, SIZE, 3, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    memset(p, 3, SIZE / 4);
    printf("sum=%d ", p[SIZE / 4 - 1] + p[SIZE - 1]);
  });
  ROW("R16.fork", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      printf("c=%d ", p[0]);
      p[1] = 2;
      p[2 * A] = 3;
      fflush(stdout);
      munmap(p, 4 * A);
      close(fd);
      _exit(0);
    }
    waitpid(k, 0, 0);
    printf("p=%d %d ", p[1], p[2 * A]);
    k = fork();
    if (!k) {
      char b[9];
      sprintf(b, "%d", fd);
      execl("/proc/self/exe", "reports", "--child", b, NULL);
      _exit(9);
    }
    int st;
    waitpid(k, &st, 0);
    printf("exec=%d ", WEXITSTATUS(st));
  });
  ROW("R31", {
    int fd = o();
    char* p = mmap(0, 4 * A, 3, MAP_SHARED, fd, SIZE - A);
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      struct sigaction sa = {0};
      sa.sa_sigaction = h_cnt;
      sa.sa_flags = SA_SIGINFO;
      sigaction(SIGBUS, &sa, 0);
      (void)*(volatile char*)(p + 2 * A);
      _exit(0);
    }
    usleep(300000);
    kill(k, SIGTERM);
    int st;
    waitpid(k, &st, 0);
    printf("sig=%s ", sigabbrev_np(WTERMSIG(st)));
  });
  ROW("R7.death", {
    int pp[2];
    pipe(pp);
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      int f = o();
      flock(f, LOCK_EX);
      write(pp[1], "k", 1);
      pause();
    }
    char b;
    read(pp[0], &b, 1);
    int g = o();
    pr("busy", flock(g, LOCK_EX | LOCK_NB));
    kill(k, SIGKILL);
    waitpid(k, 0, 0);
    pr("free", flock(g, LOCK_EX | LOCK_NB));
    int h = o();
    pr("two", flock(h, LOCK_EX | LOCK_NB));
    int d = dup(g);
    pr("dup", flock(d, LOCK_EX | LOCK_NB));
    close(g);
    pr("still", flock(h, LOCK_EX | LOCK_NB));
    close(d);
    pr("last", flock(h, LOCK_EX | LOCK_NB));
  });
  ROW("R5.student", {
    int fd = open(DEV, O_RDWR | O_SYNC);
    prn("seek", lseek(fd, 4096, SEEK_SET));
    char b = 1;
    prn("write", write(fd, &b, 1));
    pr("direct", open(DEV, O_RDWR | O_DIRECT));
    pr("trunc", open(DEV, O_RDWR | O_TRUNC));
    pr("excl", open(DEV, O_RDWR | O_CREAT | O_EXCL, 0600));
    pr("mkdir", mkdir(DEV "/x", 0700));
  });
  ROW("R39.litmus", {
    alarm(60);
    time_t end = time(0) + 5; /* on a busy machine each round may wait for others' turns */
    int fd = o();
    volatile long* p = (long*)m(fd, 4 * A);
    p[0] = p[8] = p[16] = 0; /* before the child is there, which waits for it */
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      volatile long* q = (long*)m(open(DEV, O_RDWR), 4 * A);
      for (long i = 1; i <= 20000 && time(0) < end; i++) {
        q[8] = i;
        __sync_synchronize();
        q[0] = i;
        while (q[16] < i)
          sched_yield();
      }
      q[0] = LONG_MAX;
      _exit(0);
    }
    int bad = 0;
    for (long i = 1;; i++) {
      while (p[0] < i)
        sched_yield();
      if (p[0] == LONG_MAX)
        break;
      if (p[8] != i)
        bad++;
      p[16] = i;
    }
    waitpid(k, 0, 0);
    printf("bad=%d ", bad);
  });
  ROW("R29.poison", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[3 * A] = 1;
    pr("poison", madvise(p + 3 * A + 4096, 4096, MADV_HWPOISON));
    t_install();
    t_lsb = 0;
    touch("page", p + 3 * A + 4096, 0);
    printf("lsb=%d ", t_lsb);
    t_lsb = 0;
    touch("other", p + 3 * A, 0);
    printf("lsb=%d ", t_lsb);
    touch("ext0", p, 0);
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      char* q = m(o(), 4 * A);
      touch("child", q + 3 * A + 4096, 0);
      printf("lsb=%d ", t_lsb);
      fflush(stdout);
      _exit(0);
    }
    waitpid(k, 0, 0);
    int t = open("/proc/self/exe", O_RDONLY);
    prn("readinto", read(t, p + 3 * A + 4096, 8));
    int pp[2];
    pipe(pp);
    prn("writefrom", write(pp[1], p + 3 * A + 4096, 8));
    prn("msync", msync(p, 4 * A, MS_ASYNC));
    pr("munmap", munmap(p, 4 * A));
  });
  ROW("R29b.poison", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[3 * A] = 1;
    t_install();
    t_lsb = 0;
    if (!sigsetjmp(jb, 1))
      pr("poison", madvise(p + 3 * A + 4096, 4096, MADV_HWPOISON));
    else
      printf("madvise=SIG%s/%d/%ld lsb=%d ", sigabbrev_np(t_sig), t_code, (long)((char*)t_addr - p - 3 * A), t_lsb);
    t_lsb = 0;
    touch("page", p + 3 * A + 4096, 0);
    printf("lsb=%d ", t_lsb);
    t_lsb = 0;
    touch("other", p + 3 * A, 0);
    printf("lsb=%d ", t_lsb);
    touch("ext0", p, 0);
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      char* q = m(o(), 4 * A);
      t_lsb = 0;
      touch("child", q + 3 * A + 4096, 0);
      printf("lsb=%d ", t_lsb);
      fflush(stdout);
      _exit(0);
    }
    waitpid(k, 0, 0);
    int t = open("/proc/self/exe", O_RDONLY);
    prn("readinto", read(t, p + 3 * A + 4096, 8));
    int pp[2];
    pipe(pp);
    prn("writefrom", write(pp[1], p + 3 * A + 4096, 8));
    pr("munmap", munmap(p, 4 * A));
  });
  unbind_rows(c, v);
  return 0;
}
