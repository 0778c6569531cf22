/* Handlers and looks into /proc that the rows of sweep2 share. */
#include "../rows.h"
#include <elf.h>
#include <grp.h>
#include <linux/futex.h>
#include <linux/mempolicy.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/user.h>
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
static char smapsline[200];
static const char* smaps(void* p, const char* key) {
  FILE* f = fopen("/proc/self/smaps", "r");
  char b[400];
  int in = 0;
  strcpy(smapsline, "none");
  while (fgets(b, 400, f)) {
    unsigned long x, y;
    if (sscanf(b, "%lx-%lx ", &x, &y) == 2 && strchr(b, '-') < b + 17)
      in = (unsigned long)p >= x && (unsigned long)p < y;
    else if (in && !strncmp(b, key, strlen(key))) {
      char* q = b + strlen(key);
      while (*q == ' ' || *q == ':')
        q++;
      q[strcspn(q, "\n")] = 0;
      strcpy(smapsline, q);
      break;
    }
  }
  fclose(f);
  return smapsline;
}
static long status_kb(const char* key) {
  FILE* f = fopen("/proc/self/status", "r");
  char b[200];
  long v = -1;
  while (fgets(b, 200, f))
    if (!strncmp(b, key, strlen(key)))
      v = atol(b + strlen(key) + 1);
  fclose(f);
  return v;
}
static char* base;
static volatile int hits;
static volatile sig_atomic_t inner;
static void h_count(int s, siginfo_t* i, void* c) {
  hits++;
  if (hits >= 5) {
    printf("hits=%d code=%d off=%ld ", hits, i->si_code, (long)((char*)i->si_addr - base));
    fflush(stdout);
    _exit(0);
  }
}
static void h_fix(int s, siginfo_t* i, void* c) {
  hits++;
  char* pg = (char*)((unsigned long)i->si_addr & ~4095UL);
  mmap(pg, 4096, 3, MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
}
static void h_fix2M(int s, siginfo_t* i, void* c) {
  hits++;
  char* pg = (char*)((unsigned long)i->si_addr & ~(A - 1));
  void* r = mmap(pg, A, 3, MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (r == MAP_FAILED) {
    printf("fix=%s ", en(errno));
    fflush(stdout);
    _exit(9);
  }
}
static void h_ctx(int s, siginfo_t* i, void* c) {
  ucontext_t* u = c;
  printf("err=%llx trap=%lld cr2off=%ld addroff=%ld code=%d errno=%d masked=%d lsb=%d onstack=%d ",
         u->uc_mcontext.gregs[REG_ERR], u->uc_mcontext.gregs[REG_TRAPNO],
         (long)((char*)u->uc_mcontext.gregs[REG_CR2] - base), (long)((char*)i->si_addr - base), i->si_code, i->si_errno,
         sigismember(&u->uc_sigmask, SIGUSR1), i->si_addr_lsb, ({
           stack_t ss;
           sigaltstack(0, &ss);
           ss.ss_flags;
         }));
  sigset_t m;
  sigprocmask(0, 0, &m);
  printf("now: bus=%d usr1=%d usr2=%d ", sigismember(&m, SIGBUS), sigismember(&m, SIGUSR1), sigismember(&m, SIGUSR2));
  struct sigaction q;
  sigaction(SIGBUS, 0, &q);
  printf("dfl=%d ", q.sa_handler == SIG_DFL);
  fflush(stdout);
  _exit(0);
}
static void h_nest(int s, siginfo_t* i, void* c) {
  hits++;
  printf("h%d off=%ld ", hits, (long)((char*)i->si_addr - base));
  fflush(stdout);
  if (hits == 1) {
    volatile char x = base[4 * A + 99];
  }
  if (hits == 2)
    _exit(0);
}
static void h_plain(int s) {
  printf("plain=%d ", s);
  fflush(stdout);
  _exit(0);
}
static void h_skip(int s, siginfo_t* i, void* c) {
  ucontext_t* u = c;
  hits++;
  u->uc_mcontext.gregs[REG_RIP] += 2;
}
static void* bad(int* pfd) {
  int fd = o();
  base = mmap(0, 4 * A, 3, MAP_SHARED, fd, SIZE - 2 * A);
  if (base == MAP_FAILED) {
    printf("MAP ");
    _exit(1);
  }
  if (pfd)
    *pfd = fd;
  return base + 2 * A;
}
static void act(void (*f)(int, siginfo_t*, void*), int fl) {
  struct sigaction sa = {0};
  sa.sa_sigaction = f;
  sa.sa_flags = SA_SIGINFO | fl;
  sigaddset(&sa.sa_mask, SIGUSR2);
  sigaction(SIGBUS, &sa, 0);
  sigaction(SIGSEGV, &sa, 0);
}
static void* thr_touch(void* p) {
  t_install();
  touch("thr", p, 0);
  return 0;
}
static void* thr_loop(void* p) {
  for (size_t i = 0; i < SIZE; i += 4096 * 64)
    ((volatile char*)p)[i] = 1;
  return 0;
}
static void* thr_busloop(void* p) {
  act(h_count, 0);
  for (;;)
    (void)*(volatile char*)p;
}
static void nobody(void) {
  setgroups(0, 0);
  setresgid(65534, 65534, 65534);
  setresuid(65534, 65534, 65534);
  prctl(PR_SET_DUMPABLE, 1);
}
