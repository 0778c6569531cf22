/* Forty forms of the path, twelve calls each; directories, roots, O_PATH and /proc/self/fd. */
#include "sweep1.h"
void path_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  static const char* paths[] = {"/dev/dax0.0",
                                "//dev/dax0.0",
                                "/dev//dax0.0",
                                "/dev/./dax0.0",
                                "/dev/../dev/dax0.0",
                                "/dev/dax0.0/",
                                "/dev/dax0.0/.",
                                "/dev/dax0.0/..",
                                "/dev/dax0.0/x",
                                "/dev/dax0.0//",
                                "/dev/dax00.0",
                                "/dev/dax0",
                                "/dev/dax0.",
                                "/dev/dax0.00",
                                "/dev/dax0.0x",
                                "/dev/dax",
                                "/tmp/dev/dax0.0",
                                "/proc/self/root/dev/dax0.0",
                                "/proc/1/root/dev/dax0.0",
                                "/proc/thread-self/root/dev/dax0.0",
                                "/dev/fd/../../../dev/dax0.0",
                                "/proc/self/cwd/dev/dax0.0",
                                "dev/dax0.0",
                                "./dev/dax0.0",
                                "../../../../dev/dax0.0",
                                "/sys/../dev/dax0.0",
                                "/sys/class/../../dev/dax0.0",
                                "/proc/../dev/dax0.0",
                                "/sys/bus/dax/devices/dax0.0/../../../../../dev/dax0.0",
                                "/nonexist/../dev/dax0.0",
                                "/etc/passwd/../../dev/dax0.0",
                                "/dev/null/../dax0.0",
                                "/dev/shm/../dax0.0",
                                "/dev/pts/../dax0.0",
                                "/tmp/l1",
                                "/tmp/l2/dax0.0",
                                "/tmp/l3",
                                "/tmp/l4",
                                "/tmp/l5/",
                                "/tmp/l6",
                                ""};
  unlink("/tmp/l1");
  unlink("/tmp/l2");
  unlink("/tmp/l3");
  unlink("/tmp/l4");
  unlink("/tmp/l5");
  unlink("/tmp/l6");
  symlink(DEV, "/tmp/l1");
  symlink("/dev", "/tmp/l2");
  symlink("../dev/dax0.0", "/tmp/l3");
  symlink("/tmp/l3", "/tmp/l4");
  symlink(DEV, "/tmp/l5");
  symlink("l4", "/tmp/l6");
  chdir("/");
  for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
    const char* p = paths[i];
    char t[200];
    snprintf(t, 200, "path.%s", p);
    ROW(t, {
      struct stat s;
      struct statx x;
      memset(&s, 0, sizeof s);
      pr("open", open(p, O_RDWR));
      int r = stat(p, &s);
      pr("stat", r);
      if (!r)
        printf("%o ", s.st_mode & S_IFMT);
      r = lstat(p, &s);
      pr("lstat", r);
      if (!r)
        printf("%o ", s.st_mode & S_IFMT);
      pr("access", access(p, R_OK));
      Y("faccessat2", SYS_faccessat2, AT_FDCWD, p, R_OK, AT_EACCESS);
      char b[4096];
      memset(b, 0, 4096);
      prn("readlink", readlink(p, b, 4095));
      printf("%s ", b);
      char* q = realpath(p, 0);
      printf("real=%s ", q ? q : en(errno));
      Y("statx", SYS_statx, AT_FDCWD, p, 0, 0xfff, &x);
      {
        int ce = syscall(SYS_openat, AT_FDCWD, p, O_CREAT | O_EXCL | O_RDWR, 0600);
        pr("creat-excl", ce);
        if (ce >= 0)
          unlink(p);
      }
      struct open_how h = {O_RDWR, 0, 0};
      Y("openat2", SYS_openat2, AT_FDCWD, p, &h, sizeof h);
      h.resolve = RESOLVE_NO_SYMLINKS;
      Y("nosym", SYS_openat2, AT_FDCWD, p, &h, sizeof h);
      h.resolve = RESOLVE_BENEATH;
      Y("beneath", SYS_openat2, AT_FDCWD, p, &h, sizeof h);
      h.resolve = RESOLVE_IN_ROOT;
      Y("inroot", SYS_openat2, AT_FDCWD, p, &h, sizeof h);
      h.resolve = RESOLVE_NO_XDEV;
      Y("noxdev", SYS_openat2, AT_FDCWD, p, &h, sizeof h);
      h.resolve = RESOLVE_CACHED;
      (void)open(p, O_RDWR);
      Y("cached", SYS_openat2, AT_FDCWD, p, &h, sizeof h);
    });
  }
  ROW("path.openat2.dirfd", {
    int d = open("/dev", O_PATH);
    struct open_how h = {O_RDWR, 0, RESOLVE_BENEATH};
    Y("beneath", SYS_openat2, d, "dax0.0", &h, sizeof h);
    Y("beneath-dot", SYS_openat2, d, "./dax0.0", &h, sizeof h);
    Y("beneath-out", SYS_openat2, d, "../dev/dax0.0", &h, sizeof h);
    h.resolve = RESOLVE_IN_ROOT;
    Y("inroot", SYS_openat2, d, "/dax0.0", &h, sizeof h);
    h.resolve = RESOLVE_NO_SYMLINKS;
    Y("nosym", SYS_openat2, d, "dax0.0", &h, sizeof h);
    h.resolve = RESOLVE_NO_MAGICLINKS;
    int fd = o();
    char b[64];
    sprintf(b, "/proc/self/fd/%d", fd);
    Y("nomagic", SYS_openat2, AT_FDCWD, b, &h, sizeof h);
    h.resolve = 0;
    Y("magic", SYS_openat2, AT_FDCWD, b, &h, sizeof h);
  });
  ROW("path.chdir", {
    pr("chdir", chdir("/dev"));
    pr("rel", open("dax0.0", O_RDWR));
    pr("rel2", open("./dax0.0", O_RDWR));
    pr("rel3", open("../dev/dax0.0", O_RDWR));
    pr("cwd", open("/proc/self/cwd/dax0.0", O_RDWR));
    char b[99];
    sprintf(b, "/proc/%d/cwd/dax0.0", getpid());
    pr("pidcwd", open(b, O_RDWR));
    struct stat s;
    Y("newfstatat", SYS_newfstatat, AT_FDCWD, "dax0.0", &s, 0);
    Y("nfs-empty", SYS_newfstatat, o(), "", &s, AT_EMPTY_PATH);
    printf("%o ", s.st_mode);
  });
  ROW("path.chroot", {
    pr("chroot", chroot("/dev"));
    pr("open", open("/dax0.0", O_RDWR));
    pr("olddev", open("/dev/dax0.0", O_RDWR));
  });
  ROW("path.long", {
    char b[5000];
    memset(b, '/', 4999);
    memcpy(b + 4080, "/dev/dax0.0", 12);
    pr("4091", open(b, O_RDWR));
    memset(b, '/', 4999);
    memcpy(b + 4090, "/dev/dax0.0", 12);
    pr("4101", open(b, O_RDWR));
  });
  ROW("path.badptr.0", { pr("open", syscall(SYS_open, 8, O_RDWR)); });
  ROW("path.badptr.1", { pr("stat", syscall(SYS_stat, DEV, 8)); });
  ROW("path.badptr.2", { pr("statx", syscall(SYS_statx, AT_FDCWD, DEV, 0, 0xfff, 8)); });
  ROW("path.badptr.3", { pr("readlink", syscall(SYS_readlink, DEV, 8, 8)); });
  ROW("path.badptr.4", { pr("fstat", syscall(SYS_fstat, o(), 8)); });
  ROW("path.badptr.5", { pr("statfs", syscall(SYS_statfs, DEV, 8)); });
  ROW("path.badptr.6", { pr("getx", syscall(SYS_getxattr, DEV, "user.x", 8, 8)); });
  // ---- proc fd, opath
  ROW("opath", {
    int p = open(DEV, O_PATH);
    char b[64];
    sprintf(b, "/proc/self/fd/%d", p);
    int f = open(b, O_RDWR);
    pr("reopen", f);
    char l[99] = "";
    prn("link", readlink(b, l, 98));
    printf("%s ", l);
    pr("map", mmap(0, A, 3, MAP_SHARED, p, 0) == MAP_FAILED ? -1 : 0);
    pr("map2", mmap(0, A, 3, MAP_SHARED, f, 0) == MAP_FAILED ? -1 : 0);
    pr("fchmod", fchmod(p, 0600));
    pr("chmod", chmod(b, 0640));
    struct stat s;
    fstat(p, &s);
    printf("%o ", s.st_mode);
    chmod(DEV, 0600);
    pr("flock", flock(p, LOCK_EX));
    pr("read", read(p, b, 1));
    pr("fchownat", fchownat(p, "", 0, 0, AT_EMPTY_PATH));
    Y("fchownat-raw", SYS_fchownat, p, "", 0, 0, AT_EMPTY_PATH);
    pr("linkat", linkat(p, "", AT_FDCWD, "/dev/lnk", AT_EMPTY_PATH));
    unlink("/dev/lnk");
    pr("ioctl", ioctl(p, FIONBIO, b));
    prn("getfl", fcntl(p, F_GETFL));
    prn("dup", fcntl(p, F_DUPFD, 0) >= 0);
  });
  ROW("procfd.other", {
    int f = o();
    char b[64];
    pid_t me = getpid();
    fflush(stdout);
    pid_t c2 = fork();
    if (!c2) {
      close(f);
      sprintf(b, "/proc/%d/fd/%d", me, f);
      int g = open(b, O_RDWR);
      pr("open", g);
      struct stat s;
      stat(b, &s);
      printf("chr=%d ", S_ISCHR(s.st_mode));
      pr("map", mmap(0, A, 3, MAP_SHARED, g, 0) == MAP_FAILED ? -1 : 0);
      char l[99] = "";
      prn("link", readlink(b, l, 98));
      printf("%s ", l);
      fflush(stdout);
      _exit(0);
    }
    waitpid(c2, 0, 0);
  });
  ROW("procfd.fdinfo", {
    int f = o();
    char b[64];
    sprintf(b, "/proc/self/fdinfo/%d", f);
    FILE* g = fopen(b, "r");
    while (g && fgets(b, 64, g)) {
      char* z = strchr(b, '\n');
      if (z)
        *z = 0;
      if (strncmp(b, "mnt_id", 6) && strncmp(b, "ino", 3))
        printf("[%s] ", b);
    }
  });
}
