// supervisor_signals_program PATH: whether a user without rights can reach who answers this program's calls from
// outside, a process of root's. A child makes calls of PATH that are carried out there, as that user; the parent, the
// same user, tries all the while to signal each thread of the process above. A line: how often it could.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 3000 };

static void make_calls(const char* path) {
  for (int call = 0; call < CALLS; ++call) {
    (void)!access(path, R_OK);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      close(fd);
    }
  }
}

int main(int count, char** words) {
  const pid_t above = getppid();
  char tasks[64];
  snprintf(tasks, sizeof tasks, "/proc/%d/task", above);
  if (count != 2 || setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0) {
    fprintf(stderr, "supervisor_signals_program: no PATH, or no other user: %s\n", strerror(errno));
    return 1;
  }
  const pid_t caller = fork();
  if (caller == 0) {
    make_calls(words[1]);
    _exit(0);
  }
  long tries = 0;
  long signalled = 0;
  int status = 0;
  while (waitpid(caller, &status, WNOHANG) == 0) {
    DIR* const folder = opendir(tasks);
    if (folder == NULL) {
      perror(tasks);
      return 1;
    }
    for (const struct dirent* entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
      const pid_t thread = atoi(entry->d_name);
      if (thread <= 0) {
        continue;
      }
      // The folder is opened by who answers as well: many tries for each time.
      for (int time = 0; time < 200; ++time) {
        ++tries;
        signalled += syscall(SYS_tgkill, above, thread, 0) == 0;
      }
    }
    closedir(folder);
  }
  printf("%s: signalled %ld\n", tries > CALLS ? "tried" : "hardly tried", signalled);
  return status != 0;
}
