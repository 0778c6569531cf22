// Several threads that look at attributes and touch the device, for ThreadSanitizer: it sees of the library what that
// calls, as memcpy(3), and none of its atomics.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kThreads = 4, kRounds = 300, kExtent = 2 << 20 };
static volatile char* bytes;

static void* look(void* start) {
  static const char* const paths[] = {"/sys/bus/dax/devices/dax0.0/size", "/sys/bus/dax/devices/dax0.0/align",
                                      "/sys/bus/dax/devices/dax0.0/resource", "/sys/bus/dax/devices/dax0.0/numa_node",
                                      "/dev/dax0.0"};
  for (size_t round = 0; round < kRounds; ++round) {
    const char* const path = paths[((size_t)start + round) % (sizeof paths / sizeof *paths)];
    char text[64];
    struct stat about;
    const int fd = open(path, O_RDONLY);
    if (fd < 0 || stat(path, &about) != 0 || access(path, R_OK) != 0 ||
        (S_ISREG(about.st_mode) && read(fd, text, sizeof text) <= 0)) {
      perror(path);
    }
    close(fd);
    bytes[((size_t)start * kRounds + round) * kExtent] = 1;
  }
  return NULL;
}

int main(void) {
  const int device = open("/dev/dax0.0", O_RDWR);
  bytes = mmap(NULL, (size_t)kThreads * kRounds * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
  if (bytes == MAP_FAILED) {
    return 2;
  }
  pthread_t threads[kThreads];
  for (size_t at = 0; at < kThreads; ++at) {
    pthread_create(&threads[at], NULL, look, (void*)at);
  }
  for (size_t at = 0; at < kThreads; ++at) {
    pthread_join(threads[at], NULL);
  }
  puts("looked");
  return 0;
}
