// small_stack_program FILE...: opens, reads and closes the files in a signal handler whose stack is of SIGSTKSZ, as
// handlers of crashes are. Below the stack is no memory.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kGuard = 4096, kUsual = 8192 };
static char** files;
static volatile int handled;

static void handler(int number) {
  (void)number;
  for (char** file = files; *file != NULL; ++file) {
    char bytes[64];
    const int fd = open(*file, O_RDONLY);
    if (fd < 0 || read(fd, bytes, sizeof bytes) < 0 || close(fd) != 0)
      return;
  }
  handled = write(STDERR_FILENO, "", 0) == 0;
}

int main(int argc, char** argv) {
  files = argv + (argc > 0);
  // What the kernel itself puts there depends on the processor's registers: 3.4K with AVX-512.
  const size_t frame = getauxval(AT_MINSIGSTKSZ);
  const size_t size = frame > kUsual / 2 ? (frame + kUsual) & ~4095UL : kUsual;
  char* memory = mmap(NULL, kGuard + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(memory + kGuard, size, PROT_READ | PROT_WRITE);
  const stack_t stack = {.ss_sp = memory + kGuard, .ss_size = size};
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
    return 2;
  raise(SIGUSR1);
  return handled ? 0 : 1;
}
