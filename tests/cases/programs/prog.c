/* A program to be watched by a debugger or valgrind: maps, touches, unmaps. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
volatile long* p;
void mark(void) {
  __asm__ volatile("" ::: "memory");
}
int main(int c, char** v) {
  int fd = open("/dev/dax0.0", O_RDWR);
  p = mmap(0, 256 << 20, 3, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  p[0] = 42;
  p[1] = 1;
  mark();
  if (c > 1)
    pause();
  printf("%ld %ld %ld\n", p[0], p[1], p[1 << 20]);
  for (int i = 0; i < 16; i++)
    p[(i << 21) / 8] = i;
  munmap((void*)p, 256 << 20);
  return 0;
}
