/* interval_program DEVICE write: writes text to extents in steps, with pauses longer than the interval of write-back,
 * and kills who ran it, so that nothing but the interval can have saved any of it. interval_program DEVICE read: says
 * what is there. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EXTENT = 2 << 20, COUNT = 8, PAUSE_US = 2300000 };

int main(int argc, char** argv) {
  if (argc < 3) {
    return 2;
  }
  const int fd = open(argv[1], O_RDWR);
  char* at = mmap(NULL, (size_t)COUNT * EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || at == MAP_FAILED) {
    perror(argv[1]);
    return 1;
  }
  if (strcmp(argv[2], "read") == 0) {
    for (int extent = 0; extent < COUNT; ++extent) {
      printf("%s ", at[extent * EXTENT + 100] == 0 ? "-" : at + extent * EXTENT + 100);
    }
    printf("\n");
    return 0;
  }
  strcpy(at + 0 * EXTENT + 100, "one");
  strcpy(at + 3 * EXTENT + 100, "two");
  usleep(PAUSE_US);
  strcpy(at + 3 * EXTENT + 100, "three"); /* after its first write-back: has to be noticed */
  strcpy(at + 5 * EXTENT + 100, "four");
  if (fork() == 0) {
    strcpy(at + 6 * EXTENT + 100, "child");
    _exit(0);
  }
  usleep(PAUSE_US);
  strcpy(at + 0 * EXTENT + 100, "five");
  usleep(PAUSE_US);
  kill(getppid(), SIGKILL);
  return 0;
}
