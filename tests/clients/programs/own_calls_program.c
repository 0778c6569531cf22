// A program that enters the kernel by itself: no library sees what it does. Prints a line for each thing it asks of the
// device that its arguments name: PROGRAM DEVICE ATTRIBUTE.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long raw(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static void say(const char* what, long result) {
  if (result < 0) {
    printf("%s: -%s\n", what, strerrorname_np((int)-result));
  } else {
    printf("%s: ok\n", what);
  }
}

enum { kExtent = 2 << 20, kLength = 4 * kExtent };
static volatile char* bytes;

static void* touch(void* argument) {
  for (long at = (long)argument * 4096; at < kLength; at += 4 * 4096) {
    bytes[at] = (char)(at >> 12);
  }
  return NULL;
}

static volatile sig_atomic_t interrupted;
static void count(int signal) {
  (void)signal;
  ++interrupted;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  struct stat about;
  say("stat", raw(SYS_stat, (long)argv[1], (long)&about, 0, 0, 0, 0));
  printf("character device: %d\n", S_ISCHR(about.st_mode));
  say("stat of nothing", raw(SYS_stat, (long)"/dev/dax99.0", (long)&about, 0, 0, 0, 0));
  say("stat of bad memory", raw(SYS_stat, 16, (long)&about, 0, 0, 0, 0));
  say("stat into bad memory", raw(SYS_stat, (long)argv[1], 16, 0, 0, 0, 0));
  const long fd = raw(SYS_openat, AT_FDCWD, (long)argv[1], O_RDWR | O_CLOEXEC, 0, 0, 0);
  say("open", fd);
  say("read", raw(SYS_read, fd, (long)&about, 1, 0, 0, 0));
  say("write", raw(SYS_write, fd, (long)&about, 1, 0, 0, 0));
  say("lseek", raw(SYS_lseek, fd, 0, SEEK_SET, 0, 0, 0));
  say("ftruncate", raw(SYS_ftruncate, fd, 0, 0, 0, 0, 0));
  const long copy = raw(SYS_dup, fd, 0, 0, 0, 0, 0);
  say("fstat of a copy", raw(SYS_fstat, copy, (long)&about, 0, 0, 0, 0));
  printf("character device: %d\n", S_ISCHR(about.st_mode));
  say("mmap private", raw(SYS_mmap, 0, kLength, PROT_READ, MAP_PRIVATE, fd, 0));
  say("mmap of a page", raw(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, fd, 0));
  const long at = raw(SYS_mmap, 0, kLength, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  say("mmap", at);
  if (at < 0) {
    return 1;
  }
  printf("aligned: %d\n", at % kExtent == 0);
  bytes = (volatile char*)at;
  pthread_t threads[4];
  for (long which = 0; which < 4; ++which) {
    pthread_create(&threads[which], NULL, touch, (void*)which);
  }
  for (int which = 0; which < 4; ++which) {
    pthread_join(threads[which], NULL);
  }
  long sum = 0;
  for (long one = 0; one < kLength; one += 4096) {
    sum += (unsigned char)bytes[one];
  }
  printf("sum: %ld\n", sum);
  say("munmap of a page", raw(SYS_munmap, at, 4096, 0, 0, 0, 0));
  say("mprotect of a page", raw(SYS_mprotect, at, 4096, PROT_READ, 0, 0, 0));
  say("msync", raw(SYS_msync, at, kLength, MS_SYNC, 0, 0, 0));
  say("munmap of an extent", raw(SYS_munmap, at + 3 * kExtent, kExtent, 0, 0, 0, 0));
  const long low = raw(SYS_mmap, 0, kExtent, PROT_READ, MAP_SHARED | MAP_32BIT, fd, 0);
  const long next = raw(SYS_mmap, 0, kExtent, PROT_READ, MAP_SHARED | MAP_32BIT, fd, 0);
  raw(SYS_munmap, low > next ? low : next, kExtent, 0, 0, 0, 0);
  const long high = raw(SYS_mmap, 0, kExtent, PROT_READ, MAP_SHARED, fd, 0);
  printf("low: %d, not low: %d\n", low > 0 && low < 1L << 31, high >= 1L << 32);
  raw(SYS_munmap, low > next ? next : low, kExtent, 0, 0, 0, 0);
  raw(SYS_munmap, high, kExtent, 0, 0, 0, 0);

  // A child of fork(2) has the mapping; one of vfork(2) asks for itself.
  const pid_t child = fork();
  if (child == 0) {
    bytes[0] = 77;
    _exit(raw(SYS_munmap, at, 4096, 0, 0, 0, 0) == -EINVAL ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("child: %d, its byte: %d\n", WEXITSTATUS(status), bytes[0]);
  const pid_t other = vfork();
  if (other == 0) {
    _exit(raw(SYS_access, (long)argv[1], R_OK, 0, 0, 0, 0) == 0 ? 0 : 1);
  }
  waitpid(other, &status, 0);
  printf("vforked child: %d\n", WEXITSTATUS(status));

  char text[32] = "";
  const long attribute = raw(SYS_open, (long)argv[2], O_RDONLY, 0, 0, 0, 0);
  say("open an attribute", attribute);
  const long got = raw(SYS_read, attribute, (long)text, sizeof text - 1, 0, 0, 0);
  printf("attribute: %.*s", (int)(got < 0 ? 0 : got), text);

  // Signals come in the midst of calls that are answered from outside: each call is made once, and no signal is lost.
  struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval { struct timeval interval, value; } often = {{0, 200}, {0, 200}};
  raw(SYS_setitimer, 0, (long)&often, 0, 0, 0, 0);
  int failed = 0;
  for (int round = 0; round < 3000; ++round) {
    const long opened = raw(SYS_open, (long)argv[1], O_RDWR, 0, 0, 0, 0);
    const long mapped = raw(SYS_mmap, 0, kExtent, PROT_READ, MAP_SHARED, opened, 0);
    failed +=
        mapped < 0 || raw(SYS_munmap, mapped, kExtent, 0, 0, 0, 0) != 0 || raw(SYS_close, opened, 0, 0, 0, 0, 0) != 0;
  }
  const struct itimerval never = {{0, 0}, {0, 0}};
  raw(SYS_setitimer, 0, (long)&never, 0, 0, 0, 0);
  printf("failed among signals: %d, signals: %d\n", failed, interrupted > 10);
  return 0;
}
