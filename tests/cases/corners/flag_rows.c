/* Flags that calls with paths do not know. */
#include "corners.h"
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/mount.h>
static const char* const paths[] = {DEV, SIZE_FILE, DEVICES, DEVICES "/dax0.0"};
static const char* const kinds[] = {"node", "attribute", "directory", "link"};
static const int all_flags[] = {0,      1,      2,      0x100,   0x200,   0x400,  0x800, 0x1000, 0x2000,
                                0x4000, 0x6000, 0x8000, 0x10000, 0x80000, 0x1100, 0x300, -1};
/* `call` has the path in `p`, or in `op` as a descriptor if flags say AT_EMPTY_PATH (`dir`, `name`), flags in `f`. */
#define EACH(row, skips, call)                                                                                         \
  ROW(row, {                                                                                                           \
    for (int i_ = 0; i_ < 4; i_++) {                                                                                   \
      const char* p = paths[i_];                                                                                       \
      int op = open(p, O_PATH);                                                                                        \
      printf("| %s ", kinds[i_]);                                                                                      \
      for (unsigned j_ = 0; j_ < sizeof all_flags / sizeof *all_flags; j_++) {                                         \
        int f = all_flags[j_];                                                                                         \
        const char* name = (f & AT_EMPTY_PATH) ? "" : p;                                                               \
        int dir = (f & AT_EMPTY_PATH) ? op : AT_FDCWD;                                                                 \
        char w_[16];                                                                                                   \
        if (skips)                                                                                                     \
          continue;                                                                                                    \
        sprintf(w_, "%x", f);                                                                                          \
        errno = 0;                                                                                                     \
        long r_ = call;                                                                                                \
        prn(w_, r_ < 0 ? -1 : 0);                                                                                      \
      }                                                                                                                \
    }                                                                                                                  \
  })
static long opened(long fd) {
  if (fd >= 0)
    close(fd);
  return fd;
}
static long run(int dir, const char* name, int flags) {
  pid_t child = fork();
  if (child == 0) {
    char* args[] = {"x", 0};
    syscall(SYS_execveat, dir, name, args, 0, flags);
    _exit(errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  errno = WEXITSTATUS(status);
  return -1;
}
static long watch(const char* path, unsigned mask) {
  int in = inotify_init();
  long r = inotify_add_watch(in, path, mask);
  close(in);
  return r;
}
static long how(const char* path, unsigned long flags, unsigned long rules) {
  struct open_how h = {flags, 0, rules};
  return opened(syscall(SYS_openat2, AT_FDCWD, path, &h, sizeof h));
}
void flag_rows(int argc, char** argv) {
  only_argc = argc;
  only_argv = argv;
  struct stat st;
  struct statx sx;
  struct timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  struct {
    struct file_handle h;
    char bytes[128];
  } h;
  int mount_id[2];
  /* -1 has AT_EMPTY_PATH in it, which newer kernels (6.13) answer before they look at the others. */
  EACH("flags.newfstatat", f == -1, syscall(SYS_newfstatat, dir, name, &st, f));
  EACH("flags.fstatat", f == -1, fstatat(dir, name, &st, f));
  EACH("flags.statx", 0, syscall(SYS_statx, dir, name, f, 0x7ff, &sx));
  EACH("flags.statx-libc", 0, statx(dir, name, f, 0x7ff, &sx));
  EACH("flags.faccessat2", 0, syscall(SYS_faccessat2, dir, name, R_OK, f));
  EACH("flags.faccessat", 0, faccessat(dir, name, R_OK, f));
  EACH("flags.fchownat", 0, syscall(SYS_fchownat, dir, name, -1, -1, f));
  EACH("flags.utimensat", 0, syscall(SYS_utimensat, dir, name, omit, f));
  /* 1, 2 and 200 are newer flags, each of its kernel. */
  EACH("flags.name_to_handle_at", (f & 0x203),
       (h.h.handle_bytes = 128, syscall(SYS_name_to_handle_at, dir, name, &h.h, mount_id, f)));
  EACH("flags.linkat", 0, syscall(SYS_linkat, dir, name, AT_FDCWD, p, f));
  EACH("flags.renameat2", f == 2, syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, p, f));
  EACH("flags.unlinkat", f == 0 || f == 0x200, syscall(SYS_unlinkat, dir, name, f));
  EACH("flags.open_tree", (f & 3), /* which newer kernels know */
       opened(syscall(SYS_open_tree, dir, name, f)));
  EACH("flags.execveat", f == 0x10000, run(dir, name, f)); /* AT_EXECVE_CHECK of newer kernels */
  EACH("flags.inotify", 0, watch(p, f));
  EACH("flags.umount2", 0, syscall(SYS_umount2, p, f & 0xffff8));
  EACH("flags.access", 0, access(p, f));
  EACH("flags.openat2", 0, how(p, f & 0xfbc, f >> 12 & 0x1f));
  EACH("flags.mknodat", 0, syscall(SYS_mknodat, AT_FDCWD, p, f & 0xf1ff, 0));
  EACH("flags.setxattr", f == 0, syscall(SYS_setxattr, p, "trusted.q", "1", 1, f));
  ROW("flags.openat2-beneath", {
    int d = open("/dev", O_PATH);
    unsigned long rules[] = {1, 2, 4, 8, 16, 0x20, 0x40, 0x18};
    for (int i = 0; i < 8; i++) {
      struct open_how h = {O_RDWR, 0, rules[i]};
      prn("whole", opened(syscall(SYS_openat2, AT_FDCWD, DEV, &h, sizeof h)) < 0 ? -1 : 0);
      prn("name", opened(syscall(SYS_openat2, d, "dax0.0", &h, sizeof h)) < 0 ? -1 : 0);
      prn("up", opened(syscall(SYS_openat2, d, "../dev/dax0.0", &h, sizeof h)) < 0 ? -1 : 0);
    }
  });
  ROW("flags.dupfd", {
    int fd = o();
    prn("negative", fcntl(fd, F_DUPFD, -1));
    prn("large", fcntl(fd, F_DUPFD, 1 << 30));
    prn("cloexec", fcntl(fd, F_DUPFD_CLOEXEC, -1));
  });
}
