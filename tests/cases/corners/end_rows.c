/* Processes that end thread by thread, run on memory of a device, or are limited. */
#include "corners.h"
#include <sys/ptrace.h>
#ifdef __x86_64__
#define EXIT(status) __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(status))
#else
#define EXIT(status) syscall(SYS_exit, status)
#endif
static pthread_t main_thread;
static void* later(void* unused) {
  usleep(50000);
  EXIT(0);
  return unused;
}
static void* joiner(void* unused) {
  char line[32];
  sprintf(line, "joined=%d ", pthread_join(main_thread, 0));
  write(1, line, strlen(line));
  _exit(4);
  return unused;
}
static int on_its_stack(void* word) {
  volatile char b[20000];
  for (int i = 0; i < 20000; i += 100)
    b[i] = i;
  *(volatile char*)word = 5;
  return 7;
}
static int deep(int n) {
  volatile char b[30000];
  b[0] = n;
  return n == 0 ? 0 : deep(n - 1) + b[0];
}
static void* deep_thread(void* unused) {
  return (void*)(long)deep(100);
}
static volatile int hits;
static void count(int signal) {
  hits++;
}
static char* touched(void) {
  char* p = m(o(), 8 * A);
  p[0] = 1;
  return p;
}
void end_rows(int argc, char** argv) {
  only_argc = argc;
  only_argv = argv;
  ROW("end.exit", {
    fflush(stdout);
    touched();
    EXIT(5);
  });
  ROW("end.exit-by-number", {
    fflush(stdout);
    touched();
    syscall(SYS_exit, 6);
  });
  ROW("end.exit-of-child", {
    char* p = touched();
    pid_t child = fork();
    if (child == 0) {
      p[2 * A] = 1;
      EXIT(7);
    }
    in_child("child", child);
  });
  ROW("end.exit-of-raw-child", {
    char* p = touched();
    pid_t child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
      p[3 * A] = 1;
      EXIT(8);
    }
    in_child("child", child);
  });
  ROW("end.exit-before-thread", {
    fflush(stdout);
    touched();
    pthread_t thread;
    pthread_create(&thread, 0, later, 0);
    EXIT(0);
  });
  ROW("end.joined-by-thread", {
    fflush(stdout);
    touched();
    main_thread = pthread_self();
    pthread_t thread;
    pthread_create(&thread, 0, joiner, 0);
    pthread_exit(0);
  });
  ROW("end.strict", {
    fflush(stdout);
    char* p = touched();
    prctl(PR_SET_SECCOMP, 1);
    p[2 * A] = 1;
    EXIT(9);
  });
  ROW("end.strict-killed", {
    touched();
    pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_SECCOMP, 1);
      syscall(SYS_getpid);
      _exit(0);
    }
    in_child("child", child);
  });
  ROW("stack.of-clone", {
    char* p = m(o(), 8 * A);
    in_child("memory", clone(on_its_stack, p + 2 * A, CLONE_VM | SIGCHLD, p + 4 * A));
    printf("word=%d ", p[4 * A]);
    in_child("vfork", clone(on_its_stack, p + 2 * A, CLONE_VM | CLONE_VFORK | SIGCHLD, p + 6 * A));
    in_child("fork", clone(on_its_stack, p + 2 * A, SIGCHLD, p + 6 * A));
  });
  ROW("stack.of-thread", {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, m(o(), 8 * A), 4 * A);
    pthread_t thread;
    void* said = 0;
    printf("create=%d ", pthread_create(&thread, &attributes, deep_thread, 0));
    pthread_join(thread, &said);
    printf("said=%ld ", (long)said);
  });
  ROW("stack.of-signals", {
    char* p = m(o(), 4 * A);
    stack_t stack = {p + A - 65536, 0, 131072};
    struct sigaction action = {0};
    pr("set", sigaltstack(&stack, 0));
    action.sa_handler = count;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, 0);
    raise(SIGUSR1);
    printf("hits=%d ", hits);
    munmap(p, 2 * A);
    pid_t child = fork();
    if (child == 0) {
      raise(SIGUSR1);
      _exit(0);
    }
    in_child("gone", child);
  });
#ifdef __x86_64__
  ROW("run.code", {
    char* p = mmap(0, 4 * A, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, o(), 0);
    memcpy(p + A, "\xb8\x2a\0\0\0\xc3", 6);
    printf("in=%d ", ((int (*)(void))(p + A))());
    memcpy(p + 2 * A - 3, "\xb8\x2b\0\0\0\xc3", 6); /* the instruction begins in one extent and ends in the next */
    printf("across=%d ", ((int (*)(void))(p + 2 * A - 3))());
    memcpy(p + 3 * A, "\xb8\x27\0\0\0\x0f\x05\xc3", 8);
    printf("getpid=%d ", ((int (*)(void))(p + 3 * A))() == getpid());
    pr("protect", mprotect(p, A, PROT_READ));
    t_install();
    if (sigsetjmp(jb, 1) == 0)
      ((int (*)(void))p)();
    else
      printf("no=%d/%d ", t_sig, t_code);
  });
#endif
  ROW("limit.locked", {
    int fd = o();
    struct rlimit limit = {A, A};
    setrlimit(RLIMIT_MEMLOCK, &limit);
    setresuid(65534, 65534, 65534);
    for (int extents = 1; extents < 3; extents++)
      for (int i = 0; i < 2; i++)
        pr("map", mmap(0, extents * A, 3, MAP_SHARED | MAP_LOCKED, fd, 0) == MAP_FAILED ? -1 : 0);
    char* p = m(fd, 4 * A);
    pr("lock", mlock(p, A));
    pr("lock-next", mlock(p + A, A));
    pr("lock-two", mlock(p, 2 * A));
    pr("all", mlockall(MCL_CURRENT));
  });
  ROW("namespace.process", {
    char* p = touched();
    pr("unshare", unshare(CLONE_NEWPID));
    pid_t child = fork();
    if (child == 0) {
      int fd = open(DEV, O_RDWR);
      char* q = mmap(0, 2 * A, 3, MAP_SHARED, fd, 0);
      p[2 * A] = 6;
      q[A] = 5;
      _exit(getpid() == 1 ? p[2 * A] + q[A] : 99);
    }
    in_child("child", child);
  });
  ROW("namespace.mount", {
    char* p = touched();
    pr("files", unshare(CLONE_FILES));
    pr("place", unshare(CLONE_FS));
    pr("mounts", unshare(CLONE_NEWNS));
    pr("names", unshare(CLONE_NEWUTS | CLONE_NEWIPC));
    touch("then", p + 3 * A, 1);
    touch("again", m(o(), A), 0);
  });
}
