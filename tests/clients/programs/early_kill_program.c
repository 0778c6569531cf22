// early_kill DEVICE advice|outside: processes with different policies for memory failure (prctl PR_MCE_KILL) map the
// device; then an extent that they have touched fails, by MADV_HWPOISON of this process or from outside. Prints what
// each was told. Runs on a real device-dax too: its answers there are the expectation of early_kill_test.sh.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef BUS_MCEERR_AO
#define BUS_MCEERR_AO 5
#endif

enum kind { plain, early, late, untouched, inherited, second_thread, waiting, ignoring, unhandled, kinds };
static const char* const names[] = {"plain",         "early",   "late",     "untouched", "inherited",
                                    "second-thread", "waiting", "ignoring", "unhandled"};

static const char* device;
static size_t align = 2 << 20;
static char* base;
static volatile sig_atomic_t signals;
static volatile int code, lsb, thread;
static volatile long where;
static volatile int second;

static int tid(void) {
  return (int)syscall(SYS_gettid);
}
static void on_bus(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)context;
  ++signals;
  code = info->si_code;
  lsb = info->si_addr_lsb;
  where = (char*)info->si_addr - base;
  thread = tid();
}
static void policy(int which) {
  if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, which, 0, 0) != 0) {
    perror("PR_MCE_KILL");
    exit(2);
  }
}
static void* second_main(void* unused) {
  (void)unused;
  policy(PR_MCE_KILL_EARLY);
  second = tid();
  while (1) {
    usleep(1000);
  }
  return NULL;
}
static void map(void) {
  const int fd = open(device, O_RDWR);
  base = fd < 0 ? MAP_FAILED : mmap(NULL, 2 * align, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) {
    perror(device);
    exit(2);
  }
}
static const char* code_name(int value) {
  return value == BUS_MCEERR_AO ? "AO" : value == BUS_MCEERR_AR ? "AR" : "?";
}
static void report(const char* name) {
  if (signals == 0) {
    printf("%s: nothing\n", name);
  } else {
    printf("%s: %s at %ld lsb %d in %s\n", name, code_name(code), where, lsb,
           thread == getpid() ? "main"
           : thread == second ? "second"
                              : "?");
  }
  fflush(stdout);
}

// One process; says on `ready` that it is, ends when `go` is closed.
static void child(enum kind kind, int ready, int go) {
  sigset_t bus;
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  struct sigaction action = {0};
  action.sa_sigaction = on_bus;
  action.sa_flags = SA_SIGINFO;
  map();
  if (kind == ignoring) {
    signal(SIGBUS, SIG_IGN);
  } else if (kind != unhandled) {
    sigaction(SIGBUS, &action, NULL);
  }
  if (kind == waiting) {
    sigprocmask(SIG_BLOCK, &bus, NULL);
  }
  if (kind != untouched) {
    base[align + 5] = 1;
  }
  if (kind == second_thread) {
    pthread_t id;
    pthread_create(&id, NULL, second_main, NULL);
    while (second == 0) {
      usleep(100);
    }
  } else if (kind == late) {
    policy(PR_MCE_KILL_LATE);
  } else if (kind != plain && kind != inherited) {
    policy(PR_MCE_KILL_EARLY);
  }
  char byte = 0;
  if (write(ready, &byte, 1) != 1) {
    exit(2);
  }
  while (read(go, &byte, 1) < 0 && errno == EINTR) {
  }
  usleep(100000); // a signal sent before arrives before
  if (kind == waiting) {
    siginfo_t info;
    const struct timespec none = {0, 0};
    if (sigtimedwait(&bus, &info, &none) == SIGBUS) {
      on_bus(SIGBUS, &info, NULL);
    }
  }
  report(names[kind]);
  exit(0);
}

int main(int count, char** words) {
  if (count != 3) {
    fprintf(stderr, "usage: early_kill DEVICE advice|outside\n");
    return 2;
  }
  device = words[1];
  int ready[2], go[2], out[kinds][2];
  pid_t pids[kinds];
  if (pipe(ready) != 0 || pipe(go) != 0) {
    return 2;
  }
  for (int kind = 0; kind < kinds; ++kind) {
    if (pipe(out[kind]) != 0) {
      return 2;
    }
    if (kind == inherited) {
      policy(PR_MCE_KILL_EARLY);
    }
    pids[kind] = fork();
    if (pids[kind] == 0) {
      close(go[1]);
      dup2(out[kind][1], 1);
      child((enum kind)kind, ready[1], go[0]);
    }
    if (kind == inherited) {
      prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0);
    }
    close(out[kind][1]);
    char byte;
    if (read(ready[0], &byte, 1) != 1) {
      return 2;
    }
  }
  if (strcmp(words[2], "advice") == 0) {
    struct sigaction action = {0};
    action.sa_sigaction = on_bus;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &action, NULL);
    map();
    base[align] = 1;
    if (madvise(base + align + 8192, 4096, MADV_HWPOISON) != 0) {
      perror("MADV_HWPOISON");
      return 2;
    }
    report("poisoner");
  } else {
    puts("ready");
    fflush(stdout);
    char byte;
    if (read(0, &byte, 1) < 0) { // until somebody has poisoned it
      return 2;
    }
  }
  close(go[0]);
  close(go[1]);
  for (int kind = 0; kind < kinds; ++kind) {
    char text[128];
    const ssize_t length = read(out[kind][0], text, sizeof text);
    int status = 0;
    waitpid(pids[kind], &status, 0);
    if (length > 0) {
      printf("%.*s", (int)length, text);
    }
    if (WIFSIGNALED(status)) {
      printf("%s: killed by signal %d\n", names[kind], WTERMSIG(status));
    }
  }
  return 0;
}
