/* Does with the device what programs do, and says how it went: for tests that run it inside other people's tools.
   With an argument it waits at the end until its standard input ends, for tools that attach. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXTENT (2UL << 20)

volatile char* device;

static sigjmp_buf back;
static volatile int bus_code;
static void* volatile bus_address;

static void on_bus(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  bus_code = info->si_code;
  bus_address = info->si_addr;
  siglongjmp(back, 1);
}

__attribute__((noinline)) void poke(volatile char* at) {
  *at = 5;
}

/* Each thread fills an extent of its own, and maps and unmaps as threads do that know nothing of each other. */
static void* fill(void* argument) {
  memset(argument, 7, EXTENT);
  for (int at = 0; at < 20; ++at) {
    const int fd = open("/dev/dax0.0", O_RDWR);
    volatile char* other = mmap(NULL, 4 * EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 100 * (long)EXTENT);
    (void)other[EXTENT * (unsigned long)(at % 4)];
    munmap((void*)other, 4 * EXTENT);
    close(fd);
  }
  return argument;
}

/* A path beside what another thread writes: who looks at paths is to look at nothing else. */
static struct {
  char path[12];
  volatile char beside[4];
} neighbours __attribute__((aligned(16))) = {"/etc/passwd", {0}};

static void* write_beside(void* argument) {
  for (int at = 0; at < 100; ++at) {
    neighbours.beside[1] = (char)at;
  }
  return argument;
}

static void ask_beside(void) {
  pthread_t writer;
  pthread_create(&writer, NULL, write_beside, NULL);
  int found = 0;
  for (int at = 0; at < 100; ++at) {
    found += access(neighbours.path, R_OK) == 0;
  }
  pthread_join(writer, NULL);
  printf("found: %d\n", found);
}

static void beyond_the_end(int fd) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_bus;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, NULL);
  volatile char* end = mmap(NULL, 4 * EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (512L << 20) - 2 * (long)EXTENT);
  if (sigsetjmp(back, 1) == 0) {
    end[2 * EXTENT + 77] = 1;
    printf("beyond the end: nothing happens\n");
  } else {
    printf("beyond the end: SIGBUS, code %d, at +%ld\n", bus_code,
           (long)((volatile char*)bus_address - end - 2 * EXTENT));
  }
  munmap((void*)end, 4 * EXTENT);
}

int main(int argc, char** argv) {
  (void)argv;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const int fd = open("/dev/dax0.0", O_RDWR);
  device = mmap(NULL, 64 * EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (device == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  for (unsigned long at = 0; at < 4; ++at) {
    poke(device + at * 5 * EXTENT);
  }
  printf("poked: %d %d %d\n", device[0], device[5 * EXTENT], device[6 * EXTENT]);

  pthread_t threads[2];
  for (unsigned long at = 0; at < 2; ++at) {
    pthread_create(&threads[at], NULL, fill, (void*)(device + (20 + at) * EXTENT));
  }
  for (unsigned long at = 0; at < 2; ++at) {
    pthread_join(threads[at], NULL);
  }
  printf("filled: %d %d\n", device[21 * EXTENT - 1], device[22 * EXTENT - 1]);

  const int pattern = open("/dev/zero", O_RDONLY);
  printf("read into it: %zd\n", read(pattern, (void*)(device + 30 * EXTENT), 4096)); /* the kernel touches first */
  close(pattern);

  const pid_t child = fork();
  if (child == 0) {
    device[31 * EXTENT] = 9;
    _exit(device[0] == 5 ? 3 : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("child: exit %d, wrote %d\n", WEXITSTATUS(status), device[31 * EXTENT]);

  ask_beside();
  beyond_the_end(fd);
  printf("ready\n");
  if (argc > 1) {
    (void)getchar();
  }
  munmap((void*)device, 64 * EXTENT);
  close(fd);
  printf("done\n");
  return 0;
}
