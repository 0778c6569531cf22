/* Calls on the descriptor by number: transfers, space, locks, every fcntl and ioctl that the VFS may answer. */
#include "sweep1.h"
void descriptor_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("fd.raw.rw", {
    int f = o();
    char b[16];
    struct iovec i = {b, 8};
    YN("read", SYS_read, f, b, 8);
    YN("pread", SYS_pread64, f, b, 8, 0);
    YN("readv", SYS_readv, f, &i, 1);
    YN("preadv", SYS_preadv, f, &i, 1, 0, 0);
    YN("preadv2", SYS_preadv2, f, &i, 1, 0, 0, 0);
    YN("preadv2-1", SYS_preadv2, f, &i, 1, -1, -1, 0);
    YN("preadv2-bad", SYS_preadv2, f, &i, 1, 0, 0, 0x1000);
    YN("write", SYS_write, f, b, 8);
    YN("pwrite", SYS_pwrite64, f, b, 8, 0);
    YN("writev", SYS_writev, f, &i, 1);
    YN("pwritev", SYS_pwritev, f, &i, 1, 0, 0);
    YN("pwritev2", SYS_pwritev2, f, &i, 1, 0, 0, 0);
    YN("readv0", SYS_readv, f, &i, 0);
    YN("readv-neg", SYS_readv, f, &i, -1);
    YN("readv-bad", SYS_readv, f, 8, 1);
    YN("readv-1025", SYS_readv, f, &i, 1025);
    YN("lseek", SYS_lseek, f, 100, SEEK_END);
    YN("lseek9", SYS_lseek, f, 100, 9);
    YN("read-big", SYS_read, f, b, -1L);
  });
  ROW("fd.raw.copy", {
    int f = o();
    int p[2];
    pipe(p);
    int t = open("/tmp/cf", O_CREAT | O_RDWR, 0600);
    write(t, "hello", 5);
    lseek(t, 0, 0);
    write(p[1], "abc", 3);
    loff_t z = 0;
    YN("tee-in", SYS_tee, f, p[1], 8, 0);
    YN("tee-out", SYS_tee, p[0], f, 8, 0);
    YN("tee-self", SYS_tee, f, f, 8, 0);
    prn("libtee", tee(p[0], f, 8, 0));
    YN("splice-in", SYS_splice, f, 0, p[1], 0, 8, 0);
    YN("splice-out", SYS_splice, p[0], 0, f, 0, 8, 0);
    YN("splice-off", SYS_splice, p[0], 0, f, &z, 8, 0);
    YN("splice-flag", SYS_splice, p[0], 0, f, 0, 8, 0x100);
    YN("splice0", SYS_splice, p[0], 0, f, 0, 0, 0);
    YN("sendfile-out", SYS_sendfile, f, t, 0, 5);
    YN("sendfile-in", SYS_sendfile, t, f, 0, 5);
    YN("sendfile0", SYS_sendfile, t, f, 0, 0);
    YN("cfr-in", SYS_copy_file_range, f, 0, t, 0, 5, 0);
    YN("cfr-out", SYS_copy_file_range, t, 0, f, 0, 5, 0);
    YN("cfr-flag", SYS_copy_file_range, t, 0, f, 0, 5, 1);
    YN("cfr-self", SYS_copy_file_range, f, 0, f, 0, 5, 0);
    YN("cfr-0", SYS_copy_file_range, f, 0, t, 0, 0, 0);
    struct iovec i = {&z, 8};
    YN("vmsplice", SYS_vmsplice, f, &i, 1, 0);
    unlink("/tmp/cf");
  });
  ROW("fd.raw.space", {
    int f = o();
    for (int mode = 0; mode < 0x80; mode = mode ? mode * 2 : 1) {
      char b[32];
      sprintf(b, "fa%x", mode);
      Y(b, SYS_fallocate, f, mode, 0, 4096);
    }
    Y("fa3", SYS_fallocate, f, 3, 0, 4096);
    Y("fa-neg", SYS_fallocate, f, 0, -1, 4096);
    Y("fa-0", SYS_fallocate, f, 0, 0, 0);
    Y("ftr", SYS_ftruncate, f, 0);
    Y("ftr-neg", SYS_ftruncate, f, -1);
    Y("tr", SYS_truncate, DEV, 0);
    Y("tr-neg", SYS_truncate, DEV, -1);
    for (int a = 0; a < 8; a++) {
      char b[32];
      sprintf(b, "fadv%d", a);
      Y(b, SYS_fadvise64, f, 0, 0, a);
    }
    Y("fadv-neg", SYS_fadvise64, f, 0, -1, 0);
    YN("ra", SYS_readahead, f, 0, 4096);
    Y("sfr", SYS_sync_file_range, f, 0, 0, 0);
    Y("sfr7", SYS_sync_file_range, f, 0, 0, 7);
    Y("sfr8", SYS_sync_file_range, f, 0, 0, 8);
    Y("sfr-neg", SYS_sync_file_range, f, -1, 0, 0);
    Y("fsync", SYS_fsync, f);
    Y("fdsync", SYS_fdatasync, f);
    Y("syncfs", SYS_syncfs, f);
  });
  ROW("fd.raw.flock", {
    int f = o();
    int g = o();
    Y("ex", SYS_flock, f, LOCK_EX | LOCK_NB);
    Y("ex2", SYS_flock, g, LOCK_EX | LOCK_NB);
    Y("sh2", SYS_flock, g, LOCK_SH | LOCK_NB);
    int d = dup(f);
    Y("dup", SYS_flock, d, LOCK_SH | LOCK_NB);
    Y("sh2", SYS_flock, g, LOCK_SH | LOCK_NB);
    Y("bad", SYS_flock, g, 99);
    Y("mand", SYS_flock, g, 32 | 64);
    Y("un", SYS_flock, d, LOCK_UN);
    Y("ex3", SYS_flock, g, LOCK_EX | LOCK_NB);
    FILE* l = fopen("/proc/locks", "r");
    char b[200];
    int n = 0;
    struct stat s;
    fstat(f, &s);
    char want[64];
    sprintf(want, ":%lu ", (unsigned long)s.st_ino);
    while (l && fgets(b, 200, l))
      if (strstr(b, want) && strstr(b, "FLOCK"))
        n++;
    printf("locks=%d ", n);
  });
  ROW("fd.ofdlock", {
    int f = o();
    int g = o();
    struct flock k = {F_WRLCK, SEEK_SET, 0, 100, 0};
    pr("set", fcntl(f, F_OFD_SETLK, &k));
    k.l_type = F_RDLCK;
    pr("set2", fcntl(g, F_OFD_SETLK, &k));
    pr("get", fcntl(g, F_OFD_GETLK, &k));
    printf("t=%d pid=%d len=%ld ", k.l_type, k.l_pid, (long)k.l_len);
    k.l_pid = 5;
    k.l_type = F_WRLCK;
    pr("pid", fcntl(f, F_OFD_SETLK, &k));
    struct flock e = {F_WRLCK, SEEK_END, -10, 5, 0};
    pr("end", fcntl(f, F_SETLK, &e));
    struct flock cu = {F_WRLCK, SEEK_CUR, 0, 0, 0};
    pr("cur", fcntl(f, F_SETLK, &cu));
  });
  static const struct {
    const char* n;
    int cmd;
    long arg;
  } fc[] = {{"GETOWN", F_GETOWN, 0},
            {"SETOWN", F_SETOWN, 1},
            {"GETSIG", F_GETSIG, 0},
            {"SETSIG", F_SETSIG, 10},
            {"SETSIGbad", F_SETSIG, 999},
            {"SETLEASE-R", F_SETLEASE, F_RDLCK},
            {"SETLEASE-W", F_SETLEASE, F_WRLCK},
            {"SETLEASE-U", F_SETLEASE, F_UNLCK},
            {"GETLEASE", F_GETLEASE, 0},
            {"NOTIFY", F_NOTIFY, 1},
            {"GETPIPE", F_GETPIPE_SZ, 0},
            {"SETPIPE", F_SETPIPE_SZ, 4096},
            {"ADDSEALS", F_ADD_SEALS, 1},
            {"ADDSEALS0", F_ADD_SEALS, 0},
            {"GETSEALS", F_GET_SEALS, 0},
            {"1034", 1034, 0},
            {"1031bad", 1040, 0},
            {"cmd99", 99, 0},
            {"GETFD", F_GETFD, 0},
            {"SETFD", F_SETFD, 1},
            {"SETFL-DIRECT", F_SETFL, O_DIRECT},
            {"SETFL-ASYNC", F_SETFL, O_ASYNC},
            {"SETFL-APPEND", F_SETFL, O_APPEND},
            {"SETFL-NOATIME", F_SETFL, O_NOATIME},
            {"SETFL-all", F_SETFL, -1},
            {"DUPFD-neg", F_DUPFD, -1},
            {"DUPFD-big", F_DUPFD, 1 << 30},
            {"CANCELLK", 1029, 0}};
  for (unsigned i = 0; i < sizeof fc / sizeof *fc; i++) {
    char t[64];
    sprintf(t, "fcntl.%s", fc[i].n);
    ROW(t, {
      int f = o();
      prn("raw", syscall(SYS_fcntl, f, fc[i].cmd, fc[i].arg));
      int g = o();
      prn("libc", fcntl(g, fc[i].cmd, fc[i].arg));
      int q = open(DEV, O_RDONLY);
      prn("ro", fcntl(q, fc[i].cmd, fc[i].arg));
      int op = open(DEV, O_PATH);
      prn("path", fcntl(op, fc[i].cmd, fc[i].arg));
    });
  }
  ROW("fcntl.hints", {
    int f = o();
    uint64_t h = 9;
    pr("get", fcntl(f, F_GET_RW_HINT, &h));
    printf("%ld ", (long)h);
    h = 3;
    pr("set", fcntl(f, F_SET_RW_HINT, &h));
    pr("get", fcntl(f, F_GET_RW_HINT, &h));
    printf("%ld ", (long)h);
    int g = o();
    h = 9;
    pr("getother", fcntl(g, F_GET_RW_HINT, &h));
    printf("%ld ", (long)h);
    h = 99;
    pr("bad", fcntl(f, F_SET_RW_HINT, &h));
    h = 2;
    pr("fset", fcntl(f, F_SET_FILE_RW_HINT, &h));
    h = 0;
    pr("fget", fcntl(f, F_GET_FILE_RW_HINT, &h));
    printf("%ld ", (long)h);
    h = 0;
    fcntl(f, F_SET_RW_HINT, &h);
    Y("rawnull", SYS_fcntl, f, F_SET_RW_HINT, 0);
  });
  ROW("fcntl.ownex", {
    int f = o();
    struct f_owner_ex e = {0, 0};
    pr("get", fcntl(f, F_GETOWN_EX, &e));
    printf("%d %d ", e.type, e.pid);
    e.type = F_OWNER_TID;
    e.pid = syscall(SYS_gettid);
    pr("set", fcntl(f, F_SETOWN_EX, &e));
    pr("get", fcntl(f, F_GETOWN_EX, &e));
    printf("%d %d ", e.type, e.pid > 0);
  });
  static const struct {
    const char* n;
    unsigned long r;
  } io[] = {{"FIOCLEX", FIOCLEX},
            {"FIONCLEX", FIONCLEX},
            {"FIONBIO", FIONBIO},
            {"FIOASYNC", FIOASYNC},
            {"FIOQSIZE", FIOQSIZE},
            {"FIGETBSZ", FIGETBSZ},
            {"GETFLAGS", FS_IOC_GETFLAGS},
            {"SETFLAGS", FS_IOC_SETFLAGS},
            {"GETVERSION", FS_IOC_GETVERSION},
            {"FIEMAP", FS_IOC_FIEMAP},
            {"FIFREEZE", FIFREEZE},
            {"FITHAW", FITHAW},
            {"FITRIM", FITRIM},
            {"FICLONERANGE", FICLONERANGE},
            {"FIDEDUPE", FIDEDUPERANGE},
            {"FSGETXATTR", FS_IOC_FSGETXATTR},
            {"FSSETXATTR", FS_IOC_FSSETXATTR},
            {"FSLABEL", FS_IOC_GETFSLABEL},
            {"FIBMAP", FIBMAP},
            {"FIONREAD", FIONREAD},
            {"BLKGETSIZE64", BLKGETSIZE64},
            {"BLKGETSIZE", BLKGETSIZE},
            {"BLKFLSBUF", BLKFLSBUF},
            {"BLKROGET", BLKROGET},
            {"BLKSSZGET", BLKSSZGET},
            {"BLKDISCARD", BLKDISCARD},
            {"TCGETS", 0x5401},
            {"TIOCGWINSZ", 0x5413},
            {"FIOSETOWN", 0x8901},
            {"FIOGETOWN", 0x8903},
            {"SIOCATMARK", 0x8905},
            {"UFFDIO_API", UFFDIO_API},
            {"RESVSP64", 0x4030582a},
            {"UNRESVSP64", 0x4030582b},
            {"ZERORANGE", 0x40305839},
            {"VERITY", 0x40806685},
            {"ENCPOL", 0x400c6615},
            {"LOOPSETFD", 0x4C00},
            {"LOOPGETSTATUS64", 0x4C05},
            {"ND_ARS", 0xc0204e01},
            {"TIOCOUTQ", 0x5411},
            {"TIOCSTI", 0x5412},
            {"CDROMEJECT", 0x5309},
            {"HDIO_GETGEO", 0x301},
            {"SG_IO", 0x2285},
            {"EVIOCG", 0x80044501},
            {"FIOUUID", 0x80111500},
            {"ZERO", 0},
            {"ONES", 0xffffffff}};
  for (unsigned i = 0; i < sizeof io / sizeof *io; i++) {
    char t[64];
    sprintf(t, "ioctl.%s", io[i].n);
    ROW(t, {
      int f = o();
      char b[4096];
      memset(b, 0, 4096);
      int* q = (int*)b;
      prn("raw", syscall(SYS_ioctl, f, io[i].r, b));
      printf("%d ", q[0]);
      memset(b, 0, 4096);
      prn("libc", ioctl(o(), io[i].r, b));
      printf("%d ", q[0]);
      prn("null", ioctl(o(), io[i].r, 0));
      if (!strcmp(io[i].n, "FIFREEZE"))
        ioctl(f, FITHAW, 0);
      int op = open(DEV, O_PATH);
      prn("path", ioctl(op, io[i].r, b));
      int ro = open(DEV, O_RDONLY);
      memset(b, 0, 4096);
      prn("ro", ioctl(ro, io[i].r, b));
      prn("fd", fcntl(f, F_GETFD));
      prn("fl", fcntl(f, F_GETFL));
    });
  }
}
