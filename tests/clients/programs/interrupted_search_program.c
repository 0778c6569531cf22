// A program that looks for files that are not there, and then waits for a FIFO: says how many signals have ended that.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void count(int signal) {
  (void)signal;
  ++signals;
}

int main(void) {
  char folder[] = "/tmp/daxemu-search-XXXXXX";
  if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkfifo("fifo", 0600) != 0) {
    return 77;
  }
  char path[64];
  snprintf(path, sizeof path, "%s/nothing", folder);
  for (int i = 0; i < 40; ++i) {
    if (open(path, O_RDONLY) >= 0) {
      return 1;
    }
  }
  const struct sigaction act = {.sa_handler = count};
  sigaction(SIGALRM, &act, NULL);
  const struct itimerval often = {{0, 200000}, {0, 200000}};
  setitimer(ITIMER_REAL, &often, NULL);
  snprintf(path, sizeof path, "%s/fifo", folder);
  const int fd = open(path, O_RDONLY);
  const int error = errno;
  const int after = signals;
  unlink(path);
  rmdir(folder);
  printf("%s after %d\n", fd >= 0 ? "opened" : error == EINTR ? "interrupted" : "refused", after);
  return 0;
}
