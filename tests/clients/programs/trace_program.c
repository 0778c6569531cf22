/* Maps a device and touches two of its extents, in functions whose names a trace can tell. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((noinline)) static char* map_it(const char* path) {
  int fd = open(path, O_RDWR);
  return mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}
__attribute__((noinline)) static void touch_first(volatile char* at) {
  at[100] = 1;
}
__attribute__((noinline)) static void touch_second(volatile char* at) {
  at[(2 << 20) + 100] = 1;
}

int main(int argc, char** argv) {
  volatile char* at = map_it(argc > 1 ? argv[1] : "/dev/dax0.0");
  if (at == MAP_FAILED) {
    perror("trace_program");
    return 1;
  }
  touch_first(at);
  touch_second(at);
  usleep(200000); /* a touch's event is noted when it has been served: it needs a process to be noted in */
  return at[100] + at[(2 << 20) + 100] == 2 ? 0 : 1;
}
