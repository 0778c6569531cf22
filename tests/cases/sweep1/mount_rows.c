/* Handles, the mount calls, exec, swap and sockets on the node. */
#include "sweep1.h"
void mount_rows(int c, char** v) {
  only_argc = c;
  only_argv = v;
  ROW("handle", {
    int fd = o();
    struct {
      struct file_handle h;
      char b[128];
    } h;
    int id;
    h.h.handle_bytes = 0;
    Y("probe", SYS_name_to_handle_at, AT_FDCWD, DEV, &h, &id, 0);
    printf("bytes=%d ", h.h.handle_bytes);
    h.h.handle_bytes = 128;
    Y("path", SYS_name_to_handle_at, AT_FDCWD, DEV, &h, &id, 0);
    printf("t=%d ", h.h.handle_type);
    h.h.handle_bytes = 128;
    Y("fd", SYS_name_to_handle_at, fd, "", &h, &id, AT_EMPTY_PATH);
    int dfd = open("/dev", O_RDONLY);
    pr("open", syscall(SYS_open_by_handle_at, dfd, &h, O_RDWR));
    h.h.handle_bytes = 128;
    pr("libc", name_to_handle_at(AT_FDCWD, DEV, &h.h, &id, 0));
    int r = open_by_handle_at(dfd, &h.h, O_RDWR);
    pr("libcopen", r);
    if (r >= 0) {
      struct stat s;
      fstat(r, &s);
      printf("chr=%d ", S_ISCHR(s.st_mode));
      void* p = mmap(0, A, 3, MAP_SHARED, r, 0);
      pr("map", p == MAP_FAILED ? -1 : 0);
    }
  });
  ROW("open_tree", {
    int fd = o();
    unshare(CLONE_NEWNS);
    int t = syscall(SYS_open_tree, AT_FDCWD, DEV, 0);
    pr("plain", t);
    if (t >= 0) {
      struct stat s;
      fstat(t, &s);
      printf("chr=%d ", S_ISCHR(s.st_mode));
    }
    t = syscall(SYS_open_tree, AT_FDCWD, DEV, OPEN_TREE_CLONE);
    pr("clone", t);
    Y("empty", SYS_open_tree, fd, "", AT_EMPTY_PATH);
    close(open("/tmp/mm", O_CREAT | O_RDWR, 0600));
    Y("move", SYS_move_mount, t, "", AT_FDCWD, "/tmp/mm", MOVE_MOUNT_F_EMPTY_PATH);
    struct stat s;
    pr("stat", stat("/tmp/mm", &s));
    printf("chr=%d ", S_ISCHR(s.st_mode));
    unlink("/tmp/mm");
  });
  ROW("fspick", {
    int fd = o();
    Y("path", SYS_fspick, AT_FDCWD, DEV, 0);
    Y("fd", SYS_fspick, fd, "", 8);
    Y("fsmount", SYS_fsmount, fd, 0, 0);
    Y("fsconfig", SYS_fsconfig, fd, 1, "a", "b", 0);
    Y("mount_setattr", SYS_mount_setattr, AT_FDCWD, DEV, 0,
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
    Y("mount_setattr-fd", SYS_mount_setattr, fd, "", 0x1000,
      "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
  });
  ROW("mount", {
    unshare(CLONE_NEWNS);
    mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
    mkdir("/tmp/mp", 0700);
    pr("ext4", mount(DEV, "/tmp/mp", "ext4", 0, 0));
    pr("tmpfs-on", mount("none", DEV, "tmpfs", 0, 0));
    pr("umount", umount2(DEV, 0));
    pr("remount", mount(0, DEV, 0, MS_REMOUNT | MS_RDONLY, 0));
    int f = open("/tmp/bm", O_CREAT | O_RDWR, 0600);
    close(f);
    pr("bind", mount(DEV, "/tmp/bm", 0, MS_BIND, 0));
    struct stat s;
    stat("/tmp/bm", &s);
    printf("chr=%d rdev=%d ", S_ISCHR(s.st_mode), s.st_rdev != 0);
    f = open("/tmp/bm", O_RDWR);
    pr("open", f);
    if (f >= 0) {
      void* p = mmap(0, A, 3, MAP_SHARED, f, 0);
      pr("map", p == MAP_FAILED ? -1 : 0);
      printf("r=%s ", read(f, &s, 1) < 0 ? en(errno) : "ok");
    }
    pr("umount", umount("/tmp/bm"));
    pr("bindover", mount("/tmp/bm", DEV, 0, MS_BIND, 0));
    stat(DEV, &s);
    printf("reg=%d ", S_ISREG(s.st_mode));
    pr("um", umount(DEV));
    unlink("/tmp/bm");
    rmdir("/tmp/mp");
  });
  ROW("sys.swapon", {
    pr("swapon", swapon(DEV, 0));
    pr("swapoff", swapoff(DEV));
    Y("acct", SYS_acct, DEV);
    Y("chroot", SYS_chroot, DEV);
    Y("pivot", SYS_pivot_root, DEV, DEV);
    Y("quotactl", SYS_quotactl, 0x80000100 /*Q_SYNC*/, DEV, 0, 0);
    Y("quotafd", SYS_quotactl_fd, open(DEV, O_RDWR), 0x80000100, 0, 0);
    Y("uselib", SYS_uselib, DEV);
  });
  ROW("sys.exec", {
    int fd = o();
    char* a[] = {"x", 0};
    Y("execve", SYS_execve, DEV, a, a);
    Y("execveat", SYS_execveat, fd, "", a, a, AT_EMPTY_PATH);
    pr("chmod", chmod(DEV, 0755));
    Y("execve755", SYS_execve, DEV, a, a);
    pr("chmod", chmod(DEV, 0600));
  });
  ROW("sys.unix", {
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un u = {AF_UNIX, DEV};
    pr("connect", connect(s, (void*)&u, sizeof u));
    Y("rawconnect", SYS_connect, s, &u, sizeof u);
    int d = socket(AF_UNIX, SOCK_DGRAM, 0);
    pr("sendto", sendto(d, "x", 1, 0, (void*)&u, sizeof u));
  });
}
