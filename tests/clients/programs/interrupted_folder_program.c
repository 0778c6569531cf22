// A folder is opened where openat2(2) is as a file system has it that a signal interrupts (EINTR), and openat(2) is
// not: says whether anybody asked again. The filter is installed past the C library, so that nobody knows of it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int main(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINTR),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof code / sizeof code[0], code};
  const int from = open("/usr", O_RDONLY | O_DIRECTORY);
  const int before = openat(from, "lib", O_RDONLY | O_DIRECTORY); // it is known from then on what `from` is
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  long done = SYS_seccomp;
  __asm__ volatile("syscall"
                   : "+a"(done)
                   : "D"((long)SECCOMP_SET_MODE_FILTER), "S"(0L), "d"(&program)
                   : "rcx", "r11", "memory");
  if (done != 0) {
    fprintf(stderr, "no filters here\n");
    return 77;
  }
  const int folder = openat(from, "lib", O_RDONLY | O_DIRECTORY);
  printf("before %s, then %s\n", before >= 0 ? "opened" : "refused",
         folder >= 0      ? "opened"
         : errno == EINTR ? "interrupted"
                          : "refused");
  return 0;
}
