// A container's seccomp(2), as it meets daxemu: runs a command where a system call is refused, or where somebody has a
// listener already.
//   seccomp_program deny-seccomp|deny-ptrace|listener COMMAND ...
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int install(unsigned flags, struct sock_filter* code, unsigned short size) {
  const struct sock_fprog program = {size, code};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int refuse(unsigned number) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return install(0, code, sizeof code / sizeof code[0]);
}

// Nothing is ever told of; but it is there as long as somebody has it open, and so the command has.
static int listen_to_nothing(void) {
  struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const int fd = install(SECCOMP_FILTER_FLAG_NEW_LISTENER, code, 1);
  return fd < 0 ? fd : fcntl(fd, F_SETFD, 0);
}

int main(int argc, char** argv) {
  int done = -1;
  if (argc > 2 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    done = strcmp(argv[1], "deny-seccomp") == 0  ? refuse(SYS_seccomp)
           : strcmp(argv[1], "deny-ptrace") == 0 ? refuse(SYS_ptrace)
                                                 : listen_to_nothing();
  }
  if (done < 0) {
    perror("seccomp_program");
    return 77;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 1;
}
