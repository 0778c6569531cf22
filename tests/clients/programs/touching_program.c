// touching DEVICE ALIGN PAGES...: maps the device's first 16 extents, shows what stands at the beginning of the extents
// named, unmaps. "fork" in between: the rest is done by a child; "read": the next by read(2) into it, and back.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;
static void on_bus(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  (void)context;
  siglongjmp(back, 1);
}

int main(int count, char** words) {
  struct sigaction action = {0};
  action.sa_sigaction = on_bus;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGBUS, &action, NULL);
  const int fd = count > 3 ? open(words[1], O_RDWR) : -1;
  const size_t align = count > 3 ? strtoul(words[2], NULL, 10) : 0;
  char* base = fd < 0 ? MAP_FAILED : mmap(NULL, 16 * align, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) {
    printf("mmap: %s\n", strerrorname_np(errno));
    return 3;
  }
  for (int at = 3; at < count; ++at) {
    if (strcmp(words[at], "fork") == 0) {
      const pid_t pid = fork();
      if (pid > 0) {
        int status = 0;
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
      }
      continue;
    }
    char* extent = base + strtoul(words[at], NULL, 10) * align;
    if (sigsetjmp(back, 1) == 0) {
      char text[31] = ""; /* all of it, before anything is printed */
      memcpy(text, extent, sizeof text - 1);
      printf("%s: %s\n", words[at], text);
    } else {
      printf("%s: SIGBUS\n", words[at]);
    }
    fflush(stdout);
  }
  return munmap(base, 16 * align) == 0 ? 0 : 5;
}
