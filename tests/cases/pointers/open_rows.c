/* Opening and asking by path. */
#include "pointers.h"
static int visit(const char* p, const struct stat* s, int t) {
  return 0;
}
static int visit4(const char* p, const struct stat* s, int t, struct FTW* f) {
  return 0;
}
void open_rows(void) {
  static struct stat about;
  static struct statx aboutx;
  static struct statfs fs;
  static struct statvfs vfs;
  static char text[4096];
  struct open_how how = {.flags = O_RDONLY};
  struct dirent** list;
  glob_t found;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  char* const argv[] = {"x", 0};
  int dir = open(directory, O_RDONLY | O_DIRECTORY);
  int fd = open(target, O_RDWR);
  BAD("open.path", open(p, O_RDONLY));
  BAD("open.create.path", open(p, O_RDWR | O_CREAT | O_EXCL, 0600));
  BAD("open.trunc.path", open(p, O_RDWR | O_TRUNC));
  BAD("openat.path", openat(dir, p, O_RDONLY));
  BAD("creat.path", creat(p, 0600));
  BADSYS("open#.path", SYS_open, p, O_RDONLY);
  BADSYS("openat#.path", SYS_openat, AT_FDCWD, p, O_RDONLY);
  BADSYS("openat2#.path", SYS_openat2, AT_FDCWD, p, &how, sizeof how);
  BADSYS("openat2#.how", SYS_openat2, AT_FDCWD, target, p, sizeof how);
  BAD("stat.path", stat(p, &about));
  BAD("stat.buf", stat(target, p));
  BAD("lstat.path", lstat(p, &about));
  BAD("lstat.buf", lstat(link_path, p));
  BAD("fstatat.path", fstatat(AT_FDCWD, p, &about, 0));
  BAD("fstatat.dirfd.path", fstatat(dir, p, &about, 0));
  BAD("fstatat.buf", fstatat(AT_FDCWD, target, p, 0));
  BAD("fstatat.empty.buf", fstatat(fd, "", p, AT_EMPTY_PATH));
  BAD("fstat.buf", fstat(fd, p));
  BADSYS("stat#.path", SYS_stat, p, &about);
  BADSYS("stat#.buf", SYS_stat, target, p);
  BADSYS("newfstatat#.buf", SYS_newfstatat, AT_FDCWD, target, p, 0);
  BADSYS("fstat#.buf", SYS_fstat, fd, p);
  BAD("statx.path", statx(AT_FDCWD, p, 0, STATX_ALL, &aboutx));
  BAD("statx.buf", statx(AT_FDCWD, target, 0, STATX_ALL, p));
  BAD("statx.empty.buf", statx(fd, "", AT_EMPTY_PATH, STATX_ALL, p));
  BAD("statfs.path", statfs(p, &fs));
  BAD("statfs.buf", statfs(target, p));
  BAD("fstatfs.buf", fstatfs(fd, p));
  BAD("statvfs.path", statvfs(p, &vfs));
  BAD("access.path", access(p, F_OK));
  BAD("faccessat.path", faccessat(AT_FDCWD, p, F_OK, 0));
  BADSYS("access#.path", SYS_access, p, F_OK);
  BAD("euidaccess.path", euidaccess(p, F_OK));
  BAD("readlink.path", readlink(p, text, sizeof text));
  BAD("readlink.buf", readlink(link_path, p, 64));
  BAD("readlinkat.path", readlinkat(dir, p, text, sizeof text));
  BAD("readlinkat.buf", readlinkat(AT_FDCWD, link_path, p, 64));
  BADSYS("readlink#.buf", SYS_readlink, link_path, p, 64);
  BAD("realpath.path", GIVEN(realpath(p, text)));
  BAD("chdir.path", chdir(p));
  BADSYS("getcwd#.buf", SYS_getcwd, p, 64);
  BAD("getcwd.inside.buf", chdir(directory) ? -2 : syscall(SYS_getcwd, p, 64));
  BAD("opendir.path", GIVEN(opendir(p)));
  BAD("scandir.path", scandir(p, &list, 0, 0));
  BAD("scandirat.path", scandirat(dir, p, &list, 0, 0));
  BADSYS("getdents64#.buf", SYS_getdents64, dir, p, 2048);
  BAD("getdents64.buf", getdents64(dir, p, 2048));
  BAD("ftw.path", ftw(p, visit, 8));
  BAD("nftw.path", nftw(p, visit4, 8, 0));
  BAD("fopen.path", GIVEN(fopen(p, "r")));
  BAD("fopen.w.path", GIVEN(fopen(p, "w")));
  BAD("inotify_add_watch.path", inotify_add_watch(inotify_init(), p, IN_OPEN));
  BAD("execve.path", execve(p, argv, environ));
  BAD("execve.argv", execve(target, p, environ));
  BAD("execve.envp", execve(target, argv, p));
  BADSYS("execve#.path", SYS_execve, p, argv, environ);
  BADSYS("execveat#.path", SYS_execveat, AT_FDCWD, p, argv, environ, 0);
  BAD("posix_spawn.path", CODE(posix_spawn(0, p, 0, 0, argv, environ)));
  BAD("chroot.path", chroot(p));
  BADSYS("name_to_handle_at#.path", SYS_name_to_handle_at, AT_FDCWD, p, text, text, 0);
  BADSYS("swapon#.path", SYS_swapon, p, 0);
  BADSYS("umount2#.path", SYS_umount2, p, 0);
}
