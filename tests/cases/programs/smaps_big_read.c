/* A mapping with MAP_SYNC is known by the sf of its VmFlags; smaps is read into one large buffer, of the device if
 * asked. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int c, char** v) {
  size_t size = strtoull(v[1], 0, 0);
  int indax = c > 2;
  int d = open("/dev/dax0.0", O_RDWR);
  char* m = mmap(0, size, 3, MAP_SHARED_VALIDATE | MAP_SYNC, d, 0);
  if (m == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  close(d);
  char* b = indax ? m : malloc(size);
  memset(b, 0, size);
  int fd = open("/proc/self/smaps", O_RDONLY);
  ssize_t n = 1;
  char* p = 0;
  int reads = 0;
  size_t total = 0;
  while (n > 0 && !p) {
    memset(b, 0, n);
    n = read(fd, b, size);
    reads++;
    total += n > 0 ? n : 0;
    p = strstr(b, "/dev/dax0.0");
  }
  printf("reads %d, last %zd errno %d, total>0 %d, found %s\n", reads, n, n < 0 ? errno : 0, total > 0,
         p ? "yes" : "no");
  if (p) {
    char* f = strstr(p, "VmFlags:");
    if (f) {
      *strchr(f, '\n') = 0;
      printf("%s\nsf %s\n", f, strstr(f, "sf") ? "yes" : "no");
    } else
      printf("no VmFlags in this read\n");
  }
}
