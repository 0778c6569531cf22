/* Link, rename, mknod, unlink and bind on the node and in its directory; what /proc says of the device. */
#include "sweep1.h"
void name_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("name.link", {
    pr("link", link(DEV, "/dev/daxlink"));
    struct stat s;
    memset(&s, 0, sizeof s);
    stat("/dev/daxlink", &s);
    printf("chr=%d nlink=%d ", S_ISCHR(s.st_mode), (int)s.st_nlink);
    int f = open("/dev/daxlink", O_RDWR);
    pr("open", f);
    pr("map", mmap(0, A, 3, MAP_SHARED, f, 0) == MAP_FAILED ? -1 : 0);
    pr("unlink", unlink("/dev/daxlink"));
    pr("link-tmp", link(DEV, "/tmp/daxlink"));
    unlink("/tmp/daxlink");
  });
  ROW("name.rename", {
    pr("rename", rename(DEV, "/dev/daxren"));
    int f = open("/dev/daxren", O_RDWR);
    pr("open", f);
    pr("old", open(DEV, O_RDWR));
    pr("back", rename("/dev/daxren", DEV));
    pr("again", open(DEV, O_RDWR));
    pr("xdev", rename(DEV, "/dev/shm/d"));
    pr("overnull", syscall(SYS_renameat2, AT_FDCWD, DEV, AT_FDCWD, "/dev/null", RENAME_NOREPLACE));
  });
  ROW("name.mknod", {
    struct stat s;
    stat(DEV, &s);
    unlink("/tmp/mydax");
    pr("mknod", mknod("/tmp/mydax", S_IFCHR | 0600, s.st_rdev));
    int f = open("/tmp/mydax", O_RDWR);
    pr("open", f);
    if (f >= 0)
      pr("map", mmap(0, A, 3, MAP_SHARED, f, 0) == MAP_FAILED ? -1 : 0);
    unlink("/tmp/mydax");
    Y("raw", SYS_mknod, "/tmp/mydax", S_IFCHR | 0600, s.st_rdev);
    f = open("/tmp/mydax", O_RDWR);
    pr("open", f);
    unlink("/tmp/mydax");
    pr("indev", mknod("/dev/mydax", S_IFCHR | 0600, s.st_rdev));
    f = open("/dev/mydax", O_RDWR);
    pr("open", f);
    unlink("/dev/mydax");
    pr("minor+1", mknod("/tmp/mydax", S_IFCHR | 0600, s.st_rdev + 77));
    pr("open", open("/tmp/mydax", O_RDWR));
    unlink("/tmp/mydax");
  });
  ROW("name.unlink", {
    struct stat s;
    stat(DEV, &s);
    int f = o();
    pr("unlink", unlink(DEV));
    pr("open", open(DEV, O_RDWR));
    struct stat t;
    fstat(f, &t);
    printf("nlink=%d ", (int)t.st_nlink);
    char l[99] = "";
    char b[64];
    sprintf(b, "/proc/self/fd/%d", f);
    readlink(b, l, 98);
    printf("%s ", l);
    pr("map", mmap(0, A, 3, MAP_SHARED, f, 0) == MAP_FAILED ? -1 : 0);
    pr("reopen", open(b, O_RDWR));
    pr("mknod", mknod(DEV, S_IFCHR | 0600, s.st_rdev));
    f = open(DEV, O_RDWR);
    pr("open", f);
    pr("map", mmap(0, A, 3, MAP_SHARED, f, 0) == MAP_FAILED ? -1 : 0);
  });
  ROW("name.symlinkover", {
    pr("symlink", symlink("/tmp/q", DEV));
    pr("mkdir", mkdir(DEV, 0700));
    pr("rmdir", rmdir(DEV));
    pr("mkfifo", mkfifo(DEV, 0600));
    pr("creat", creat(DEV, 0600));
    pr("unlinkat-dir", unlinkat(AT_FDCWD, DEV, AT_REMOVEDIR));
  });
  ROW("zbind", {
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un u = {AF_UNIX, DEV};
    struct stat b;
    pr("bind", bind(s, (void*)&u, sizeof u));
    Y("rawbind", SYS_bind, s, &u, sizeof u);
    int k = socket(AF_UNIX, SOCK_DGRAM, 0);
    pr("bind2", bind(k, (void*)&u, sizeof u));
    stat(DEV, &b);
    printf("%o ", b.st_mode & S_IFMT);
  });
  // ---- proc / sys text
  ROW("proc.devices", {
    FILE* f = fopen("/proc/devices", "r");
    char b[99];
    struct stat s;
    stat(DEV, &s);
    int n = 0;
    while (fgets(b, 99, f)) {
      unsigned mj;
      char nm[64];
      if (sscanf(b, "%u %63s", &mj, nm) == 2 && mj == major(s.st_rdev) && !n) {
        printf("%s ", nm);
        n = 1;
      }
    }
  });
  ROW("proc.iomem", {
    FILE* f = fopen("/proc/iomem", "r");
    char b[199];
    while (f && fgets(b, 199, f))
      if (strstr(b, "dax") || strstr(b, "Soft") || strstr(b, "Persistent")) {
        char* q = strchr(b, ':');
        q[strlen(q) - 1] = 0;
        int ind = strspn(b, " ");
        printf("[%d%s] ", ind, q);
      }
  });
  ROW("proc.modules", {
    FILE* f = fopen("/proc/modules", "r");
    char b[999];
    int n = 0;
    while (f && fgets(b, 999, f))
      if (strstr(b, "device_dax") || strstr(b, "dax_hmem") || strstr(b, "kmem "))
        n++;
    printf("%d module:%d ", n > 0, access("/sys/module/device_dax", F_OK));
  });
  ROW("proc.locks", {
    int f = o();
    struct flock k = {F_WRLCK, SEEK_SET, 0, 100, 0};
    fcntl(f, F_SETLK, &k);
    FILE* l = fopen("/proc/locks", "r");
    char b[200];
    struct stat s;
    fstat(f, &s);
    int n = 0;
    char want[64];
    sprintf(want, "%02x:%02x:%lu ", major(s.st_dev), minor(s.st_dev), (unsigned long)s.st_ino);
    while (l && fgets(b, 200, l))
      if (strstr(b, want))
        n++;
    printf("locks=%d ", n);
  });
}
