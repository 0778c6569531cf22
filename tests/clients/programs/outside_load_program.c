// Threads that ask, map, touch and start children all at once, while signals come in the midst of it: PROGRAM DEVICE
// ATTRIBUTE SECONDS; PROGRAM DEVICE ATTRIBUTE become TIMES. Every call gives what it gives when nothing else goes on,
// or it is counted as failed.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 6, kExtent = 2 << 20, kExtents = 8 };
static const char* device;
static const char* attribute;
static const char* self;
static atomic_bool over;
static atomic_long rounds;
static atomic_long failed;
static atomic_long signals;

static void fails(const char* what) {
  if (atomic_fetch_add(&failed, 1) < 5) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
  }
}

static void count(int signal) {
  (void)signal;
  struct stat about;
  const int before = errno;
  if (stat(device, &about) != 0 || !S_ISCHR(about.st_mode)) { // a handler may ask, too
    fails("stat in a handler");
  }
  errno = before;
  atomic_fetch_add(&signals, 1);
}

static void ask(void) {
  struct stat about;
  if (stat(device, &about) != 0 || !S_ISCHR(about.st_mode)) {
    fails("stat");
  }
  char text[32] = "";
  const int fd = open(attribute, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text) < 2 || text[0] < '0' || text[0] > '9') {
    fails("an attribute");
  }
  close(fd);
}

static void map(unsigned which, unsigned round) {
  const int fd = open(device, O_RDWR | O_CLOEXEC);
  volatile char* const at = mmap(NULL, kExtents * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (at == MAP_FAILED) {
    fails("mmap");
    return;
  }
  at[(round % kExtents) * kExtent + which] = (char)round;
  if (at[(round % kExtents) * kExtent + which] != (char)round) {
    fails("a byte");
  }
  if (munmap((void*)(uintptr_t)at, 4096) == 0 || errno != EINVAL) {
    fails("munmap of a page");
  }
  if (munmap((void*)(uintptr_t)at, kExtents * kExtent) != 0) {
    fails("munmap");
  }
}

static void have_child(bool by_vfork) {
  const pid_t child = by_vfork ? vfork() : fork();
  if (child == 0) {
    execl(self, self, device, attribute, "ask", (char*)NULL);
    _exit(9);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || status != 0) {
    fprintf(stderr, "a child: status %x\n", status);
    fails("a child");
  }
}

// Until its process ends, or becomes another program.
static void* map_for_ever(void* argument) {
  for (unsigned round = 0;; ++round) {
    ask();
    map((unsigned)(uintptr_t)argument, round);
  }
}

// One thread becomes another program while calls of the others are answered.
static int become(const char* path, int times) {
  pthread_t threads[4];
  for (uintptr_t which = 0; which < 4; ++which) {
    pthread_create(&threads[which], NULL, map_for_ever, (void*)which);
  }
  const struct timespec moment = {0, 3000000};
  nanosleep(&moment, NULL);
  if (times == 0) {
    printf("failed: %ld\n", atomic_load(&failed));
    fflush(stdout);
    _exit(0); // and likewise
  }
  char left[16];
  snprintf(left, sizeof left, "%d", times - 1);
  execl(path, path, device, attribute, "become", left, (char*)NULL);
  return 1;
}

static void* work(void* argument) {
  const unsigned which = (unsigned)(uintptr_t)argument;
  for (unsigned round = 0; !atomic_load(&over); ++round) {
    ask();
    map(which, round);
    if (round % 16 == which) {
      have_child(which % 2 == 0);
    }
    atomic_fetch_add(&rounds, 1);
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    return 2;
  }
  self = "/proc/self/exe";
  device = argv[1];
  attribute = argv[2];
  if (strcmp(argv[3], "ask") == 0) {
    ask();
    map(7, 1);
    return atomic_load(&failed) == 0 ? 0 : 1;
  }
  if (argc == 5) {
    return become(argv[0], atoi(argv[4]));
  }
  const struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  pthread_t threads[kThreads];
  for (uintptr_t which = 0; which < kThreads; ++which) {
    pthread_create(&threads[which], NULL, work, (void*)which);
  }
  const struct itimerval often = {{0, 1500}, {0, 1500}};
  setitimer(ITIMER_REAL, &often, NULL);
  const time_t end = time(NULL) + atoi(argv[3]);
  while (time(NULL) < end) {
    const struct timespec moment = {0, 20000000};
    nanosleep(&moment, NULL);
    pthread_kill(threads[(unsigned)rand() % kThreads], SIGALRM);
  }
  atomic_store(&over, true);
  for (int which = 0; which < kThreads; ++which) {
    pthread_join(threads[which], NULL);
  }
  printf("failed: %ld, worked: %d, signals: %d\n", atomic_load(&failed), atomic_load(&rounds) > kThreads,
         atomic_load(&signals) > 20);
  return atomic_load(&failed) == 0 ? 0 : 1;
}
