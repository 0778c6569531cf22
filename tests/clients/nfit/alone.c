/* alone DEVICE FIRST PART: the bytes of the first extent from FIRST on have failed. An instruction that touches what
   lies before them runs alone; nothing of that may show: in signals' actions, in handlers, in children, after what ends
   the instruction otherwise. Says what came of it. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char* memory;
static unsigned char* nowhere;
static size_t first;

static sigjmp_buf masked_back;
static jmp_buf back;
static void leave_with_mask(int number) {
  siglongjmp(masked_back, number);
}
static void leave(int number) {
  longjmp(back, number);
}

/* The four ways in which an instruction beside an error may end otherwise. */
static void divide(void) {
  *(volatile unsigned*)(memory + first - 512) = 0;
  __asm__ volatile("xorl %%edx, %%edx; movl $1, %%eax; divl (%0)"
                   :
                   : "r"(memory + first - 512)
                   : "eax", "edx", "memory");
}
static void copy_to_nowhere(void) {
  unsigned char* to = nowhere;
  const unsigned char* from = memory + first - 64;
  __asm__ volatile("movsb" : "+D"(to), "+S"(from) : : "memory");
}
static int is_bad(void) {
  struct sigaction now = {.sa_handler = leave_with_mask};
  struct sigaction before;
  sigaction(SIGBUS, &now, &before);
  const int number = sigsetjmp(masked_back, 1);
  if (number == 0) {
    (void)*(volatile unsigned char*)(memory + first);
  }
  sigaction(SIGBUS, &before, NULL);
  return number == SIGBUS;
}
static int is_blocked(int number) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  return sigismember(&mask, number);
}

static char stack[1 << 16];
static int blocked_in_handler[4];
static int is_on_stack;
static void look(int number) {
  (void)number;
  char here;
  is_on_stack = &here >= stack && &here < stack + sizeof stack;
  blocked_in_handler[0] = is_blocked(SIGSEGV);
  blocked_in_handler[1] = is_blocked(SIGUSR2);
  blocked_in_handler[2] = is_blocked(SIGTERM);
  longjmp(back, 1);
}
static void with_flags(const char* what, int flags) {
  struct sigaction action = {.sa_handler = look, .sa_flags = flags};
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGSEGV, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  if (_setjmp(back) == 0) {
    copy_to_nowhere();
  }
  sigprocmask(SIG_SETMASK, &none, NULL);
  struct sigaction after;
  sigaction(SIGSEGV, NULL, &after);
  printf("%s: SIGSEGV %d, SIGUSR2 %d, SIGTERM %d, on the other stack %d, then the handler is %s, the bad line %s\n",
         what, blocked_in_handler[0], blocked_in_handler[1], blocked_in_handler[2], is_on_stack,
         after.sa_handler == look ? "there" : (after.sa_handler == SIG_DFL ? "gone" : "a stranger's"),
         is_bad() ? "is bad" : "is not");
  signal(SIGSEGV, SIG_DFL);
}

/* Another thread, which is beside the error all the time. */
static volatile int stops;
static volatile unsigned long touches;
static void* touch(void* unused) {
  while (!stops) {
    (void)*(volatile unsigned char*)(memory + first - 512 + touches % 512);
    touches = touches + 1;
  }
  return unused;
}
/* Goes on until it was there, some times. */
static int is_enough(unsigned long since) {
  return touches - since > 200;
}

static void mine(int number) {
  (void)number;
}
static volatile sig_atomic_t traps;
static void on_trap(int number) {
  (void)number;
  traps = traps + 1;
}

/* How a child ends that does this; -1: not at all. */
static int end_of(pid_t child) {
  for (int waited = 0; waited < 60000; ++waited) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) {
      return WIFSIGNALED(status) ? WTERMSIG(status) : 1000 + WEXITSTATUS(status);
    }
    usleep(1000);
  }
  kill(child, SIGKILL);
  (void)waitpid(child, NULL, 0);
  return -1;
}
static int end_beside(int then) {
  const pid_t child = fork();
  if (child == 0) {
    (void)*(volatile unsigned char*)(memory + first - 512);
    if (then == SIGBUS) {
      (void)*(volatile unsigned char*)(memory + first);
    } else if (then == SIGSEGV) {
      copy_to_nowhere();
    } else if (then == SIGFPE) {
      divide();
    } else if (then != 0) {
      raise(then);
    }
    _exit(0);
  }
  return end_of(child);
}

static int asks_for(int number) {
  struct sigaction now = {.sa_handler = mine};
  struct sigaction other = {.sa_handler = on_trap};
  struct sigaction got;
  int strange = 0;
  for (unsigned long since = touches; !is_enough(since);) {
    signal(number, SIG_DFL);
    sigaction(number, &now, &got);
    strange |= got.sa_handler != SIG_DFL;
    sigaction(number, &other, &got);
    strange |= got.sa_handler != mine;
    sigaction(number, &got, NULL); /* as a library does that was in between */
    sigaction(number, NULL, &got);
    strange |= got.sa_handler != mine;
  }
  signal(number, SIG_DFL);
  return strange;
}
static void actions(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, touch, NULL);
  const char* strange = "";
  const int signals[] = {SIGTRAP, SIGSEGV, SIGFPE, SIGILL};
  for (int at = 0; at < 4; ++at) {
    strange = asks_for(signals[at]) ? "not " : strange;
  }
  stops = 1;
  pthread_join(thread, NULL);
  printf("beside another thread, actions are %sthose of the program\n", strange);
}
static void forks(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, touch, NULL);
  int fine = 0;
  int failed = 0;
  for (int round = 0; round < 20; ++round) {
    for (unsigned long since = touches; touches == since;) { /* it is there */
    }
    fine += end_beside(0) == 1000;
    failed += end_beside(SIGBUS) == SIGBUS;
  }
  stops = 1;
  pthread_join(thread, NULL);
  printf("children of a fork beside another thread: %d of 20 fine, %d end with SIGBUS\n", fine, failed);
}

static void ends(void) {
  signal(SIGFPE, leave_with_mask);
  if (sigsetjmp(masked_back, 1) == 0) {
    divide();
  }
  printf("a division by zero there, then the bad line %s\n", is_bad() ? "is bad" : "is not");
}
static void leaves(void) {
  signal(SIGFPE, leave);
  if (_setjmp(back) == 0) {
    divide();
  }
  printf("left by longjmp: SIGFPE %d, SIGTERM %d\n", is_blocked(SIGFPE), is_blocked(SIGTERM));
}
static void plain(void) {
  with_flags("a handler", 0);
}
static void nodefer(void) {
  with_flags("SA_NODEFER", SA_NODEFER);
}
static void resethand(void) {
  with_flags("SA_RESETHAND", (int)SA_RESETHAND);
}
static void onstack(void) {
  const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&other, NULL);
  with_flags("SA_ONSTACK", SA_ONSTACK);
}
static void blocks(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTRAP);
  signal(SIGTRAP, on_trap);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGTRAP);
  (void)*(volatile unsigned char*)(memory + first - 512);
  sigset_t waiting;
  sigpending(&waiting);
  printf("a SIGTRAP that is blocked: %d came, %d waits", (int)traps, sigismember(&waiting, SIGTRAP));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  printf(", then %d came\n", (int)traps);
}
static void string(void) {
  unsigned char copy[512];
  unsigned char* to = copy;
  unsigned char* from = memory + first - 512;
  size_t count = sizeof copy;
  struct rusage before;
  struct rusage after;
  getrusage(RUSAGE_SELF, &before);
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  getrusage(RUSAGE_SELF, &after);
  printf("a string of 512 bytes: mapped %s\n", after.ru_minflt - before.ru_minflt < 256 ? "a few times" : "for each");
}
static void children(void) {
  const int ends[] = {0, SIGBUS, SIGSEGV, SIGFPE, SIGTRAP};
  printf("children end with");
  for (int at = 0; at < 5; ++at) {
    printf(" %d", end_beside(ends[at]));
  }
  signal(SIGTRAP, SIG_IGN); /* and no trap can come */
  printf("; where SIGTRAP is ignored with %d\n", end_beside(0));
}
/* SIGTRAP is ignored, and not, while another thread is there: its trap must not be its end. */
static void* touch_or_not(void* unused) {
  while (!stops) {
    if (sigsetjmp(masked_back, 1) == 0) {
      (void)*(volatile unsigned char*)(memory + first - 512);
    }
    touches = touches + 1;
  }
  return unused;
}
static void ignores(void) {
  signal(SIGBUS, leave_with_mask);
  pthread_t thread;
  pthread_create(&thread, NULL, touch_or_not, NULL);
  for (int round = 0; round < 100; ++round) {
    signal(SIGTRAP, SIG_IGN);
    signal(SIGTRAP, SIG_DFL);
    for (unsigned long since = touches; touches - since < 2;) {
    }
  }
  stops = 1;
  pthread_join(thread, NULL);
  puts("SIGTRAP is ignored, and not: survived");
}

/* Of a child of fork(), before the library under test has heard of it. */
static void in_child(void) {
  signal(SIGSEGV, SIG_DFL);
}

static const struct {
  const char* name;
  void (*run)(void);
} parts[] = {{"ends", ends},       {"leaves", leaves},   {"plain", plain},   {"nodefer", nodefer},
             {"reset", resethand}, {"onstack", onstack}, {"blocks", blocks}, {"string", string},
             {"actions", actions}, {"ignores", ignores}, {"forks", forks},   {"children", children}};

int main(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  first = strtoull(argv[2], NULL, 0);
  pthread_atfork(NULL, NULL, in_child);
  const int fd = open(argv[1], O_RDWR);
  memory = mmap(NULL, 2U << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || nowhere == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  for (size_t at = 0; at < sizeof parts / sizeof parts[0]; ++at) {
    if (strcmp(argv[3], parts[at].name) == 0) {
      parts[at].run();
      return 0;
    }
  }
  return 2;
}
