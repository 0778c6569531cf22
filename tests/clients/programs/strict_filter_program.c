// A program that lets itself be killed for calls it never makes: openat2, and the newfstatat that others make for it.
//   strict_filter_program prctl|seccomp
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof code / sizeof code[0], code};
  char path[] = "/dev/shm/daxemu-strict-XXXXXX"; // no block device: might be of /proc
  const int made = mkostemp(path, O_CLOEXEC);
  const int from = open("/usr", O_RDONLY | O_DIRECTORY);
  const int missing = access("/no/such/folder/file", F_OK);
  DIR* const list = fdopendir(dup(from)); // it is known from then on
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const long done = argc > 1 && strcmp(argv[1], "prctl") == 0
                        ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
                        : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
  if (done != 0) {
    perror("no filters here");
    return 77;
  }
  char byte = 0;
  const int file = open(path, O_RDONLY);
  const ssize_t got = read(file, &byte, 1);
  const int folder = openat(from, "lib", O_RDONLY | O_DIRECTORY);
  char said[64]; // by no stream, which asks what it writes to
  const int length = snprintf(said, sizeof said, "read %zd, folder %s\n", got, folder >= 0 ? "opened" : "refused");
  const ssize_t written = write(STDOUT_FILENO, said, (size_t)length);
  unlink(path);
  closedir(list);
  return made < 0 || written != length || missing == 0;
}
