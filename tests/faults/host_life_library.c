/* What dlopened_library loads: it has the device mapped for as long as it is there. */
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile char* mapped = MAP_FAILED;

__attribute__((constructor)) static void begin(void) {
  const int fd = open("/dev/dax0.0", O_RDWR);
  mapped = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
}
__attribute__((destructor)) static void end(void) {
  munmap((void*)mapped, 2 << 20);
}
volatile char* host_life_mapped(void) {
  return mapped;
}
