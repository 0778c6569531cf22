/* Writes to each device named, through one mapping, and reads it through another. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char** argv) {
  const size_t size = 2 << 20;
  for (int at = 1; at < argc; ++at) {
    int fd = open(argv[at], O_RDWR);
    char* written = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char* read = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (fd < 0 || written == MAP_FAILED || read == MAP_FAILED) {
      perror(argv[at]);
      return 1;
    }
    strcpy(written + size - 16, argv[at]);
    if (strcmp(read + size - 16, argv[at]) != 0) {
      fprintf(stderr, "%s does not hold what was written\n", argv[at]);
      return 1;
    }
  }
  return argc > 1 ? 0 : 1;
}
