/* touch DEVICE OFFSET: reads a byte of a device-dax: "fine", or "SIGBUS" where that is memory that has failed. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile sig_atomic_t code;

static void on_sigbus(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  code = info->si_code;
  siglongjmp(back, 1);
}

int main(int argc, char** argv) {
  const size_t extent = 2U << 20;
  const size_t offset = argc < 3 ? 0 : strtoull(argv[2], NULL, 0);
  const int fd = argc < 3 ? -1 : open(argv[1], O_RDONLY);
  volatile unsigned char* memory = mmap(NULL, extent, PROT_READ, MAP_SHARED, fd, (off_t)(offset / extent * extent));
  if (memory == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &action, NULL);
  if (sigsetjmp(back, 1) == 0) {
    (void)memory[offset % extent];
    puts("fine");
  } else {
    puts(code == BUS_MCEERR_AR ? "SIGBUS" : "another SIGBUS");
  }
  return 0;
}
