/* Ioctls that the VFS answers before the file's own. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
int main(void) {
  int f = open("/dev/dax0.0", O_RDWR);
  char b[4096] = {0};
  struct fiemap* m = (void*)b;
  m->fm_length = 4096;
  m->fm_extent_count = 1;
  int r;
#define T(n, ...)                                                                                                      \
  errno = 0;                                                                                                           \
  r = ioctl(f, __VA_ARGS__);                                                                                           \
  printf(n " %d %s\n", r, r < 0 ? strerror(errno) : "")
  long l = 0;
  int i = 0;
  T("FS_IOC_FIEMAP", FS_IOC_FIEMAP, m);
  T("FIGETBSZ", FIGETBSZ, &i);
  T("FIBMAP", FIBMAP, &i);
  T("FS_IOC_GETFLAGS", FS_IOC_GETFLAGS, &l);
  T("FS_IOC_SETFLAGS", FS_IOC_SETFLAGS, &l);
  struct fsxattr x = {0};
  T("FS_IOC_FSGETXATTR", FS_IOC_FSGETXATTR, &x);
  T("FIFREEZE", FIFREEZE, 0);
  T("FICLONE", FICLONE, f);
  T("FIDEDUPERANGE", FIDEDUPERANGE, b);
  T("FIOQSIZE", FIOQSIZE, &l);
  T("FIONREAD", FIONREAD, &i);
  T("FITRIM", FITRIM, b);
  T("BLKGETSIZE64", BLKGETSIZE64, &l);
  T("FS_IOC_RESVSP", _IOW('X', 40, char[48]), b);
  T("FIOASYNC", FIOASYNC, &i);
  T("FIONBIO", FIONBIO, &i);
  T("FIOCLEX", FIOCLEX);
  T("FS_IOC_GETVERSION", FS_IOC_GETVERSION, &l);
  T("FS_IOC_GETFSLABEL", FS_IOC_GETFSLABEL, b);
}
