/* Modes, ranges and requests, each with each. */
#include "corners.h"
#include <linux/fiemap.h>
static const long places[] = {0, 1, -1, 1L << 62, -(1L << 62)};
static char letter(int code) {
  return code == ENODEV ? 'N' : code == EINVAL ? 'I' : code == EOPNOTSUPP ? 'o' : '?';
}
static void modes(int fd) {
  for (int mode = 0; mode < 256; mode++) {
    errno = 0;
    fallocate(fd, mode, 0, A);
    printf("%c%s", letter(errno), mode % 64 == 63 ? " " : "");
  }
}
static const unsigned requests[] = {FIOCLEX,         FIONCLEX,        FIONBIO,           FIOASYNC,
                                    FIONREAD,        FIOQSIZE,        FIGETBSZ,          FIBMAP,
                                    FITHAW,          FITRIM,          FICLONE,           FICLONERANGE,
                                    FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR,
                                    FS_IOC_FIEMAP,   0x40305828,      0x4030582a,        0x4030582b,
                                    0x40305839,      0x5460,          0x80047601,        0x40047602,
                                    0xc0185879,      0xc0045877};
void mode_rows(int argc, char** argv) {
  only_argc = argc;
  only_argv = argv;
  static char b[4096];
  ROW("modes.fallocate", modes(o()));
  ROW("modes.fallocate-attribute", modes(open("/sys/bus/dax/devices/dax0.0/driver/unbind", O_WRONLY)));
  ROW("modes.fadvise", {
    int fd = o();
    int at = open(SIZE_FILE, O_RDONLY);
    for (int i = 0; i < 5; i++)
      for (int j = 0; j < 5; j++)
        printf("%d/%d ", posix_fadvise(fd, places[i], places[j], j), posix_fadvise(at, places[i], places[j], 3));
    prn("number", syscall(SYS_fadvise64, fd, 0, -1, 0));
  });
  ROW("modes.sync_file_range", {
    int fd = o();
    int at = open(SIZE_FILE, O_RDONLY);
    for (int i = 0; i < 5; i++)
      for (int j = 0; j < 5; j++) {
        pr("node", sync_file_range(fd, places[i], places[j], j));
        pr("attribute", sync_file_range(at, places[i], places[j], j));
      }
  });
  ROW("modes.readahead", {
    int fd = o();
    int at = open(SIZE_FILE, O_RDONLY);
    for (int i = 0; i < 4; i++) {
      pr("node", readahead(fd, places[i], 1));
      pr("attribute", readahead(at, places[i], 1));
    }
    pr("directory", readahead(open(DEVICES, O_RDONLY | O_DIRECTORY), 0, 1));
  });
  ROW("modes.cachestat", {
    int fd = o();
    unsigned long range[2] = {0, 0};
    unsigned long about[5] = {1, 1, 1, 1, 1};
    prn("node", syscall(451, fd, range, about, 0));
    printf("%lu ", about[0] + about[1] + about[2] + about[3] + about[4]);
    prn("flag", syscall(451, fd, range, about, 1));
    prn("range", syscall(451, fd, 8, about, 0));
    prn("into", syscall(451, fd, range, 8, 0));
    prn("path-only", syscall(451, open(DEV, O_PATH), range, about, 0));
  });
  ROW("modes.ioctl", {
    int fd = o();
    int at = open(SIZE_FILE, O_RDONLY);
    int dir = open(DEVICES, O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
      int fds[] = {fd, at, dir};
      printf("| %x ", requests[i]);
      for (int j = 0; j < 3; j++) {
        memset(b, 0, sizeof b);
        pr(j == 0 ? "node" : j == 1 ? "attribute" : "directory", ioctl(fds[j], requests[i], b));
      }
    }
  });
  ROW("modes.uuid", {
    char of_null[20] = {0};
    int fd = o();
    memset(b, 0, 64);
    int got = ioctl(fd, 0x80111500, b);
    pr("node", got);
    ioctl(open("/dev/null", O_RDWR), 0x80111500, of_null);
    printf("length=%d same=%d ", b[0], got == 0 && memcmp(b, of_null, 17) == 0);
    pr("bad", ioctl(fd, 0x80111500, 8));
  });
  ROW("modes.notify", {
    int fd = o();
    int at = open(SIZE_FILE, O_RDONLY);
    prn("none", fcntl(fd, F_NOTIFY, 0));
    prn("again", fcntl(fd, F_NOTIFY, DN_MULTISHOT));
    prn("access", fcntl(fd, F_NOTIFY, DN_ACCESS));
    prn("attribute", fcntl(at, F_NOTIFY, 0));
    prn("attribute-access", fcntl(at, F_NOTIFY, DN_ACCESS));
  });
  ROW("modes.seek", {
    int fd = o();
    for (int whence = 0; whence < 7; whence++)
      for (int i = 0; i < 5; i++)
        prn("s", lseek(fd, places[i], whence));
  });
  ROW("modes.status-flags", {
    int fd = o();
    int flags[] = {O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME, O_ASYNC, O_SYNC, O_DIRECTORY, O_CREAT, 0};
    for (int i = 0; i < 9; i++) {
      prn("set", fcntl(fd, F_SETFL, flags[i]));
      printf("%x ", fcntl(fd, F_GETFL));
    }
  });
  ROW("modes.directory-truncated", {
    pr("open", open(DEVICES, O_RDONLY | O_TRUNC));
    pr("directory", open(DEVICES, O_RDONLY | O_TRUNC | O_DIRECTORY));
    pr("path-only", open(DEVICES, O_PATH | O_TRUNC));
  });
}
