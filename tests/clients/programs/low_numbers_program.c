// Descriptors of a device and of attributes on numbers that programs choose, as a shell's `exec 5<file` or an os/exec
// with files for its child does. PROGRAM DEVICE ATTRIBUTE STORE WORD: prints what each call gives; STORE is an
// attribute that takes WORD.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char* what, long result) {
  if (result < 0) {
    printf("%s: -%s\n", what, strerrorname_np(errno));
  } else {
    printf("%s: ok\n", what);
  }
  fflush(stdout);
}

static void say_text(const char* what, int fd) {
  char text[64] = "";
  const ssize_t length = pread(fd, text, sizeof text - 1, 0);
  printf("%s: %s", what, length < 0 ? strerrorname_np(errno) : text);
  printf("%s", length < 0 || strchr(text, '\n') == NULL ? "\n" : "");
  fflush(stdout);
}

int main(int argc, char** argv) {
  enum { kLow = 5, kExtent = 2 << 20 };
  if (argc != 5) {
    return 2;
  }
  // An attribute that is read.
  int fd = open(argv[2], O_RDONLY);
  say("dup2 of an attribute", dup2(fd, kLow));
  close(fd);
  say_text("its text", kLow);
  say("back to standard input", dup2(kLow, STDIN_FILENO));
  say_text("the text there", STDIN_FILENO);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", kLow);
  fd = open(path, O_RDONLY);
  say_text("opened again by its number", fd);
  close(fd);
  const pid_t child = fork();
  if (child == 0) {
    say_text("a child's", kLow);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  struct stat about;
  say("fstat of standard input", fstat(STDIN_FILENO, &about));
  printf("its mode: %o\n", about.st_mode);
  // One that is written to: what no store() gets is refused.
  fd = open(argv[3], O_WRONLY);
  say("dup3 of one to be written", dup3(fd, kLow, O_CLOEXEC));
  printf("closed by exec: %d\n", fcntl(kLow, F_GETFD) == FD_CLOEXEC);
  say("write", write(fd, argv[4], strlen(argv[4])));
  const ssize_t there = write(kLow, argv[4], strlen(argv[4]));
  printf("write on a number of the program's: %s\n", there == (ssize_t)strlen(argv[4]) ? "ok"
                                                     : there < 0 && errno == EPERM     ? "refused"
                                                                                       : "lost");
  fflush(stdout);
  const int out = dup(STDOUT_FILENO);
  dup2(kLow, STDOUT_FILENO);
  const ssize_t stored = write(STDOUT_FILENO, argv[4], strlen(argv[4]));
  const ssize_t nonsense = write(STDOUT_FILENO, "nonsense", 8);
  const int code = errno;
  dup2(out, STDOUT_FILENO);
  printf("written on standard output: %zd, nonsense: %s\n", stored, nonsense < 0 ? strerrorname_np(code) : "ok");
  // A device.
  fd = open(argv[1], O_RDWR);
  say("dup2 of a device", dup2(fd, kLow));
  close(fd);
  char byte = 0;
  say("read", read(kLow, &byte, 1));
  say("write", write(kLow, &byte, 1));
  char* const at = mmap(NULL, kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, kLow, 0);
  say("mmap", at == MAP_FAILED ? -1 : 0);
  if (at != MAP_FAILED) {
    at[0] = 1;
    say("munmap of a page", munmap(at, 4096));
    say("munmap", munmap(at, kExtent));
  }
  snprintf(path, sizeof path, "/proc/self/fd/%d", kLow);
  say("stat by its number", stat(path, &about));
  printf("character device: %d\n", S_ISCHR(about.st_mode));
  return 0;
}
