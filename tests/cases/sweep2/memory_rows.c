/* Calls on mapped memory, and memory of the device as what other calls read and write. */
#include "sweep2.h"
void memory_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("mm.uffd", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    int u = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
    pr("uffd", u);
    struct uffdio_api a = {UFFD_API, 0};
    pr("api", ioctl(u, UFFDIO_API, &a));
    for (int mode = 1; mode < 8; mode++) {
      struct uffdio_register r = {{(unsigned long)p, 2 * A}, mode};
      char t[20];
      sprintf(t, "reg%d", mode);
      pr(t, ioctl(u, UFFDIO_REGISTER, &r));
      sprintf(t, "raw%d", mode);
      Y(t, SYS_ioctl, u, UFFDIO_REGISTER, &r);
    }
    struct uffdio_range rg = {(unsigned long)p, A};
    pr("unreg", ioctl(u, UFFDIO_UNREGISTER, &rg));
    pr("wake", ioctl(u, UFFDIO_WAKE, &rg));
    struct uffdio_zeropage z = {rg, 0};
    pr("zero", ioctl(u, UFFDIO_ZEROPAGE, &z));
    struct uffdio_continue k = {rg, 0};
    pr("cont", ioctl(u, UFFDIO_CONTINUE, &k));
    struct uffdio_writeprotect w = {rg, 1};
    pr("wp", ioctl(u, UFFDIO_WRITEPROTECT, &w));
    struct uffdio_copy cp = {(unsigned long)p, (unsigned long)p + A, 4096, 0};
    pr("copy", ioctl(u, UFFDIO_COPY, &cp));
    char* q = mmap(0, A, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register r2 = {{(unsigned long)q, A}, 1};
    pr("anon", ioctl(u, UFFDIO_REGISTER, &r2));
    struct uffdio_copy c2 = {(unsigned long)q, (unsigned long)p, 4096, 0};
    pr("copyfrom", ioctl(u, UFFDIO_COPY, &c2));
    printf("b=%d ", c2.copy == 4096 ? q[0] : -1);
  });
  ROW("mm.uffd-dev", {
    int d = open("/dev/userfaultfd", O_RDWR);
    pr("dev", d);
  });
  ROW("mm.process_madvise", {
    int fd = o();
    char* p = m(fd, 4 * A);
    int pf = syscall(SYS_pidfd_open, getpid(), 0);
    int adv[] = {MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_COLLAPSE, MADV_DONTNEED};
    for (int i = 0; i < 5; i++) {
      char t[20];
      struct iovec io1 = {p, 2 * A}, io2 = {p + 4096, 4096};
      sprintf(t, "a%d", adv[i]);
      YN(t, SYS_process_madvise, pf, &io1, 1, adv[i], 0);
      YN("part", SYS_process_madvise, pf, &io2, 1, adv[i], 0);
    }
  });
  ROW("mm.newcalls", {
    int fd = o();
    char* p = m(fd, 4 * A);
    Y("mseal", 462, p, A, 0);
    Y("sstack", 453, 0, A, 0);
    unsigned long cr[2] = {0, A};
    unsigned long cs[8];
    Y("cachestat", 451, fd, cr, cs, 0);
    Y("homenode", SYS_set_mempolicy_home_node, p, A, 0, 0);
    Y("memfd_secret", SYS_memfd_secret, 0);
    Y("futexwaitv", SYS_futex_waitv, 0, 0, 0, 0, 0);
  });
  ROW("mm.mapfixednr", {
    int fd = o();
    char* p = m(fd, 2 * A);
    pr("over", mmap(p, A, 3, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == MAP_FAILED ? -1 : 0);
    pr("half", mmap(p + A / 2, A, 3, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == MAP_FAILED ? -1 : 0);
    void* q = mmap((void*)0x100000000000, 2 * A, 3, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
    printf("at=%d ", q == (void*)0x100000000000);
    q = mmap((void*)0x110000001000, 2 * A, 3, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
    pr("odd", q == MAP_FAILED ? -1 : 0);
    Y("validate", SYS_mmap, 0x120000000000, A, 3, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE | MAP_SYNC, fd, 0);
    q = mmap((void*)0x130000000000, A, 3, 3 | MAP_FIXED | 0x80000 | (21 << 26) | MAP_LOCKED, fd, 0);
    pr("mcas", q == MAP_FAILED ? -1 : 0);
    q = mmap((void*)0x140000000000, A, 3, MAP_SHARED_VALIDATE | MAP_FIXED | 0x80000 | (21 << 26) | MAP_LOCKED, fd, 0);
    pr("mcas2", q == MAP_FAILED ? -1 : 0);
    q = mmap((void*)0x150000000000, A, 3, MAP_SHARED_VALIDATE | MAP_HUGETLB | MAP_FIXED, fd, 0);
    pr("huge", q == MAP_FAILED ? -1 : 0);
    q = mmap(0, A, 3, MAP_SHARED_VALIDATE | 0x4000000, fd, 0);
    pr("unk", q == MAP_FAILED ? -1 : 0);
    q = mmap(0, A, 3, MAP_SHARED | MAP_GROWSDOWN, fd, 0);
    pr("growsdown", q == MAP_FAILED ? -1 : 0);
    q = mmap(0, A, 3, MAP_SHARED | MAP_32BIT, fd, 0);
    pr("32", q == MAP_FAILED ? -1 : 0);
    q = mmap((void*)8, A, 3, MAP_SHARED, fd, 0);
    pr("hint8", q == MAP_FAILED ? -1 : 0);
    q = mmap((void*)-4096L, A, 3, MAP_SHARED, fd, 0);
    pr("hintneg", q == MAP_FAILED ? -1 : 0);
    q = mmap((void*)(1L << 50), A, 3, MAP_SHARED, fd, 0);
    pr("hint50", q == MAP_FAILED ? -1 : 0);
    q = mmap(0, 1UL << 46, 3, MAP_SHARED, fd, 0);
    pr("64T", q == MAP_FAILED ? -1 : 0);
    q = mmap(0, 1UL << 48, 3, MAP_SHARED, fd, 0);
    pr("256T", q == MAP_FAILED ? -1 : 0);
    q = mmap(0, 1UL << 40, 3, MAP_SHARED, fd, 0);
    pr("1T", q == MAP_FAILED ? -1 : 0);
  });
  ROW("mm.mlock-limit", {
    int fd = o();
    char* p = m(fd, 4 * A);
    struct rlimit r = {65536, 65536};
    setrlimit(RLIMIT_MEMLOCK, &r);
    nobody();
    pr("mlock", mlock(p, A));
    pr("mlock4k", mlock(p, 4096));
    printf("vmlck=%ld ", status_kb("VmLck:"));
    pr("mlock2", mlock2(p, A, 1));
    void* q = mmap(0, A, 3, MAP_SHARED | MAP_LOCKED, fd, 0);
    pr("MAP_LOCKED", q == MAP_FAILED ? -1 : 0);
    pr("all", mlockall(MCL_CURRENT));
    pr("future", mlockall(MCL_FUTURE));
    q = mmap(0, A, 3, MAP_SHARED, fd, 0);
    pr("then", q == MAP_FAILED ? -1 : 0);
    pr("munlock", munlock(p, A));
  });
  ROW("mm.mlock-root", {
    int fd = o();
    char* p = m(fd, 4 * A);
    pr("mlock", mlock(p, A));
    printf("vmlck=%ld locked=%s ", status_kb("VmLck:"), smaps(p, "Locked"));
    char vf[200];
    strcpy(vf, smaps(p, "VmFlags"));
    printf("lo=%d ", strstr(vf, " lo") != 0);
    void* q = mmap(0, A, 3, MAP_SHARED | MAP_LOCKED, fd, 0);
    printf("vmlck=%ld ", status_kb("VmLck:"));
    pr("future", mlockall(MCL_FUTURE));
    q = mmap(0, A, 3, MAP_SHARED, fd, 0);
    printf("vmlck=%d ", status_kb("VmLck:") > 0);
    pr("munlockall", munlockall());
  });
  ROW("mm.limits", {
    int fd = o();
    struct rlimit r = {64 << 20, 64 << 20};
    setrlimit(RLIMIT_AS, &r);
    void* q = mmap(0, 128 << 20, 3, MAP_SHARED, fd, 0);
    pr("as", q == MAP_FAILED ? -1 : 0);
    q = mmap(0, 16 << 20, 3, MAP_SHARED, fd, 0);
    pr("small", q == MAP_FAILED ? -1 : 0);
    struct rlimit d = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_DATA, &d);
    q = mmap(0, 16 << 20, 3, MAP_SHARED, fd, 0);
    pr("data", q == MAP_FAILED ? -1 : 0);
    struct rlimit fs = {0, 0};
    setrlimit(RLIMIT_FSIZE, &fs);
    signal(SIGXFSZ, SIG_IGN);
    prn("write", write(fd, &r, 1));
    pr("ftr", ftruncate(fd, 1 << 20));
    struct rlimit nf = {4, 4};
    setrlimit(RLIMIT_NOFILE, &nf);
    int k = 0;
    while (open(DEV, O_RDWR) >= 0)
      k++;
    printf("n=%d %s ", k, en(errno));
  });
  ROW("mm.smaps", {
    int fd = o();
    char* p = m(fd, 4 * A);
    printf("kps=%s mmu=%s ", smaps(p, "KernelPageSize"), ({
             static char b[99];
             strcpy(b, smaps(p, "MMUPageSize"));
             b;
           }));
    char fl[200];
    strcpy(fl, smaps(p, "VmFlags"));
    printf("[%s] ", fl);
    printf("thp=%s ", smaps(p, "THPeligible"));
    p[0] = 1;
    printf("anon=%s swap=%s ", smaps(p, "Anonymous"), ({
             static char b[99];
             strcpy(b, smaps(p, "Swap"));
             b;
           }));
  });
  ROW("mm.maps", {
    int fd = o();
    char* p = m(fd, 4 * A);
    struct stat s;
    fstat(fd, &s);
    FILE* f = fopen("/proc/self/maps", "r");
    char b[400];
    while (fgets(b, 400, f)) {
      unsigned long x, y, of, ino;
      char pm[8], path[200] = "";
      unsigned mj, mn;
      sscanf(b, "%lx-%lx %7s %lx %x:%x %lu %199[^\n]", &x, &y, pm, &of, &mj, &mn, &ino, path);
      if (x == (unsigned long)p) {
        printf("%s off=%lx dev=%d ino=%d path=%s ", pm, of, makedev(mj, mn) == s.st_dev, ino == s.st_ino, path);
      }
    }
  });
  ROW("mm.numa_maps", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    FILE* f = fopen("/proc/self/numa_maps", "r");
    char b[600];
    pr("open", f ? 0 : -1);
    while (f && fgets(b, 600, f)) {
      unsigned long x;
      char pol[60] = "", rest[500] = "";
      if (sscanf(b, "%lx %59s %499[^\n]", &x, pol, rest) >= 2 && x == (unsigned long)p)
        printf("pol=%s [%s] ", pol, rest);
    }
  });
  ROW("mm.numa", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    int st[2] = {-99, -99};
    void* pg[2] = {p, p + A};
    YN("move", SYS_move_pages, 0, 2, pg, 0, st, 0);
    printf("%s %s ", st[0] < 0 ? en(-st[0]) : "node", st[1] < 0 ? en(-st[1]) : "node");
    int mode = -1;
    unsigned long mask = 0;
    Y("getaddr", SYS_get_mempolicy, &mode, &mask, 64, p, MPOL_F_ADDR);
    printf("%d ", mode);
    Y("node", SYS_get_mempolicy, &mode, 0, 0, p, MPOL_F_ADDR | MPOL_F_NODE);
    printf("%d ", mode);
    unsigned long one = 1;
    Y("bind", SYS_mbind, p, A, MPOL_BIND, &one, 64, 0);
    Y("getaddr", SYS_get_mempolicy, &mode, &mask, 64, p, MPOL_F_ADDR);
    printf("%d ", mode);
    Y("odd", SYS_mbind, p + 4096, 4096, MPOL_BIND, &one, 64, 0);
    Y("move", SYS_mbind, p, A, MPOL_BIND, &one, 64, MPOL_MF_MOVE);
    Y("strict", SYS_mbind, p, A, MPOL_BIND, &one, 64, MPOL_MF_STRICT);
    Y("pref", SYS_mbind, p, A, MPOL_PREFERRED_MANY, &one, 64, 0);
    Y("def", SYS_mbind, p, A, MPOL_DEFAULT, 0, 0, 0);
  });
  ROW("mm.prctl", {
    int fd = o();
    char* p = m(fd, 4 * A);
    Y("vmaname", SYS_prctl, 0x53564d41, 0, p, A, "hello");
    Y("memmerge", SYS_prctl, 67, 1, 0, 0, 0);
  });
  ROW("mm.mincore", {
    int fd = o();
    char* p = m(fd, 4 * A);
    unsigned char v2[2048];
    memset(v2, 9, 2048);
    pr("un", mincore(p, A, v2));
    printf("%d %d ", v2[0], v2[511]);
    p[0] = 1;
    Y("raw", SYS_mincore, p, A, v2);
    printf("%d %d ", v2[0] & 1, v2[511] & 1);
  });
  ROW("mm.pagemap", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    int q = open("/proc/self/pagemap", O_RDONLY);
    uint64_t e[3];
    for (int i = 0; i < 3; i++)
      pread(q, &e[i], 8, ((unsigned long)p + i * 4096 + (i == 2) * A) / 4096 * 8);
    printf("present=%d,%d,%d file=%d pfn=%d contig=%d ", (int)(e[0] >> 63), (int)(e[1] >> 63), (int)(e[2] >> 63),
           (int)(e[0] >> 61 & 1), (e[0] & ((1UL << 55) - 1)) != 0,
           (e[1] & ((1UL << 55) - 1)) - (e[0] & ((1UL << 55) - 1)) == 1);
  });
  ROW("mm.kpageflags", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 1;
    int q = open("/proc/self/pagemap", O_RDONLY);
    uint64_t e, fl = 0, cn = 0;
    pread(q, &e, 8, (unsigned long)p / 4096 * 8);
    e &= (1UL << 55) - 1;
    int k = open("/proc/kpageflags", O_RDONLY);
    prn("flags", pread(k, &fl, 8, e * 8));
    printf("%d ", fl != 0);
    int kc = open("/proc/kpagecount", O_RDONLY);
    prn("count", pread(kc, &cn, 8, e * 8));
  });
  ROW("mm.clear_refs", {
    int fd = o();
    char* p = m(fd, 4 * A);
    p[0] = 5;
    for (int i = 1; i < 5; i++) {
      int q = open("/proc/self/clear_refs", O_WRONLY);
      char ch = '0' + i;
      prn("w", write(q, &ch, 1));
      close(q);
    }
    printf("v=%d ", p[0]);
    touch("t", p, 1);
  });
  ROW("mm.populate", {
    int fd = o();
    char* p = mmap(0, 4 * A, 3, MAP_SHARED | MAP_POPULATE, fd, SIZE - 2 * A);
    pr("map", p == MAP_FAILED ? -1 : 0);
    touch("in", p, 1);
    touch("out", p + 2 * A + 5, 1);
    pr("popr", madvise(p, 4 * A, MADV_POPULATE_READ));
    pr("popw", madvise(p, 2 * A, MADV_POPULATE_WRITE));
    pr("popw-out", madvise(p + 2 * A, 2 * A, MADV_POPULATE_WRITE));
    pr("popw-part", madvise(p + 4096, 4096, MADV_POPULATE_WRITE));
    Y("raw", SYS_madvise, p + 2 * A, 4096, MADV_POPULATE_READ);
  });
  ROW("mm.syscall-efault", {
    int fd;
    char* b = bad(&fd);
    int t = open("/tmp/ef", O_CREAT | O_RDWR | O_TRUNC, 0600);
    write(t, "hello world", 11);
    lseek(t, 0, 0);
    prn("read", read(t, b, 11));
    prn("pread", pread(t, b, 11, 0));
    prn("write", write(t, b, 11));
    int pp[2];
    pipe(pp);
    prn("pipew", write(pp[1], b, 8));
    prn("straddle", write(pp[1], b - 4, 8));
    YN("stat", SYS_stat, "/tmp", b);
    YN("getcwd", SYS_getcwd, b, 100);
    YN("uname", SYS_uname, b);
    YN("readlink", SYS_readlink, "/proc/self/exe", b, 100);
    YN("open", SYS_open, b, 0);
    YN("nanosleep", SYS_nanosleep, b, 0);
    YN("sigaction", SYS_rt_sigaction, SIGUSR1, 0, b, 8);
    YN("getrandom", SYS_getrandom, b, 8, 0);
    YN("futex", SYS_futex, b, FUTEX_WAIT, 0, 0, 0, 0);
    YN("poll", SYS_poll, b, 1, 0);
    struct iovec io1 = {b, 8};
    struct iovec lo = {base, 8};
    YN("pvr", SYS_process_vm_readv, getpid(), &lo, 1, &io1, 1, 0);
    YN("pvw", SYS_process_vm_writev, getpid(), &lo, 1, &io1, 1, 0);
    int s2[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, s2);
    YN("send", SYS_sendto, s2[0], b, 8, 0, 0, 0);
    write(s2[0], "12345678", 8);
    YN("recv", SYS_recvfrom, s2[1], b, 8, 0, 0, 0);
    YN("vmsplice", SYS_vmsplice, pp[1], &io1, 1, 0);
    YN("mincore", SYS_mincore, base, A, b);
    unlink("/tmp/ef");
  });
  ROW("mm.syscall-ok", {
    int fd = o();
    char* b = m(fd, 64 * A);
    int k = 0;
    int t = open("/tmp/ef", O_CREAT | O_RDWR | O_TRUNC, 0600);
    write(t, "hello world", 11);
    lseek(t, 0, 0);
    prn("read", read(t, b + A * k++, 11));
    prn("write", write(t, b + A * k++, 11));
    YN("stat", SYS_stat, "/tmp", b + A * k++);
    YN("getcwd", SYS_getcwd, b + A * k++, 100);
    YN("uname", SYS_uname, b + A * k++);
    YN("readlink", SYS_readlink, "/proc/self/exe", b + A * k++, 3);
    YN("open", SYS_open, b + A * k++, 0);
    YN("nanosleep", SYS_nanosleep, b + A * k++, 0);
    YN("sigaction", SYS_rt_sigaction, SIGUSR1, 0, b + A * k++, 8);
    YN("getrandom", SYS_getrandom, b + A * k++, 8, 0);
    YN("futex", SYS_futex, b + A * k++, FUTEX_WAKE, 0, 0, 0, 0);
    YN("futexw", SYS_futex, b + A * k++, FUTEX_WAIT, 1, 0, 0, 0);
    YN("poll", SYS_poll, b + A * k++, 1, 0);
    struct iovec i1 = {b + A * k++, 8};
    struct iovec lo = {b + A * k++, 8};
    YN("pvr", SYS_process_vm_readv, getpid(), &lo, 1, &i1, 1, 0);
    int pp[2];
    pipe(pp);
    struct iovec i2 = {b + A * k++, 8};
    YN("vmsplice", SYS_vmsplice, pp[1], &i2, 1, 0);
    struct timespec* ts = (void*)(b + A * k++);
    YN("clock", SYS_clock_gettime, 0, ts);
    YN("gettod", SYS_gettimeofday, b + A * k++, 0);
    YN("getrusage", SYS_getrusage, 0, b + A * k++);
    YN("sysinfo", SYS_sysinfo, b + A * k++);
    YN("times", SYS_times, b + A * k++);
    YN("getcpu", SYS_getcpu, b + A * k++, 0, 0);
    YN("sched", SYS_sched_getaffinity, 0, 8, b + A * k++);
    YN("mincore", SYS_mincore, b, 4096, b + A * k++);
    YN("set_robust", SYS_set_robust_list, b + A * k++, 24);
    YN("settid", SYS_set_tid_address, b + A * k++);
    unlink("/tmp/ef");
    printf("k=%d ", k);
  });
}
