/* What inotify tells of a node, call by call. */
#include "corners.h"
#include <sys/inotify.h>
static void told(int in) {
  char b[4096];
  int n = read(in, b, sizeof b);
  for (int at = 0; at < n;) {
    struct inotify_event* event = (void*)(b + at);
    printf("%x,", event->mask);
    at += sizeof *event + event->len;
  }
  printf(" ");
}
#define TELLS(what, call)                                                                                              \
  {                                                                                                                    \
    pr(what, call);                                                                                                    \
    told(in);                                                                                                          \
  }
void watch_rows(int argc, char** argv) {
  only_argc = argc;
  only_argv = argv;
  ROW("watch.node", {
    int in = inotify_init1(IN_NONBLOCK);
    int fd = o();
    char byte;
    struct timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    inotify_add_watch(in, DEV, IN_ALL_EVENTS);
    TELLS("fchmod", fchmod(fd, 0640));
    TELLS("chmod", chmod(DEV, 0600));
    TELLS("same", chmod(DEV, 0600));
    TELLS("chown", fchown(fd, 0, 0));
    TELLS("nobody", chown(DEV, -1, -1));
    TELLS("times", utimensat(AT_FDCWD, DEV, 0, 0));
    TELLS("futimens", futimens(fd, 0));
    TELLS("omitted", futimens(fd, omit));
    TELLS("setxattr", setxattr(DEV, "trusted.a", "1", 1, 0));
    TELLS("removexattr", removexattr(DEV, "trusted.a"));
    TELLS("absent", removexattr(DEV, "trusted.a"));
    TELLS("read", read(fd, &byte, 1));
    TELLS("write", write(fd, &byte, 1));
    TELLS("mmap", mmap(0, A, 3, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
    TELLS("truncate", ftruncate(fd, 0));
    TELLS("access", access(DEV, R_OK));
    TELLS("path-only", close(open(DEV, O_PATH)));
    TELLS("open", close(open(DEV, O_WRONLY)));
    TELLS("refused", open(DEV, O_DIRECTORY));
    TELLS("dup", close(dup(fd)));
    TELLS("lseek", lseek(fd, 0, 0));
    TELLS("flock", flock(fd, LOCK_SH));
    TELLS("fallocate", fallocate(fd, 0, 0, 1));
    TELLS("fsync", fsync(fd));
  });
}
