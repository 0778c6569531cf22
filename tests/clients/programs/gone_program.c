// gone_program COMMAND: what an open descriptor of /dev/dax0.0 says before and after COMMAND took the device away.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int code_of(long result) {
  return result == -1 ? errno : 0;
}

static void tell(int fd) {
  char byte = 0;
  const size_t size = 2UL << 20;
  printf("shared %d ", code_of((long)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)));
  printf("readonly %d ", code_of((long)mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0)));
  printf("private %d ", code_of((long)mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0)));
  printf("read %d ", code_of(read(fd, &byte, 1)));
  printf("pread %d ", code_of(pread(fd, &byte, 1, 0)));
  printf("write %d ", code_of(write(fd, &byte, 1)));
  printf("truncate %d lock %d\n", code_of(ftruncate(fd, 4096)),
         code_of(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_RDLCK})));
  fflush(stdout);
}

int main(int count, char** words) {
  const int fd = open("/dev/dax0.0", O_RDWR);
  if (count != 2 || fd < 0) {
    return 1;
  }
  tell(fd);
  if (system(words[1]) != 0) {
    return 2;
  }
  tell(fd);
  return 0;
}
