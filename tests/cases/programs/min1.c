/* O_CREAT by other names, locks, leases, ftok, O_PATH, inotify, bad pointers. */
#define _GNU_SOURCE
#include "../rows.h"
#include <sys/ipc.h>
int main(int c, char** v) {
  only_argc = c;
  only_argv = v;
  setvbuf(stdout, 0, _IOFBF, 8192);
  ROW("creat.link", {
    unlink("/tmp/ql");
    symlink(DEV, "/tmp/ql");
    int f = open("/tmp/ql", O_CREAT | O_RDWR, 0600);
    struct stat s;
    fstat(f, &s);
    printf("%o ", s.st_mode & S_IFMT);
    unlink("/tmp/ql");
  });
  ROW("creat.dirlink", {
    unlink("/tmp/qd");
    symlink("/dev", "/tmp/qd");
    int f = open("/tmp/qd/dax0.0", O_RDWR);
    struct stat s;
    fstat(f, &s);
    printf("plain=%o ", s.st_mode & S_IFMT);
    f = open("/tmp/qd/dax0.0", O_CREAT | O_RDWR, 0600);
    fstat(f, &s);
    printf("creat=%o ", s.st_mode & S_IFMT);
    FILE* w = fopen("/tmp/qd/dax0.0", "w");
    fstat(fileno(w), &s);
    printf("fopenw=%o ", s.st_mode & S_IFMT);
    unlink("/tmp/qd");
  });
  ROW("creat.openat", {
    int d = open("/dev", O_RDONLY);
    int f = openat(d, "dax0.0", O_CREAT | O_RDWR, 0600);
    struct stat s;
    fstat(f, &s);
    printf("%o ", s.st_mode & S_IFMT);
    d = open("/proc/self/root/dev", O_RDONLY);
    f = openat(d, "dax0.0", O_CREAT | O_RDWR, 0600);
    fstat(f, &s);
    printf("%o ", s.st_mode & S_IFMT);
  });
  ROW("creat.cwd", {
    chdir("/dev");
    int f = open("dax0.0", O_CREAT | O_RDWR, 0600);
    struct stat s;
    fstat(f, &s);
    printf("%o ", s.st_mode & S_IFMT);
    symlink("/dev", "/tmp/qe");
    chdir("/tmp/qe");
    f = open("dax0.0", O_CREAT | O_RDWR, 0600);
    fstat(f, &s);
    printf("%o ", s.st_mode & S_IFMT);
    f = open("/proc/self/cwd/dax0.0", O_CREAT | O_RDWR, 0600);
    fstat(f, &s);
    printf("cwd=%o ", s.st_mode & S_IFMT);
    unlink("/tmp/qe");
  });
  ROW("creat.trailing", { pr("slash", open(DEV "/", O_CREAT | O_RDWR, 0600)); });
  ROW("lock.whence", {
    int f = o();
    struct flock e = {F_WRLCK, SEEK_END, -4096, 4096, 0};
    pr("end", fcntl(f, F_SETLK, &e));
    struct flock e2 = {F_WRLCK, SEEK_END, 0, 100, 0};
    pr("end0", fcntl(f, F_SETLK, &e2));
    struct flock g = {F_WRLCK, SEEK_SET, 0, 0, 0};
    fflush(stdout);
    pid_t k = fork();
    if (!k) {
      int h = o();
      struct flock q = {F_WRLCK, SEEK_SET, 0, 0, 0};
      pr("get", fcntl(h, F_GETLK, &q));
      printf("type=%d start=%ld len=%ld ", q.l_type, (long)q.l_start, (long)q.l_len);
      fflush(stdout);
      _exit(0);
    }
    waitpid(k, 0, 0);
  });
  ROW("lease", {
    int f = open(DEV, O_RDONLY);
    prn("unlck", fcntl(f, F_SETLEASE, F_UNLCK));
    prn("rd", fcntl(f, F_SETLEASE, F_RDLCK));
  });
  ROW("ftok", { prn("ftok", ftok(DEV, 1) != -1); });
  ROW("opath.fchmod", {
    int f = open(DEV, O_PATH);
    pr("fchmod", fchmod(f, 0600));
    pr("fchown", fchown(f, 0, 0));
    pr("futimens", futimens(f, 0));
    pr("fsetxattr", fsetxattr(f, "user.x", "v", 1, 0));
    pr("ftruncate", ftruncate(f, 0));
    pr("fsync", fsync(f));
    pr("lseek", lseek(f, 0, 0));
    pr("fallocate", fallocate(f, 0, 0, 1));
    struct stat s;
    pr("fstat", fstat(f, &s));
    struct statvfs vf;
    pr("fstatvfs", fstatvfs(f, &vf));
    pr("fchdir", fchdir(f));
    pr("sync_fr", sync_file_range(f, 0, 0, 7));
    pr("readahead", readahead(f, 0, 1));
    pr("fadvise", ({
         int e = posix_fadvise(f, 0, 0, 0);
         errno = e;
         e ? -1 : 0;
       }));
    pr("syncfs", syncfs(f));
    pr("poll", ({
         struct pollfd q = {f, 1, 0};
         int r = poll(&q, 1, 0);
         printf("rev=%x ", q.revents);
         r;
       }));
  });
  ROW("vmsplice-order", {
    int f = o();
    prn("fallocate2", fallocate(f, 2, 0, 4096));
    prn("fa2ro", fallocate(open(DEV, O_RDONLY), 2, 0, 4096));
  });
  ROW("setlocks.proc", {
    int f = o();
    flock(f, LOCK_EX);
    struct stat s;
    fstat(f, &s);
    FILE* l = fopen("/proc/locks", "r");
    char b[200], w[60];
    int n = 0;
    sprintf(w, ":%lu 0 EOF", (unsigned long)s.st_ino);
    while (fgets(b, 200, l))
      n += strstr(b, w) != 0;
    printf("n=%d ", n);
  });
  ROW("etc-passwd", {
    pr("open", open("/etc/passwd/../../dev/dax0.0", O_RDWR));
    pr("null", open("/dev/null/../dax0.0", O_RDWR));
    struct stat s;
    pr("stat", stat("/dev/null/../dax0.0", &s));
    pr("missing", open("/nonexist/../dev/dax0.0", O_RDWR));
  });
  ROW("inotify", {
    int i = syscall(SYS_inotify_init1, O_NONBLOCK);
    pr("add", syscall(SYS_inotify_add_watch, i, "/dev", 0xfff));
    int f = o();
    close(f);
    chmod(DEV, 0600);
    usleep(100000);
    char b[4096];
    int n = read(i, b, 4096);
    int ev = 0;
    for (char* q = b; q < b + n; q += 16 + *(int*)(q + 12))
      if (!strcmp(q + 16, "dax0.0"))
        ev++;
    printf("events=%d ", ev);
  });
  ROW("badptr", {
    t_install();
    if (!sigsetjmp(jb, 1)) {
      long r = open((char*)8, 0);
      pr("open", r);
    } else
      printf("open=SIG%s ", sigabbrev_np(t_sig));
    if (!sigsetjmp(jb, 1)) {
      long r = stat(DEV, (void*)8);
      pr("stat", r);
    } else
      printf("stat=SIG%s ", sigabbrev_np(t_sig));
    if (!sigsetjmp(jb, 1)) {
      long r = fstat(o(), (void*)8);
      pr("fstat", r);
    } else
      printf("fstat=SIG%s ", sigabbrev_np(t_sig));
    if (!sigsetjmp(jb, 1)) {
      long r = access((void*)-4096, 0);
      pr("access", r);
    } else
      printf("access=SIG%s ", sigabbrev_np(t_sig));
    if (!sigsetjmp(jb, 1)) {
      long r = open(0, 0);
      pr("openNULL", r);
    } else
      printf("openNULL=SIG%s ", sigabbrev_np(t_sig));
    if (!sigsetjmp(jb, 1)) {
      long r = stat("/tmp", (void*)8);
      pr("stat-tmp", r);
    } else
      printf("stat-tmp=SIG%s ", sigabbrev_np(t_sig));
  });
  return 0;
}
