// full_extents_program DEVICE fill: fills six extents of 2M with numbers. DEVICE: counts those that are full of their
// own.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

enum { kExtent = 2 << 20, kCount = 6 };

int main(int argc, char** argv) {
  const int fd = argc > 1 ? open(argv[1], O_RDWR) : -1;
  uint64_t* words = mmap(NULL, (size_t)kCount * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || words == MAP_FAILED) {
    return 2;
  }
  const size_t each = kExtent / sizeof *words;
  int full = 0;
  for (size_t extent = 0; extent < kCount; ++extent) {
    size_t right = 0;
    for (size_t at = extent * each; at < (extent + 1) * each; ++at) {
      if (argc > 2) {
        words[at] = at * 0x9e3779b97f4a7c15U + 1;
      }
      right += words[at] == at * 0x9e3779b97f4a7c15U + 1;
    }
    full += right == each;
  }
  printf("%d full\n", full);
  return 0;
}
