/* Extended attributes of every namespace, and times, by libc and by number. */
#include "sweep1.h"
void xattr_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  static const char* names[] = {"user.x",
                                "trusted.x",
                                "security.x",
                                "system.posix_acl_access",
                                "system.posix_acl_default",
                                "bogus.x",
                                "system.x",
                                "security.capability",
                                ""};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    const char* n = names[i];
    char t[99];
    snprintf(t, 99, "xattr.raw.%s", n);
    ROW(t, {
      int fd = o();
      char b[64];
      Y("set", SYS_setxattr, DEV, n, "v", 1, 0);
      YN("get", SYS_getxattr, DEV, n, b, 64);
      Y("lset", SYS_lsetxattr, DEV, n, "v", 1, 0);
      YN("lget", SYS_lgetxattr, DEV, n, b, 64);
      Y("fset", SYS_fsetxattr, fd, n, "v", 1, 0);
      YN("fget", SYS_fgetxattr, fd, n, b, 64);
      Y("rm", SYS_removexattr, DEV, n);
      Y("lrm", SYS_lremovexattr, DEV, n);
      Y("frm", SYS_fremovexattr, fd, n);
    });
    snprintf(t, 99, "xattr.libc.%s", n);
    ROW(t, {
      int fd = o();
      char b[64];
      pr("set", setxattr(DEV, n, "v", 1, 0));
      prn("get", getxattr(DEV, n, b, 64));
      pr("lset", lsetxattr(DEV, n, "v", 1, 0));
      prn("lget", lgetxattr(DEV, n, b, 64));
      pr("fset", fsetxattr(fd, n, "v", 1, 0));
      prn("fget", fgetxattr(fd, n, b, 64));
      pr("create", fsetxattr(fd, n, "v", 1, XATTR_CREATE));
      pr("replace", fsetxattr(fd, n, "v", 1, XATTR_REPLACE));
      pr("rm", removexattr(DEV, n));
      pr("lrm", lremovexattr(DEV, n));
      pr("frm", fremovexattr(fd, n));
    });
  }
  ROW("xattr.list.raw", {
    int fd = o();
    char b[256];
    YN("list", SYS_listxattr, DEV, b, 256);
    YN("llist", SYS_llistxattr, DEV, b, 256);
    YN("flist", SYS_flistxattr, fd, b, 256);
    YN("size", SYS_flistxattr, fd, 0, 0);
  });
  ROW("xattr.list.libc", {
    int fd = o();
    char b[256];
    prn("list", listxattr(DEV, b, 256));
    prn("llist", llistxattr(DEV, b, 256));
    prn("flist", flistxattr(fd, b, 256));
  });
  ROW("xattr.kept", {
    pr("set", setxattr(DEV, "trusted.k", "val", 3, 0));
    char b[64] = "";
    prn("get", getxattr(DEV, "trusted.k", b, 64));
    printf("%s ", b);
    char l[256];
    ssize_t n = listxattr(DEV, l, 256);
    prn("list", n);
    int fd = o();
    memset(b, 0, 64);
    prn("fget", fgetxattr(fd, "trusted.k", b, 64));
    printf("%s ", b);
    Y("rawget", SYS_getxattr, DEV, "trusted.k", b, 64);
    pr("create", setxattr(DEV, "trusted.k", "v", 1, XATTR_CREATE));
    prn("small", getxattr(DEV, "trusted.k", b, 1));
    pr("rm", removexattr(DEV, "trusted.k"));
  });
  ROW("xattr.opath", {
    int fd = open(DEV, O_PATH);
    char b[9];
    Y("fget", SYS_fgetxattr, fd, "user.x", b, 9);
    Y("fset", SYS_fsetxattr, fd, "user.x", b, 1, 0);
    Y("flist", SYS_flistxattr, fd, b, 9);
    pr("lfget", fgetxattr(fd, "user.x", b, 9));
    pr("lfset", fsetxattr(fd, "user.x", b, 1, 0));
  });
  // ---- times
  ROW("time.raw", {
    int fd = o();
    struct timespec ts[2] = {{1000, 5}, {2000, 6}};
    struct timeval tv[2] = {{1000, 5}, {2000, 6}};
    struct utimbuf ub = {77, 88};
    struct stat s;
    Y("utime", SYS_utime, DEV, &ub);
    stat(DEV, &s);
    printf("%ld %ld ", (long)s.st_atime, (long)s.st_mtime);
    Y("utimes", SYS_utimes, DEV, tv);
    fstat(fd, &s);
    printf("%ld %ld ", (long)s.st_atime, (long)s.st_mtime);
    Y("futimesat", SYS_futimesat, AT_FDCWD, DEV, tv);
    Y("futimesat-fd", SYS_futimesat, fd, NULL, tv);
    Y("utimensat", SYS_utimensat, AT_FDCWD, DEV, ts, 0);
    Y("utimensat-fd", SYS_utimensat, fd, NULL, ts, 0);
    Y("utimensat-empty", SYS_utimensat, fd, "", ts, AT_EMPTY_PATH);
    Y("utimensat-nofollow", SYS_utimensat, AT_FDCWD, DEV, ts, AT_SYMLINK_NOFOLLOW);
    Y("utimensat-bad", SYS_utimensat, AT_FDCWD, DEV, ts, 0x40000);
    fstat(fd, &s);
    printf("%ld.%ld %ld.%ld ", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    struct timespec om[2] = {{0, UTIME_OMIT}, {5, 1}};
    Y("omit", SYS_utimensat, AT_FDCWD, DEV, om, 0);
    stat(DEV, &s);
    printf("%ld %ld ", s.st_atime, s.st_mtime);
  });
}
