/* What a program may do before the C library is set up, and what it may define itself: calls from .preinit_array, as
   the runtimes of sanitizers make them; a variable `environ` of its own, which the C library knows nothing of.
     first_calls_program [COMMAND ...]: looks for the device; then runs itself, or COMMAND by the bare system call. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char** __environ; // NOLINT: the C library's name
char** environ;          // NOLINT: and what looks like it

static void look(const char* when) {
  const int fd = open("/dev/dax0.0", O_RDONLY);
  const char* const found = fd >= 0 ? ": found\n" : ": not found\n";
  (void)!write(1, when, strlen(when));
  (void)!write(1, found, strlen(found));
  if (fd >= 0) {
    close(fd);
  }
}

static void before_all(int count, char** arguments, char** environment) {
  (void)arguments;
  (void)environment;
  look(count == 2 ? "first of all, again" : "first of all");
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char**, char**) = before_all;

int main(int count, char** arguments) {
  if (count > 2) {
    syscall(SYS_execve, arguments[1], arguments + 1, __environ);
    return 1;
  }
  look(count == 2 ? "in main, again" : "in main");
  if (count == 1) {
    char again[] = "again";
    char* const all[] = {arguments[0], again, NULL};
    execv(arguments[0], all);
    return 1;
  }
  return 0;
}
