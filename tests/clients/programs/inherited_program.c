/* inherited_program DEVICE EXTENT COMMAND ...: marks every page of two extents of the device, runs the command with the
   device open as 5 (both), 6 (reading) and 7 (writing), and looks at all bytes afterwards: one that is another is told,
   and the exit status is 1. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 4) {
    return 2;
  }
  const size_t size = 2 * strtoul(argv[2], NULL, 0);
  const int modes[] = {O_RDWR, O_RDONLY, O_WRONLY};
  for (int at = 0; at < 3; ++at) {
    const int fd = open(argv[1], modes[at]);
    if (fd < 0 || dup2(fd, 5 + at) < 0) {
      perror(argv[1]);
      return 2;
    }
    if (fd < 5) {
      close(fd);
    }
  }
  char* bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, 5, 0);
  if (bytes == MAP_FAILED) {
    perror("mmap");
    return 2;
  }
  memset(bytes, 'D', size);
  const pid_t child = fork();
  if (child == 0) {
    execv(argv[3], argv + 3);
    perror(argv[3]);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  for (size_t at = 0; at < size; ++at) {
    if (bytes[at] != 'D') {
      printf("byte %zu of the device is %d now\n", at, bytes[at]);
      return 1;
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
