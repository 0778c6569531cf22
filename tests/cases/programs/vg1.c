/* Maps and touches: to be run in valgrind. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int c, char** v) {
  int fd = open("/dev/dax0.0", O_RDWR);
  char* p = mmap(0, 4 << 20, 3, MAP_SHARED, fd, 0);
  printf("map=%d\n", p != MAP_FAILED);
  if (p == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  p[0] = 1;
  p[3 << 20] = 2;
  printf("touched\n");
  printf("msync=%d\n", msync(p, 4096, MS_SYNC));
  fflush(stdout);
  if (c > 1) {
    if (!fork()) {
      p[1] = 4;
      _exit(0);
    }
    wait(0);
    printf("forked %d\n", p[1]);
  }
  return 0;
}
