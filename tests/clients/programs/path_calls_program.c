// Calls by path of a program that has nothing to do with a device: other_library.c sees them, errno is what the kernel
// says, and a thread that waits in open(2) can be cancelled.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int opened(const char* path) {
  const int fd = open(path, O_RDONLY);
  return fd < 0 ? -1 : close(fd);
}
static void say(const char* call, const char* path, int status, int code) {
  printf("%s %s: %s\n", call, path, status == 0 ? "ok" : strerror(code));
}
static void ask(const char* path) {
  struct stat about;
  errno = 0;
  int status = stat(path, &about);
  say("stat", path, status, errno);
  status = lstat(path, &about);
  say("lstat", path, status, errno);
  status = fstatat(AT_FDCWD, path, &about, AT_SYMLINK_NOFOLLOW);
  say("fstatat", path, status, errno);
  status = access(path, R_OK);
  say("access", path, status, errno);
  status = opened(path);
  say("open", path, status, errno);
}

// Of the descriptor itself: Linux 6.11 takes no path for that.
static void ask_without_path(void) {
  int (*volatile ask_file)(int, const char*, struct stat*, int) = fstatat; // its declaration does not
  struct stat about;
  for (int time = 0; time < 3; ++time) {
    errno = 0;
    const int status = ask_file(STDIN_FILENO, NULL, &about, AT_EMPTY_PATH);
    say("fstatat", "no path", status, errno);
  }
}

static void* wait_for_writer(void* path) {
  open(path, O_RDONLY); // a pipe that nobody writes to
  return path;
}

int main(int count, char** arguments) {
  ask("/");
  ask("/etc/passwd/x");
  ask("/no/such/path");
  ask("/dev/dax0.0");
  ask("/seen-by-the-other-library");
  ask_without_path();
  if (count > 1) {
    pthread_t thread;
    void* result = NULL;
    if (mkfifo(arguments[1], 0600) != 0 || pthread_create(&thread, NULL, wait_for_writer, arguments[1]) != 0) {
      return 1;
    }
    usleep(100000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("waiting in open: %s\n", result == PTHREAD_CANCELED ? "cancelled" : "went on");
  }
  return 0;
}
