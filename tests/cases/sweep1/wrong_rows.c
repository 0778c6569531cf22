/* The descriptor where one of another kind is wanted; poll, inotify and fanotify on the node. */
#include "sweep1.h"
void wrong_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("wrongfd", {
    int f = o();
    char b[512];
    memset(b, 0, 512);
    struct epoll_event ev = {1, {0}};
    int ep = epoll_create1(0);
    Y("epadd", SYS_epoll_ctl, ep, EPOLL_CTL_ADD, f, &ev);
    Y("epmod", SYS_epoll_ctl, ep, EPOLL_CTL_MOD, f, &ev);
    Y("epdel", SYS_epoll_ctl, ep, EPOLL_CTL_DEL, f, &ev);
    Y("epon", SYS_epoll_ctl, f, EPOLL_CTL_ADD, 0, &ev);
    Y("epwait", SYS_epoll_wait, f, &ev, 1, 0);
    Y("signalfd", SYS_signalfd4, f, b, 8, 0);
    Y("timerfd", SYS_timerfd_settime, f, 0, b, 0);
    Y("timerget", SYS_timerfd_gettime, f, b);
    Y("inrm", SYS_inotify_rm_watch, f, 1);
    Y("inadd", SYS_inotify_add_watch, f, "/tmp", 2);
    Y("fanmark", SYS_fanotify_mark, f, 1, 1, AT_FDCWD, "/tmp");
    Y("setns", SYS_setns, f, 0);
    Y("pidfdsig", SYS_pidfd_send_signal, f, 0, 0, 0);
    Y("pidfdget", SYS_pidfd_getfd, f, 0, 0);
    Y("waitid", SYS_waitid, 3, f, b, WEXITED, 0);
    Y("pmadv", SYS_process_madvise, f, b, 1, 20, 0);
    Y("pmrel", SYS_process_mrelease, f, 0);
    Y("getdents", SYS_getdents, f, b, 512);
    Y("getdents64", SYS_getdents64, f, b, 512);
    Y("accept", SYS_accept, f, 0, 0);
    Y("getsockopt", SYS_getsockopt, f, 1, 3, b, b + 100);
    Y("shutdown", SYS_shutdown, f, 2);
    Y("getpeername", SYS_getpeername, f, b, b + 100);
    Y("sendmmsg", SYS_sendmmsg, f, b, 1, 0);
    Y("recvmmsg", SYS_recvmmsg, f, b, 1, 0, 0);
    Y("mqget", SYS_mq_getsetattr, f, 0, b);
    Y("mqsend", SYS_mq_timedsend, f, b, 1, 0, 0);
    Y("uringenter", SYS_io_uring_enter, f, 0, 0, 0, 0, 0);
    Y("uringreg", SYS_io_uring_register, f, 0, b, 1);
    Y("finit", SYS_finit_module, f, "", 0);
    Y("openat", SYS_openat, f, "x", 0);
    Y("openat-empty", SYS_openat, f, "", 0);
    Y("mkdirat", SYS_mkdirat, f, "x", 0700);
    Y("unlinkat", SYS_unlinkat, f, "x", 0);
    Y("readlinkat", SYS_readlinkat, f, "", b, 99);
    Y("readlinkat-x", SYS_readlinkat, f, "x", b, 99);
    Y("symlinkat", SYS_symlinkat, "a", f, "x");
    Y("linkat", SYS_linkat, f, "", AT_FDCWD, "/tmp/zz", 0);
    Y("renameat", SYS_renameat, f, "x", f, "y");
    Y("renameat2", SYS_renameat2, AT_FDCWD, DEV, AT_FDCWD, DEV, 1);
    Y("mknodat", SYS_mknodat, f, "x", 0600, 0);
    Y("faccessat", SYS_faccessat, f, "x", 0);
    Y("faccessat2-empty", SYS_faccessat2, f, "", 6, AT_EMPTY_PATH);
    Y("fchmodat", SYS_fchmodat, f, "", 0600);
    Y("fchmodat2", 452, f, "", 0600, AT_EMPTY_PATH);
    Y("fchownat-empty", SYS_fchownat, f, "", 0, 0, AT_EMPTY_PATH);
    Y("fchownat-nofl", SYS_fchownat, AT_FDCWD, DEV, 0, 0, AT_SYMLINK_NOFOLLOW);
    Y("lchown", SYS_lchown, DEV, -1, -1);
    Y("chown", SYS_chown, DEV, -1, -1);
    Y("fchown", SYS_fchown, f, -1, -1);
    Y("execveat", SYS_execveat, f, "x", b, b, 0);
    Y("bpfmap", SYS_bpf, 1, b, 32);
    Y("membar", SYS_perf_event_open, b, 0, -1, f, 0);
  });
  ROW("kcmp", {
    int f = o();
    int g = o();
    int d = dup(f);
    int me = getpid();
    YN("same", SYS_kcmp, me, me, KCMP_FILE, f, d);
    prn("diff", syscall(SYS_kcmp, me, me, KCMP_FILE, f, g) > 0); // 1 or 2: by addresses
  });
  ROW("pidfd_getfd", {
    int f = o();
    int p = syscall(SYS_pidfd_open, getpid(), 0);
    int g = syscall(SYS_pidfd_getfd, p, f, 0);
    pr("get", g);
    pr("map", mmap(0, A, 3, MAP_SHARED, g, 0) == MAP_FAILED ? -1 : 0);
    char b;
    pr("read", read(g, &b, 1));
  });
  ROW("close_range", {
    int f = o();
    char* p = m(f, A);
    Y("cr", SYS_close_range, f, f, 0);
    touch("t", p, 1);
    pr("fd", fcntl(f, F_GETFD));
    f = o();
    Y("cloexec", SYS_close_range, f, f, 4);
    prn("fd", fcntl(f, F_GETFD));
    f = o();
    Y("unshare", SYS_close_range, f, f, 2);
    pr("gone", fcntl(f, F_GETFD));
  });
  ROW("poll.raw", {
    int f = o();
    struct pollfd q = {f, -1, 0};
    YN("poll", SYS_poll, &q, 1, 0);
    printf("%x ", q.revents & 0xffff);
    YN("ppoll", SYS_ppoll, &q, 1, 0, 0, 8);
    fd_set s;
    FD_ZERO(&s);
    FD_SET(f, &s);
    fd_set e = s;
    YN("select", SYS_select, f + 1, &s, 0, &e, 0);
  });
  // ---- watches
  ROW("inotify.node", {
    int i = inotify_init1(IN_NONBLOCK);
    pr("add", inotify_add_watch(i, DEV, IN_ALL_EVENTS));
    int f = o();
    char* p = m(f, A);
    *p = 1;
    read(f, p, 1);
    chmod(DEV, 0600);
    fchmod(f, 0600);
    munmap(p, A);
    close(f);
    f = open(DEV, O_RDONLY);
    close(f);
    utimensat(AT_FDCWD, DEV, 0, 0);
    usleep(200000);
    char b[4096];
    long n = read(i, b, 4096);
    for (char* q = b; q < b + n;) {
      struct inotify_event* e = (void*)q;
      printf("%x ", e->mask);
      q += sizeof *e + e->len;
    }
  });
  ROW("inotify.dir", {
    int i = inotify_init1(IN_NONBLOCK);
    pr("add", inotify_add_watch(i, "/dev", IN_ALL_EVENTS));
    int f = o();
    chmod(DEV, 0600);
    close(f);
    f = open(DEV, O_RDONLY);
    close(f);
    usleep(200000);
    char b[4096];
    long n = read(i, b, 4096);
    for (char* q = b; q < b + n;) {
      struct inotify_event* e = (void*)q;
      if (e->len && !strncmp(e->name, "dax", 3))
        printf("%x:%s ", e->mask, e->name);
      q += sizeof *e + e->len;
    }
  });
  ROW("inotify.raw", {
    int i = inotify_init1(IN_NONBLOCK);
    Y("add", SYS_inotify_add_watch, i, DEV, IN_OPEN);
    Y("onlydir", SYS_inotify_add_watch, i, DEV, IN_OPEN | IN_ONLYDIR);
    Y("mask0", SYS_inotify_add_watch, i, DEV, 0);
    Y("excl", SYS_inotify_add_watch, i, DEV, IN_OPEN | IN_MASK_CREATE);
  });
  ROW("fanotify", {
    int i = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
    pr("init", i);
    if (i >= 0) {
      pr("mark", fanotify_mark(i, FAN_MARK_ADD, FAN_OPEN | FAN_CLOSE, AT_FDCWD, DEV));
      int f = o();
      pr("markfd", fanotify_mark(i, FAN_MARK_ADD, FAN_OPEN, f, NULL));
      close(o());
      usleep(100000);
      char b[4096];
      long n = read(i, b, 4096);
      struct fanotify_event_metadata* e = (void*)b;
      int k = 0;
      while (FAN_EVENT_OK(e, n)) {
        char l[64], t[99] = "";
        sprintf(l, "/proc/self/fd/%d", e->fd);
        readlink(l, t, 98);
        printf("%llx:%s ", (long long)e->mask, t);
        e = FAN_EVENT_NEXT(e, n);
        k++;
      }
      printf("n=%d ", k);
      pr("onlydir", fanotify_mark(i, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_OPEN, AT_FDCWD, DEV));
      pr("mount", fanotify_mark(i, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_ACCESS, AT_FDCWD, DEV));
      pr("fs", fanotify_mark(i, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_ACCESS, AT_FDCWD, DEV));
    }
  });
}
