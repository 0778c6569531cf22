/* What a touch beyond the end tells the program of, however it set up its signals. */
#include "sweep2.h"
void signal_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("sig.count", {
    base = 0;
    char* b = bad(0);
    act(h_count, 0);
    volatile char x = *(b + 77);
  });
  ROW("sig.count-nodefer", {
    char* b = bad(0);
    act(h_count, SA_NODEFER);
    volatile char x = *(b + 77);
  });
  ROW("sig.resethand", {
    char* b = bad(0);
    act(h_count, SA_RESETHAND);
    volatile char x = *(b + 77);
  });
  ROW("sig.fix4k", {
    char* b = bad(0);
    act(h_fix, 0);
    volatile char x = b[77];
    printf("x=%d hits=%d ", x, hits);
  });
  ROW("sig.fix2M", {
    char* b = bad(0);
    act(h_fix2M, 0);
    volatile char x = b[77];
    printf("x=%d hits=%d ", x, hits);
    b[A + 1] = 3;
    printf("hits=%d ", hits);
  });
  ROW("sig.ctx-read", {
    char* b = bad(0);
    act(h_ctx, 0);
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    sigprocmask(SIG_BLOCK, &s, 0);
    volatile char x = *(b + 77);
  });
  ROW("sig.ctx-write", {
    char* b = bad(0);
    act(h_ctx, 0);
    *(volatile char*)(b + 77) = 1;
  });
  ROW("sig.ctx-altstack", {
    char* b = bad(0);
    stack_t ss = {malloc(65536), 0, 65536};
    sigaltstack(&ss, 0);
    act(h_ctx, SA_ONSTACK);
    *(volatile char*)(b + 77) = 1;
  });
  ROW("sig.ctx-autodisarm", {
    char* b = bad(0);
    stack_t ss = {malloc(65536), 1 << 31, 65536};
    pr("sas", sigaltstack(&ss, 0));
    act(h_ctx, SA_ONSTACK);
    *(volatile char*)(b + 77) = 1;
  });
  ROW("sig.ctx-resethand", {
    char* b = bad(0);
    act(h_ctx, SA_RESETHAND);
    *(volatile char*)(b + 77) = 1;
  });
  ROW("sig.ctx-nodefer", {
    char* b = bad(0);
    act(h_ctx, SA_NODEFER);
    *(volatile char*)(b + 77) = 1;
  });
  ROW("sig.nest-nodefer", {
    char* b = bad(0);
    act(h_nest, SA_NODEFER);
    volatile char x = *(b + 77);
  });
  ROW("sig.nest", {
    char* b = bad(0);
    act(h_nest, 0);
    volatile char x = *(b + 77);
  });
  ROW("sig.blocked", {
    char* b = bad(0);
    act(h_count, 0);
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGBUS);
    sigprocmask(SIG_BLOCK, &s, 0);
    volatile char x = *(b + 77);
  });
  ROW("sig.ignored", {
    char* b = bad(0);
    signal(SIGBUS, SIG_IGN);
    volatile char x = *(b + 77);
  });
  ROW("sig.signalfd", {
    char* b = bad(0);
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGBUS);
    sigprocmask(SIG_BLOCK, &s, 0);
    int f = signalfd(-1, &s, SFD_NONBLOCK);
    pr("sfd", f);
    raise(SIGBUS);
    struct signalfd_siginfo i;
    prn("read", read(f, &i, sizeof i));
    printf("signo=%d code=%d ", i.ssi_signo, i.ssi_code);
    kill(getpid(), SIGBUS);
    siginfo_t si;
    struct timespec ts = {1, 0};
    prn("wait", sigtimedwait(&s, &si, &ts));
    printf("code=%d ", si.si_code);
    fflush(stdout);
    volatile char x = *(b + 77);
  });
  ROW("sig.sigwait", {
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGBUS);
    sigprocmask(SIG_BLOCK, &s, 0);
    int fd = o();
    char* p = m(fd, A);
    p[0] = 1;
    union sigval v2;
    v2.sival_int = 42;
    pr("queue", sigqueue(getpid(), SIGBUS, v2));
    siginfo_t si;
    prn("wait", sigwaitinfo(&s, &si));
    printf("code=%d v=%d ", si.si_code, si.si_value.sival_int);
    sigset_t pe;
    kill(getpid(), SIGBUS);
    sigpending(&pe);
    printf("pending=%d ", sigismember(&pe, SIGBUS));
    int sg = 0;
    printf("sigwait=%d %d ", sigwait(&s, &sg), sg);
    touch("t", p + A / 2, 1);
  });
  ROW("sig.kill-handler", {
    int fd = o();
    char* p = m(fd, 8 * A);
    base = p;
    t_install();
    if (!sigsetjmp(jb, 1)) {
      kill(getpid(), SIGBUS);
      printf("nosig ");
    } else
      printf("code=%d ", t_code);
    signal(SIGBUS, SIG_IGN);
    kill(getpid(), SIGBUS);
    raise(SIGBUS);
    printf("ign ");
    p[0] = 1;
    p[A] = 1;
    printf("touch ");
    signal(SIGBUS, h_plain);
    raise(SIGBUS);
  });
  ROW("sig.kill-default", {
    int fd = o();
    char* p = m(fd, 8 * A);
    p[0] = 1;
    fflush(stdout);
    kill(getpid(), SIGBUS);
    sleep(2);
    printf("alive");
  });
  ROW("sig.skip", {
    char* b = bad(0);
    act(h_skip, 0);
    for (int i = 0; i < 1000; i++) {
      __asm__ volatile("movb (%0), %%al" : : "r"(b + i) : "rax");
    }
    printf("hits=%d ", hits);
  });
  ROW("sig.plainhandler", {
    char* b = bad(0);
    signal(SIGBUS, h_plain);
    volatile char x = *(b + 77);
  });
  ROW("sig.query", {
    struct sigaction q;
    sigaction(SIGBUS, 0, &q);
    printf("dfl=%d fl=%x ", q.sa_handler == SIG_DFL, q.sa_flags);
    int fd = o();
    char* p = m(fd, A);
    p[0] = 1;
    sigaction(SIGBUS, 0, &q);
    printf("dfl=%d fl=%x ", q.sa_handler == SIG_DFL, q.sa_flags & ~0x04000000);
    act(h_ctx, SA_RESTART);
    struct sigaction w;
    sigaction(SIGBUS, 0, &w);
    printf("same=%d fl=%x mask=%d ", w.sa_sigaction == h_ctx, w.sa_flags & ~0x04000000,
           sigismember(&w.sa_mask, SIGUSR2));
    struct {
      void* h;
      unsigned long fl;
      void* r;
      unsigned long m;
    } ks;
    Y("raw", SYS_rt_sigaction, SIGBUS, 0, &ks, 8);
    printf("rawsame=%d ", ks.h == h_ctx);
    void* old = signal(SIGBUS, SIG_DFL);
    printf("old=%d ", old == h_ctx);
  });
  ROW("sig.rawsigaction", {
    char* b = bad(0);
    struct {
      void* h;
      unsigned long fl;
      void* r;
      unsigned long m;
    } ks = {0};
    struct sigaction q;
    act(h_ctx, 0);
    syscall(SYS_rt_sigaction, SIGBUS, 0, &ks, 8);
    printf("h=%d ", ks.h == h_ctx);
    ks.h = h_count;
    Y("set", SYS_rt_sigaction, SIGBUS, &ks, 0, 8);
    sigaction(SIGBUS, 0, &q);
    printf("seen=%d ", q.sa_sigaction == h_count);
    base = b;
    volatile char x = *(b + 77);
  });
  ROW("sig.rawmask", {
    char* b = bad(0);
    act(h_count, 0);
    unsigned long k = 1UL << (SIGBUS - 1);
    Y("block", SYS_rt_sigprocmask, SIG_BLOCK, &k, 0, 8);
    fflush(stdout);
    volatile char x = *(b + 77);
  });
  ROW("sig.rawmask-ok", {
    int fd = o();
    char* p = m(fd, 8 * A);
    unsigned long k = ~0UL;
    Y("block", SYS_rt_sigprocmask, SIG_BLOCK, &k, 0, 8);
    p[0] = 1;
    p[A] = 2;
    printf("%d %d ", p[0], p[A]);
    sigset_t q;
    sigprocmask(0, 0, &q);
    printf("bus=%d segv=%d ", sigismember(&q, SIGBUS), sigismember(&q, SIGSEGV));
    sigset_t f;
    sigfillset(&f);
    sigprocmask(SIG_SETMASK, &f, 0);
    p[3 * A] = 1;
    FILE* s = fopen("/proc/self/status", "r");
    char b[200];
    while (fgets(b, 200, s))
      if (!strncmp(b, "SigBlk", 6) || !strncmp(b, "SigCgt", 6) || !strncmp(b, "SigIgn", 6)) {
        b[strcspn(b, "\n")] = 0;
        printf("[%s] ", b);
      }
  });
  ROW("sig.thread", {
    char* b = bad(0);
    pthread_t t;
    pthread_create(&t, 0, thr_touch, b + 77);
    pthread_join(t, 0);
  });
  ROW("sig.thread-busloop", {
    char* b = bad(0);
    pthread_t t;
    fflush(stdout);
    pthread_create(&t, 0, thr_busloop, b + 77);
    pthread_join(t, 0);
  });
  ROW("sig.straddle", {
    char* b = bad(0);
    t_install();
    if (!sigsetjmp(jb, 1)) {
      volatile long x = *(volatile long*)(b - 4);
      printf("ok ");
    } else
      printf("SIG%s code=%d off=%ld ", sigabbrev_np(t_sig), t_code, (long)((char*)t_addr - b));
    if (!sigsetjmp(jb, 1)) {
      memset(b - 100, 1, 200);
    } else
      printf("memset off=%ld ", (long)((char*)t_addr - b));
    if (!sigsetjmp(jb, 1)) {
      __asm__ volatile("rep movsb" : : "S"(b - 8), "D"(smapsline), "c"(16) : "memory");
    } else
      printf("rep off=%ld ", (long)((char*)t_addr - b));
    if (!sigsetjmp(jb, 1)) {
      __asm__ volatile("lock incl (%0)" : : "r"(b + 4) : "memory");
    } else
      printf("lock off=%ld ", (long)((char*)t_addr - b));
    if (!sigsetjmp(jb, 1)) {
      __asm__ volatile("clflush (%0)" : : "r"(b + 5) : "memory");
      printf("clflush=ok ");
    } else
      printf("clflush off=%ld ", (long)((char*)t_addr - b));
    if (!sigsetjmp(jb, 1)) {
      __asm__ volatile("prefetcht0 (%0)" : : "r"(b + 5) : "memory");
      printf("prefetch=ok ");
    } else
      printf("pf off=%ld ", (long)((char*)t_addr - b));
    if (!sigsetjmp(jb, 1)) {
      ((void (*)(void))b)();
    } else
      printf("exec SIG%s %d off=%ld ", sigabbrev_np(t_sig), t_code, (long)((char*)t_addr - b));
  });
}
