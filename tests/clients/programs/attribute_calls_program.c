// attribute_calls_program [--as-nobody or its kin] PATH...: what calls say of attributes, folders and links of /sys
// that are neither a plain read nor a write: places to read from, seeking, copies, ioctls, leases, names, the file
// system. A line for each path and subject. None changes anything.
// --as-nobody: what a user without capabilities may, and nothing else. --real-nobody, --effective-nobody,
// --files-as-nobody: who is such a one only by the real user, by the effective one, or by the one that files are opened
// by.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static char bytes[8192];

static void say(const char* what, long result) {
  if (result < 0) {
    printf(" %s=%s", what, strerrorname_np(errno));
  } else {
    printf(" %s=%ld", what, result);
  }
}

static void say_read(const char* what, long result) {
  say(what, result);
  for (long at = 0; at < result; ++at) {
    if (bytes[at] < ' ' || bytes[at] > '~') {
      return; // of bytes, or the end of a line: how many is enough
    }
  }
  if (result > 0) {
    printf("\"%.*s\"", (int)result, bytes);
  }
}

static void names(const char* path) {
  char other[4200];
  snprintf(other, sizeof other, "%s.other", path);
  printf("%s names:", path);
  say("rename", rename(path, other));
  say("link", link(path, other));
  snprintf(other, sizeof other, "%s/inside", path);
  say("rename-inside", rename(path, other));
  snprintf(other, sizeof other, "%s/../nobody", path);
  say("rename-beside", rename(path, other));
  say("rename-itself", rename(path, path));
  say("exclusive", renameat2(AT_FDCWD, path, AT_FDCWD, path, RENAME_NOREPLACE));
  say("readlink-0", readlink(path, bytes, 0));
  putchar('\n');
}

static void attributes(const char* path) {
  struct statfs system;
  printf("%s has:", path);
  say("getxattr", getxattr(path, "user.a", bytes, 10));
  say("listxattr", listxattr(path, bytes, 0));
  say("removexattr", removexattr(path, "user.a"));
  if (statfs(path, &system) == 0) {
    printf(" type=%lx block=%ld", (unsigned long)system.f_type, (long)system.f_bsize);
  }
  putchar('\n');
}

static void controls(const char* path, int fd) {
  int number = 0;
  printf("%s controls:", path);
  say("flags", ioctl(fd, FS_IOC_GETFLAGS, &number));
  say("set-flags", ioctl(fd, FS_IOC_SETFLAGS, &number));
  say("set-flags-of-nothing", ioctl(fd, FS_IOC_SETFLAGS, (void*)8));
  say("xattr", ioctl(fd, FS_IOC_FSGETXATTR, bytes));
  say("left", ioctl(fd, FIONREAD, &number));
  say("fsync", fsync(fd));
  say("fdatasync", fdatasync(fd));
  say("fallocate", fallocate(fd, 0, 0, 10));
  say("lease", fcntl(fd, F_SETLEASE, F_RDLCK));
  say("leased", fcntl(fd, F_GETLEASE));
  putchar('\n');
}

static void places(const char* path, int fd) {
  printf("%s reads:", path);
  say("nothing", read(fd, bytes, 0));
  say_read("one", read(fd, bytes, 1));
  say_read("at-1", pread(fd, bytes, 3, 1));
  say("at-4096", pread(fd, bytes, 3, 4096));
  say("before", pread(fd, bytes, 3, -1));
  say("beyond", pread(fd, bytes, 3, INT64_MAX));
  say("nowhere", read(fd, (void*)8, 10));
  struct pollfd asked = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};
  say("poll", poll(&asked, 1, 0));
  printf(",%x\n", (unsigned)asked.revents);
  printf("%s seeks:", path);
  say("end", lseek(fd, 0, SEEK_END));
  say("end-1", lseek(fd, -1, SEEK_END));
  say("data", lseek(fd, 0, SEEK_DATA));
  say("hole", lseek(fd, 0, SEEK_HOLE));
  say("far", lseek(fd, 99999, SEEK_SET));
  say("read-far", read(fd, bytes, 10));
  say("back", lseek(fd, 0, SEEK_SET));
  putchar('\n');
}

static void copies(const char* path, int fd) {
  int ends[2];
  off64_t place = 1;
  off_t start = 0;
  const int file = memfd_create("copies", 0);
  if (pipe2(ends, O_NONBLOCK) != 0) {
    return;
  }
  printf("%s copies:", path);
  say("splice", splice(fd, NULL, ends[1], NULL, 4096, SPLICE_F_NONBLOCK));
  say("piped", read(ends[0], bytes, sizeof bytes));
  say("splice-again", splice(fd, NULL, ends[1], NULL, 4096, SPLICE_F_NONBLOCK));
  say("splice-from-1", splice(fd, &place, ends[1], NULL, 3, 0));
  printf(",%ld", (long)place);
  say_read("piped", read(ends[0], bytes, sizeof bytes));
  say("splice-to-place", splice(fd, NULL, ends[1], &place, 3, 0));
  say("splice-to-file", splice(fd, NULL, file, NULL, 3, 0));
  say("copy", copy_file_range(fd, &start, file, NULL, 100, 0));
  lseek(fd, 0, SEEK_SET);
  say("send", sendfile(file, fd, NULL, 4096));
  say("then-at", lseek(fd, 0, SEEK_CUR));
  say("send-from-0", sendfile(file, fd, &start, 2));
  printf(",%ld", (long)start);
  say("send-nothing", sendfile(file, fd, NULL, 0));
  say("file", lseek(file, 0, SEEK_CUR));
  putchar('\n');
  close(file);
  close(ends[0]);
  close(ends[1]);
}

static void say_open(const char* what, const char* path, int flags) {
  const int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
  say(what, fd < 0 ? -1 : 0);
  if (fd >= 0) {
    close(fd);
  }
}

static const char* const nobodies[] = {"--as-nobody", "--real-nobody", "--effective-nobody", "--files-as-nobody"};

static int become(int which) {
  const uid_t nobody = 65534;
  const uid_t root = 0;
  switch (which) {
  case 0:
    return setgroups(0, NULL) != 0 || setgid(nobody) != 0 || setuid(nobody) != 0;
  case 1:
    return setresgid(nobody, root, root) != 0 || setresuid(nobody, root, root) != 0;
  case 2:
    return setresgid(root, nobody, root) != 0 || setresuid(root, nobody, root) != 0;
  default:
    setfsgid(nobody);
    setfsuid(nobody);
    return setfsuid(nobody) != (int)nobody;
  }
}

static int as_nobody(int which, int count, char** paths) {
  if (become(which) != 0) {
    fprintf(stderr, "attribute_calls_program: no other user: %s\n", strerror(errno));
    return 1;
  }
  for (int at = 0; at < count; ++at) {
    struct stat about = {0};
    printf("%s may:", paths[at]);
    say("read", access(paths[at], R_OK));
    say("write", access(paths[at], W_OK));
    say("execute", access(paths[at], X_OK));
    say("write-effective", faccessat(AT_FDCWD, paths[at], W_OK, AT_EACCESS));
    if (which != 0) { // no guest was asked: it is the C library that decides
      say("eaccess", eaccess(paths[at], R_OK));
      say("eaccess-w", eaccess(paths[at], W_OK));
      say("euidaccess-x", euidaccess(paths[at], X_OK));
      say("euidaccess-odd", euidaccess(paths[at], 8));
    }
    say_open("open", paths[at], O_RDONLY);
    say_open("open-w", paths[at], O_WRONLY);
    say_open("open-rw", paths[at], O_RDWR);
    say("stat", stat(paths[at], &about));
    say("chmod", chmod(paths[at], about.st_mode & 0777));
    putchar('\n');
  }
  return 0;
}

int main(int count, char** paths) {
  for (int which = 0; count > 1 && which < 4; ++which) {
    if (strcmp(paths[1], nobodies[which]) == 0) {
      return as_nobody(which, count - 2, paths + 2);
    }
  }
  for (int at = 1; at < count; ++at) {
    struct stat about;
    names(paths[at]);
    const int is_link = lstat(paths[at], &about) == 0 && S_ISLNK(about.st_mode);
    if (is_link) {
      continue;
    }
    attributes(paths[at]);
    const int fd = open(paths[at], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
      printf("%s opens: %s\n", paths[at], strerrorname_np(errno));
      continue;
    }
    if (S_ISREG(about.st_mode)) {
      places(paths[at], fd);
      copies(paths[at], fd);
    }
    controls(paths[at], fd);
    close(fd);
  }
  return 0;
}
