// What poll(2) says of an attribute, among other descriptors: PROGRAM ATTRIBUTE.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void ask(const char* what, struct pollfd* waits, int count, int timeout) {
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  const int ready = poll(waits, (nfds_t)count, timeout);
  const int code = errno;
  clock_gettime(CLOCK_MONOTONIC, &end);
  const long took = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
  printf("%s: %s %d", what, ready < 0 ? strerrorname_np(code) : "", ready);
  for (int at = 0; at < count; ++at) {
    printf(" %#x", (unsigned)waits[at].revents);
  }
  printf("%s\n", timeout < 0 || ready != 0 || took >= timeout ? "" : " too early");
  fflush(stdout);
}

static void nothing(int signal) {
  (void)signal;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  int ends[2];
  const int fd = open(argv[1], O_RDONLY);
  if (fd < 0 || pipe(ends) != 0) {
    return 2;
  }
  struct pollfd waits[] = {{fd, POLLPRI, 0}, {ends[0], POLLIN, 0}, {-1, POLLIN, 7}};
  ask("not read yet", waits, 3, -1);
  char text[64];
  if (read(fd, text, sizeof text) <= 0) {
    return 2;
  }
  ask("read", waits, 3, 50);
  ask("at once", waits, 3, 0);
  waits[0].events = POLLIN | POLLOUT;
  ask("to be read", waits, 3, -1);
  waits[0].events = POLLPRI;
  const pid_t child = fork();
  if (child == 0) {
    usleep(100000);
    _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
  }
  ask("another has something", waits, 3, 20000);
  waitpid(child, NULL, 0);
  if (read(ends[0], text, 1) != 1) {
    return 2;
  }
  // Only revents is written: what another has put beside it while it waits stays.
  struct pollfd* const shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    return 2;
  }
  shared[0] = (struct pollfd){fd, POLLPRI, 7};
  shared[1] = (struct pollfd){ends[0], POLLIN, 7};
  const pid_t other = fork();
  if (other == 0) {
    usleep(100000);
    shared[0].events = shared[1].events = POLLOUT;
    shared[0].fd = shared[1].fd = 77;
    _exit(0);
  }
  ask("changed meanwhile", shared, 2, 500);
  waitpid(other, NULL, 0);
  printf("what is beside it: %d %#x %d %#x\n", shared[0].fd, (unsigned)shared[0].events, shared[1].fd,
         (unsigned)shared[1].events);
  const struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  signal(SIGURG, SIG_IGN);
  kill(getpid(), SIGURG);
  alarm(1);
  ask("a signal", waits, 3, 20000);
  waits[1].fd = 700;
  ask("not open", waits, 3, -1);
  return 0;
}
