/* Memory of a device that ends, or may not be touched, in the middle of a transfer of the kernel's. */
#include "corners.h"
#include <dirent.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
/* A file of other bytes in each page. */
static int pages(size_t length) {
  int fd = memfd_create("pages", 0);
  ftruncate(fd, length);
  char* q = mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  for (size_t i = 0; i < length; i++)
    q[i] = (char)(1 + i / 4096);
  munmap(q, length);
  return fd;
}
static void sum(const char* what, const char* p, size_t n) {
  unsigned hash = 0;
  for (size_t i = 0; i < n; i++)
    hash = hash * 31 + (unsigned char)p[i];
  printf("%s=%08x ", what, hash);
}
static char* with(int fd, int extents, int prot_of_second) {
  char* p = m(fd, extents * A);
  if (prot_of_second < 0)
    munmap(p + A, A);
  else
    mprotect(p + A, A, prot_of_second);
  return p;
}
static void both_ways(char* p, int file) {
  prn("read", pread(file, p + A - 4096, 8192, 0));
  sum("got", p + A - 4096, 4096);
  prn("read-few", pread(file, p + A - 10, 20, 0));
  prn("read-behind", pread(file, p + A, 8, 0));
  prn("read-before-third", pread(file, p + 2 * A - 4096, 8192, 0));
  prn("write", pwrite(file, p + A - 4096, 8192, 0));
  prn("write-few", pwrite(file, p + A - 10, 20, 0));
  prn("write-behind", pwrite(file, p + A, 8, 0));
  lseek(file, 0, SEEK_SET);
  prn("read-at", read(file, p + A - 4096, 65536));
  prn("position", lseek(file, 0, SEEK_CUR));
  prn("write-at", write(file, p + A - 8192, 16384));
  prn("position", lseek(file, 0, SEEK_CUR));
}
static void packets(char* p) {
  int s[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  struct iovec two[2] = {{p + A - 10, 20}, {p + 3 * A, 10}};
  struct msghdr h = {0};
  h.msg_iov = two;
  h.msg_iovlen = 2;
  memset(p + A - 10, 1, 20);
  memset(p + 3 * A, 2, 10);
  prn("send", sendmsg(s[0], &h, 0));
  prn("receive", recv(s[1], p + 2 * A - 5, 30, 0));
  sum("got", p + 2 * A - 5, 30);
  struct iovec past = {p + 4 * A - 10, 20};
  h.msg_iov = &past;
  h.msg_iovlen = 1;
  prn("past", sendmsg(s[0], &h, 0));
  send(s[0], "0123456789", 10, 0);
  prn("receive-past", recv(s[1], p + 4 * A - 5, 10, 0));
  prn("lost", recv(s[1], p, 10, MSG_DONTWAIT));
  struct msghdr* there = (void*)(p + A + A / 2);
  *there = h;
  past.iov_base = p + 100;
  past.iov_len = 10;
  prn("header-there", sendmsg(s[0], there, 0));
}
/* p + A * k++ - 4: a place that begins in one untouched extent and ends in the next. */
static void writes_of_the_kernel(char* p) {
  int k = 0;
#define NEXT (void*)(p + A * ++k - 4)
  struct epoll_event event = {EPOLLIN};
  int ep = epoll_create1(0);
  int e = eventfd(1, 0);
  epoll_ctl(ep, EPOLL_CTL_ADD, e, &event);
  prn("epoll", epoll_wait(ep, NEXT, 4, 0));
  pr("getdents", syscall(SYS_getdents64, open("/proc/self/fd", O_RDONLY | O_DIRECTORY), NEXT, 400));
  prn("proc", read(open("/proc/self/status", O_RDONLY), NEXT, 400));
  prn("eventfd", read(e, NEXT, 8));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  raise(SIGUSR1);
  prn("sigwaitinfo", sigwaitinfo(&set, NEXT) == SIGUSR1 ? 0 : -1);
  pid_t child = fork();
  if (child == 0)
    _exit(3);
  prn("wait4", wait4(child, NEXT, 0, NEXT) == child ? 0 : -1);
  child = fork();
  if (child == 0)
    _exit(3);
  prn("waitid", waitid(P_PID, child, NEXT, WEXITED));
  prn("getrlimit", getrlimit(RLIMIT_NOFILE, NEXT));
  prn("pipe", pipe(NEXT));
  prn("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, NEXT));
  prn("statx", syscall(SYS_statx, AT_FDCWD, "/", 0, 0xfff, NEXT));
  prn("clock", syscall(SYS_clock_gettime, 0, NEXT));
  prn("vdso", clock_gettime(CLOCK_MONOTONIC, NEXT));
}
/* The memory behind a mapping, by its link: which of them there are is not asked. */
static void map_files(char* p) {
  int found = 0;
  int wrong = 0;
  DIR* list = opendir("/proc/self/map_files");
  for (struct dirent* entry = readdir(list); entry; entry = readdir(list)) {
    char name[300];
    char target[64] = {0};
    struct stat about = {0};
    sprintf(name, "/proc/self/map_files/%s", entry->d_name);
    if (readlink(name, target, sizeof target - 1) < 0 || strcmp(target, DEV))
      continue;
    found++;
    int fd = open(name, O_RDWR);
    wrong += fd < 0 || stat(name, &about) != 0 || !S_ISCHR(about.st_mode);
    wrong += read(fd, target, 1) != -1 || errno != EINVAL;
    wrong += pread(fd, target, 1, 0) != -1 || errno != EINVAL;
    wrong += pwrite(fd, target, 1, 0) != -1 || errno != EINVAL;
    wrong += ftruncate(fd, 0) != -1 || errno != EINVAL;
    wrong += truncate(name, 0) != -1 || errno != EINVAL;
    fd = openat(dirfd(list), entry->d_name, O_RDWR);
    wrong += fd < 0 || fstat(fd, &about) != 0 || !S_ISCHR(about.st_mode);
    wrong += ftruncate(fd, 0) != -1 || errno != EINVAL;
  }
  printf("found=%s wrong=%d ", found ? "yes" : "no", wrong);
  touch("still", p, 0);
}
void border_rows(int argc, char** argv) {
  only_argc = argc;
  only_argv = argv;
  ROW("border.hole", both_ways(with(o(), 3, -1), pages(65536)));
  ROW("border.none", both_ways(with(o(), 3, PROT_NONE), pages(65536)));
  ROW("border.read-only", both_ways(with(o(), 3, PROT_READ), pages(65536)));
  ROW("border.end-of-device", {
    int fd = o();
    char* p = mmap(0, SIZE + 2 * A, 3, MAP_SHARED, fd, 0);
    int file = pages(65536);
    char b[200];
    struct iovec there = {p + SIZE - 100, 200};
    struct iovec here = {b, 200};
    int mem = open("/proc/self/mem", O_RDWR);
    prn("read", pread(file, p + SIZE - 4096, 8192, 0));
    prn("read-behind", pread(file, p + SIZE, 10, 0));
    prn("write", pwrite(file, p + SIZE - 4096, 8192, 0));
    prn("write-behind", pwrite(file, p + SIZE, 10, 0));
    prn("readv", process_vm_readv(getpid(), &here, 1, &there, 1, 0));
    prn("writev", process_vm_writev(getpid(), &here, 1, &there, 1, 0));
    prn("into", process_vm_readv(getpid(), &there, 1, &here, 1, 0));
    prn("mem", pread(mem, b, 200, (off_t)(p + SIZE - 100)));
    prn("mem-behind", pread(mem, b, 200, (off_t)(p + SIZE)));
    prn("mem-write", pwrite(mem, b, 200, (off_t)(p + SIZE - 100)));
  });
  ROW("border.pieces", {
    int fd = o();
    char* p = m(fd, 6 * A);
    char b[100];
    int file = pages(65536);
    munmap(p + 3 * A, A);
    struct iovec v[5] = {{b, 100}, {p, 5000}, {p + 2 * A - 50, 100}, {p + 3 * A - 30, 60}, {p + 4 * A, 100}};
    struct iovec bad[3] = {{p + 3 * A, 10}, {b, 10}, {p, 10}};
    prn("read", preadv(file, v, 5, 0));
    prn("read-three", preadv(file, v, 3, 0));
    prn("read-bad", preadv(file, bad, 3, 0));
    prn("write", pwritev(file, v, 5, 0));
    prn("write-bad", pwritev(file, bad, 3, 0));
    prn("negative", preadv(file, v, -1, 0));
    prn("none", preadv(file, v, 0, 0));
    prn("many", preadv(file, v, 1025, 0));
    v[2].iov_len = -1;
    prn("long", preadv(file, v, 3, 0));
    struct iovec* list = (void*)(p + A - 8);
    list[0] = (struct iovec){p + 4 * A, 100};
    list[1] = (struct iovec){p + 5 * A, 100};
    prn("list-there", preadv(file, list, 2, 0));
    prn("list-past", syscall(SYS_preadv, file, p + 6 * A - 16, 2, 0, 0));
  });
  ROW("border.self-mem", {
    int fd = o();
    char* p = m(fd, 4 * A);
    char b[8192];
    memset(b, 3, sizeof b);
    int mem = open("/proc/self/mem", O_RDWR);
    prn("write", pwrite(mem, b, 8192, (off_t)(p + A - 4096)));
    sum("got", p + A - 4096, 8192);
    munmap(p + 3 * A, A);
    prn("hole", pread(mem, b, 200, (off_t)(p + 3 * A - 100)));
    prn("into", pread(mem, p + 2 * A - 100, 200, (off_t)(p + A - 100)));
  });
  ROW("border.packets", packets(m(o(), 4 * A)));
  ROW("border.kernel-writes", writes_of_the_kernel(m(o(), 64 * A)));
  ROW("border.offsets", {
    int fd = o();
    char* p = m(fd, 2 * A);
    int file = pages(65536);
    int ends[2];
    pipe(ends);
    off_t* at = (void*)(p + A - 4);
    *at = 0;
    prn("sendfile", sendfile(ends[1], file, at, 4096));
    printf("at=%ld ", (long)*at);
    prn("splice", splice(file, at, ends[1], 0, 4096, 0));
    printf("at=%ld ", (long)*at);
  });
  ROW("border.map-files", map_files(m(o(), 2 * A)));
  ROW("border.shm-over-it", {
    int fd = o();
    char* p = m(fd, 8 * A);
    int id = shmget(IPC_PRIVATE, A, 0600);
    char* at = shmat(id, p + 4 * A, 0);
    pr("over", at == (void*)-1 ? -1 : 0);
    at = shmat(id, p + 4 * A, SHM_REMAP);
    pr("remap", at == (void*)-1 ? -1 : 0);
    touch("before", p + 4 * A - 1, 1);
    touch("it", p + 4 * A, 1);
    touch("behind", p + 5 * A, 1);
    pr("detach-other", shmdt(p));
    pr("detach", shmdt(p + 4 * A));
    touch("then", p + 4 * A, 1);
    shmctl(id, IPC_RMID, 0);
  });
  ROW("border.futex", {
    int fd = o();
    char* p = m(fd, 4 * A);
    struct timespec soon = {0, 1000000};
    YN("mismatch", SYS_futex, p + A, FUTEX_WAIT, 1, &soon, 0, 0);
    YN("timeout", SYS_futex, p + A, FUTEX_WAIT, 0, &soon, 0, 0);
    YN("requeue", SYS_futex, p + A, FUTEX_CMP_REQUEUE, 1, 1L, p + 2 * A, 0);
    YN("lock-pi", SYS_futex, p + 8, FUTEX_LOCK_PI, 0, 0, 0, 0);
    printf("own=%d ", *(int*)(p + 8) == gettid());
    YN("again", SYS_futex, p + 8, FUTEX_LOCK_PI, 0, 0, 0, 0);
    YN("unlock", SYS_futex, p + 8, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
    YN("unlock-again", SYS_futex, p + 8, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
    YN("past", SYS_futex, p + 4 * A, FUTEX_WAIT, 0, &soon, 0, 0);
    mprotect(p + 2 * A, A, PROT_READ);
    YN("read-only", SYS_futex, p + 2 * A, FUTEX_WAIT, 0, &soon, 0, 0);
    YN("read-only-pi", SYS_futex, p + 2 * A, FUTEX_LOCK_PI, 0, 0, 0, 0);
    mprotect(p + 2 * A, A, PROT_NONE);
    YN("none", SYS_futex, p + 2 * A, FUTEX_WAIT, 0, &soon, 0, 0);
    YN("none-wake", SYS_futex, p + 2 * A, FUTEX_WAKE, 1, 0, 0, 0);
  });
}
