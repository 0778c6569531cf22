/* poke_extents FIRST COUNT [CHECK]: maps /dev/dax0.0 and writes a byte to each of COUNT extents of 2M from FIRST on;
 * with CHECK it looks for them instead, of extents before them too. Says how far it got: a SIGBUS ends it as it would
 * any program. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char** argv) {
  const size_t extent = 2u << 20;
  if (argc < 3) {
    return 2;
  }
  const size_t first = strtoul(argv[1], NULL, 10), count = strtoul(argv[2], NULL, 10);
  const int fd = open("/dev/dax0.0", O_RDWR);
  volatile unsigned char* at = mmap(NULL, (first + count) * extent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || at == MAP_FAILED) {
    perror("/dev/dax0.0");
    return 1;
  }
  for (size_t one = first; one < first + count; ++one) {
    for (size_t page = 0; page < extent; page += 4096) {
      volatile unsigned char* byte = at + one * extent + page;
      if (argc > 3 && *byte != (unsigned char)(one + 1)) {
        printf("extent %zu is lost\n", one);
        return 3;
      }
      if (argc <= 3) {
        *byte = (unsigned char)(one + 1);
      }
    }
    printf("%zu\n", one);
    fflush(stdout);
  }
  return 0;
}
