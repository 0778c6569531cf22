// Calls by path of a program that has nothing to do with a device: other_library.c sees them, errno is what the kernel
// says, a thread can be cancelled in open(2), and a folder that is opened from another one lists what is in it.
#define _GNU_SOURCE
#include <dirent.h>
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

// Threads that another one cancels: while they wait for a pipe that nobody writes to, before they open anything, and
// while they do not want to be.
static void* wait_for_writer(void* path) {
  open(path, O_RDONLY);
  return path;
}
static void* wait_for_writer_from_here(void* path) {
  openat(AT_FDCWD, path, O_RDONLY);
  return path;
}
static void* open_when_cancelled(void* path) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  usleep(200000);
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  open("/", O_RDONLY);
  return path;
}
static void* open_uncancelled(void* path) {
  int type = -1;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  usleep(200000);
  const int there = open("/", O_RDONLY);
  const int missing = open("/no/such/path", O_RDONLY);
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
  printf("not to be cancelled: %s, %s, %s\n", there >= 0 ? "opened" : "refused",
         missing < 0 ? strerror(errno) : "opened", type == PTHREAD_CANCEL_DEFERRED ? "deferred" : "asynchronous");
  close(there);
  return path;
}
static void cancel(const char* name, void* (*how)(void*), char* path) {
  pthread_t thread;
  void* result = NULL;
  if (pthread_create(&thread, NULL, how, path) == 0) {
    usleep(100000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("%s: %s\n", name, result == PTHREAD_CANCELED ? "cancelled" : "went on");
  }
}

// Folders opened from others; "./link" leads to /dev.
static void list_from(const char* folder, const char* name, int flags) {
  const int from = open(folder, O_RDONLY | O_DIRECTORY);
  DIR* first = fdopendir(dup(from)); // it is known from then on
  closedir(first);
  const int below = openat(from, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK | flags);
  const int code = errno;
  DIR* list = below < 0 ? NULL : fdopendir(below);
  int all = 0;
  int devices = 0;
  for (const struct dirent* one = NULL; list != NULL && (one = readdir(list)) != NULL;) {
    ++all;
    devices += strcmp(one->d_name, "dax0.0") == 0;
  }
  printf("%s of %s: %s\n", name, folder, list == NULL ? strerror(code) : all > 2 ? "listed" : "empty");
  printf("/dev/dax0.0 in %s of %s: %d\n", name, folder, devices);
  if (list != NULL) {
    closedir(list);
  }
  close(from);
}
static void list_folders(void) {
  unlink("link");
  if (symlink("/dev", "link") != 0) {
    perror("link");
  }
  list_from("/", "dev", 0);
  list_from("/", "dev", O_NOFOLLOW);
  list_from("/", "usr/../dev", 0);
  list_from("/usr", "../dev", O_NOFOLLOW);
  list_from("/usr", "/dev", 0);
  list_from("/usr", "lib", O_NOFOLLOW);
  list_from("/usr", "no-such-folder", 0);
  list_from("/etc", "passwd", 0);
  list_from(".", "link", 0);
  list_from(".", "link", O_NOFOLLOW);
  unlink("link");
}

int main(int count, char** arguments) {
  ask("/");
  ask("/etc/passwd/x");
  ask("/no/such/path");
  ask("/dev/dax0.0");
  ask("/seen-by-the-other-library");
  ask_without_path();
  if (count > 1) {
    list_folders();
    if (mkfifo(arguments[1], 0600) != 0) {
      return 1;
    }
    cancel("waiting in open", wait_for_writer, arguments[1]);
    cancel("waiting in openat", wait_for_writer_from_here, arguments[1]);
    cancel("opening when cancelled", open_when_cancelled, arguments[1]);
    cancel("opening uncancelled", open_uncancelled, arguments[1]);
  }
  return 0;
}
