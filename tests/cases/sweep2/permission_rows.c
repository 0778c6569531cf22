/* Mode, owner, capabilities and times of the node, for root and for nobody. */
#include "sweep2.h"
void permission_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("perm.nobody", {
    nobody();
    pr("open", open(DEV, O_RDWR));
    pr("ro", open(DEV, O_RDONLY));
    pr("path", open(DEV, O_PATH));
    pr("access", access(DEV, R_OK));
    Y("faccessat2", SYS_faccessat2, AT_FDCWD, DEV, 4, AT_EACCESS);
    struct stat s;
    pr("stat", stat(DEV, &s));
    pr("chmod", chmod(DEV, 0666));
    pr("chown", chown(DEV, 65534, -1));
    pr("utimes", utimensat(AT_FDCWD, DEV, 0, 0));
    struct timespec ts[2] = {{1, 1}, {1, 1}};
    pr("utimes2", utimensat(AT_FDCWD, DEV, ts, 0));
    pr("trunc", truncate(DEV, 0));
    pr("unlink", unlink(DEV));
    pr("rename", rename(DEV, "/tmp/zz"));
    pr("creat", open(DEV, O_CREAT | O_RDWR, 0666));
    pr("excl", open(DEV, O_CREAT | O_EXCL | O_RDWR, 0666));
    pr("exec", execl(DEV, "x", 0));
    pr("setx", setxattr(DEV, "user.x", "v", 1, 0));
    pr("getx", getxattr(DEV, "user.x", &s, 1));
    pr("trx", setxattr(DEV, "trusted.x", "v", 1, 0));
    pr("size", open("/sys/bus/dax/devices/dax0.0/size", O_RDONLY));
    pr("resource", open("/sys/bus/dax/devices/dax0.0/resource", O_RDONLY));
    pr("sizew", open("/sys/bus/dax/devices/dax0.0/size", O_WRONLY));
    pr("unbind", open("/sys/bus/dax/drivers/device_dax/unbind", O_WRONLY));
    pr("symlink", symlink("a", DEV));
    pr("mkdir", mkdir(DEV, 0700));
    pr("link", link(DEV, "/tmp/yy"));
    pr("inotify", syscall(SYS_inotify_add_watch, syscall(SYS_inotify_init), DEV, 2));
  });
  ROW("perm.fd-kept", {
    int fd = o();
    char* p = m(fd, A);
    nobody();
    void* q = mmap(0, A, 3, MAP_SHARED, fd, 0);
    pr("map", q == MAP_FAILED ? -1 : 0);
    char b[64];
    sprintf(b, "/proc/self/fd/%d", fd);
    pr("reopen", open(b, O_RDWR));
    pr("fchmod", fchmod(fd, 0666));
    pr("fchown", fchown(fd, 65534, -1));
    pr("futimens", futimens(fd, 0));
    pr("noatime", fcntl(fd, F_SETFL, O_NOATIME));
    touch("t", p, 1);
    pr("hwpoison", madvise(p, 4096, MADV_HWPOISON));
    pr("mlock", mlock(p, 4096));
  });
  static const int modes[] = {0666, 0444, 0222, 0660, 0000, 0755, 04755, 01777, 0600};
  for (int i = 0; i < 9; i++) {
    char t[64];
    sprintf(t, "perm.chmod.%o", modes[i]);
    ROW(t, {
      pr("chmod", chmod(DEV, modes[i]));
      struct stat s;
      stat(DEV, &s);
      printf("%o ", s.st_mode);
      pr("rw", open(DEV, O_RDWR));
      fflush(stdout);
      pid_t q = fork();
      if (!q) {
        nobody();
        pr("n.rw", open(DEV, O_RDWR));
        pr("n.ro", open(DEV, O_RDONLY));
        pr("n.wo", open(DEV, O_WRONLY));
        pr("n.acc", access(DEV, R_OK));
        pr("n.accw", access(DEV, W_OK));
        pr("n.size", open("/sys/bus/dax/devices/dax0.0/size", O_RDONLY));
        fflush(stdout);
        _exit(0);
      }
      waitpid(q, 0, 0);
      pr("back", chmod(DEV, 0600));
    });
  }
  ROW("perm.chown", {
    pr("chown", chown(DEV, 65534, 65534));
    struct stat s;
    stat(DEV, &s);
    printf("%d %d ", s.st_uid, s.st_gid);
    fflush(stdout);
    pid_t q = fork();
    if (!q) {
      nobody();
      pr("n.rw", open(DEV, O_RDWR));
      pr("n.chmod", chmod(DEV, 0666));
      fflush(stdout);
      _exit(0);
    }
    waitpid(q, 0, 0);
    pr("back", chown(DEV, 0, 0));
    pr("chmod", chmod(DEV, 0600));
  });
  ROW("perm.caps", {
    Y("capset", SYS_prctl, PR_CAPBSET_DROP, 1, 0, 0, 0);
    struct {
      int v, p;
    } hd = {0x20080522, 0};
    struct {
      unsigned e, pm, i;
    } dt[2] = {0};
    Y("capset", SYS_capset, &hd, dt);
    pr("open", open(DEV, O_RDWR));
    chmod(DEV, 0);
    pr("open0", open(DEV, O_RDWR));
    struct stat s;
    stat(DEV, &s);
    printf("%o ", s.st_mode);
    chmod(DEV, 0600);
  });
  ROW("stat.times", {
    struct stat a, b;
    stat(DEV, &a);
    usleep(50000);
    int fd = o();
    char* p = m(fd, A);
    p[0] = 1;
    munmap(p, A);
    close(fd);
    stat(DEV, &b);
    printf("atime=%d mtime=%d ctime=%d ", a.st_atim.tv_nsec == b.st_atim.tv_nsec && a.st_atime == b.st_atime,
           a.st_mtim.tv_nsec == b.st_mtim.tv_nsec, a.st_ctim.tv_nsec == b.st_ctim.tv_nsec);
    chmod(DEV, 0600);
    struct stat d;
    stat(DEV, &d);
    printf("ctime-after-chmod-moved=%d ", d.st_ctim.tv_nsec != b.st_ctim.tv_nsec || d.st_ctime != b.st_ctime);
    struct timespec ts[2] = {{1000, 5}, {2000, 6}};
    utimensat(AT_FDCWD, DEV, ts, 0);
    stat(DEV, &d);
    printf("a=%ld m=%ld ", d.st_atime, d.st_mtime);
  });
}
