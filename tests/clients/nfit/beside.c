/* beside DEVICE EXTENT FIRST LAST: bytes FIRST to LAST of the first extent have failed. Touches what lies beside them
   in every way that a program has, then them; says what came of it. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char* memory;
static size_t extent, first, last;
static const size_t mapped = 2U << 20;

static __thread sigjmp_buf back;
static __thread siginfo_t told;
static void on_sigbus(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  told = *info;
  siglongjmp(back, 1);
}

static volatile sig_atomic_t traps;
static void on_trap(int number) {
  (void)number;
  traps = traps + 1;
}

static int is_bad(size_t at) {
  if (sigsetjmp(back, 1) == 0) {
    (void)*(volatile unsigned char*)(memory + at);
    return 0;
  }
  return 1;
}

/* Bytes from `from` on, one by one, have the value that fill() gave them. */
static int is_filled(size_t from, size_t count) {
  for (size_t at = from; at < from + count; ++at) {
    if (((volatile unsigned char*)memory)[at] != (unsigned char)(at * 7 + at / 256)) {
      return 0;
    }
  }
  return 1;
}
static void fill(size_t from, size_t count) {
  for (size_t at = from; at < from + count; ++at) {
    ((volatile unsigned char*)memory)[at] = (unsigned char)(at * 7 + at / 256);
  }
}

static void* in_turns(void* wrong) {
  for (int round = 0; round < 20; ++round) {
    if (!is_filled(first - 128, 64)) {
      *(int*)wrong += 1;
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 5) {
    return 2;
  }
  extent = strtoull(argv[2], NULL, 0);
  first = strtoull(argv[3], NULL, 0);
  last = strtoull(argv[4], NULL, 0);
  const int fd = open(argv[1], O_RDWR);
  memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  fill(first - 512, 512); /* nobody has a handler: nothing of it may kill */
  printf("before, without a handler: %s\n", is_filled(first - 512, 512) ? "there" : "wrong");
  fill(last, 256);
  printf("behind: %s\n", is_filled(last, 256) ? "there" : "wrong");
  unsigned char copy[512];
  memcpy(copy, memory + first - 512, sizeof copy);
  printf("a copy: %s\n", copy[0] == memory[first - 512] && copy[511] == memory[first - 1] ? "the same" : "wrong");
  unsigned char* to = copy;
  unsigned char* from = memory + first - 512;
  size_t count = sizeof copy;
  memset(copy, 0, sizeof copy);
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  printf("a string instruction: %s\n",
         memcmp(copy, memory + first - 512, sizeof copy) == 0 && count == 0 ? "the same" : "wrong");
  __atomic_fetch_add((uint64_t*)(memory + first - 64), 1, __ATOMIC_SEQ_CST);
  __atomic_fetch_sub((uint64_t*)(memory + first - 64), 1, __ATOMIC_SEQ_CST);
  printf("an atomic one: %s\n", is_filled(first - 64, 64) ? "there" : "wrong");

  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &action, NULL);
  struct sigaction trap = {.sa_handler = on_trap};
  sigaction(SIGTRAP, &trap, NULL);
  size_t wrong = 0;
  for (size_t at = first - 64; at < last + 64; at += 16) {
    wrong += is_bad(at) != (at >= first && at < last);
  }
  printf("lines that are not as they were said to be: %zu\n", wrong);
  const int is_ours = is_bad(first) && told.si_code == BUS_MCEERR_AR && 1U << told.si_addr_lsb == extent &&
                      told.si_addr == memory + first / extent * extent;
  printf("what the program is told: %s\n", is_ours ? "the extent" : "something else");
  to = copy;
  from = memory + first - 32;
  count = 64;
  if (sigsetjmp(back, 1) == 0) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    printf("a string into it: came through\n");
  } else {
    printf("a string into it: SIGBUS\n");
  }
  unsigned char* nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  action.sa_flags |= SA_NODEFER;
  sigaction(SIGSEGV, &action, NULL);
  to = nowhere;
  from = memory + first - 64;
  count = 64;
  if (sigsetjmp(back, 1) == 0) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  }
  signal(SIGSEGV, SIG_DFL);
  const int number = told.si_signo;
  printf("beside it, to where nothing may be written: signal %d, then it is %s\n", number,
         is_filled(first - 64, 64) && is_bad(first) ? "as before" : "wrong");
  int wrongs[2] = {0, 0};
  pthread_t threads[2];
  for (int at = 0; at < 2; ++at) {
    pthread_create(&threads[at], NULL, in_turns, &wrongs[at]);
  }
  for (int at = 0; at < 2; ++at) {
    pthread_join(threads[at], NULL);
  }
  printf("two threads: %s\n", wrongs[0] + wrongs[1] == 0 ? "there" : "wrong");
  raise(SIGTRAP);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  struct sigaction now;
  sigaction(SIGTRAP, NULL, &now);
  printf("traps: %d, the handler is %s, SIGUSR1 is %s\n", (int)traps, now.sa_handler == on_trap ? "there" : "gone",
         sigismember(&mask, SIGUSR1) ? "blocked" : "free");
  fflush(stdout);
  signal(SIGBUS, SIG_DFL);
  (void)is_filled(first - 64, 64);
  (void)*(volatile unsigned char*)(memory + first);
  puts("survived"); /* must not be */
  return 0;
}
