/* Ranges of memory and what describes them. */
#include "pointers.h"
#include <linux/userfaultfd.h>
void memory_rows(void) {
  static unsigned long mask = 1;
  int fd = open(target, O_RDWR);
  char* mapped = mmap(0, 2 * A, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) /* an ordinary file */
    mapped = mmap(0, 2 * A, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int status = 0;
  BADSYS("mincore#.vector", SYS_mincore, mapped, A, p);
  BAD("mincore.vector", mincore(mapped, A, p));
  BADSYS("mbind#.mask", SYS_mbind, mapped, A, 2, p, 64, 0);
  BADSYS("move_pages#.pages", SYS_move_pages, 0, 1, p, 0, &status, 0);
  BADSYS("move_pages#.status", SYS_move_pages, 0, 1, &mapped, 0, p, 0);
  BADSYS("get_mempolicy#.mode", SYS_get_mempolicy, p, 0, 0, 0, 0);
  BADSYS("clone3#.arguments", SYS_clone3, p, sizeof(struct clone_args));
  int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
  BAD("uffd.register", ioctl(uffd, UFFDIO_REGISTER, p));
  BAD("uffd.copy", ioctl(uffd, UFFDIO_COPY, p));
  BAD("read.into.mapping", ({
        int zero = open("/dev/zero", O_RDONLY);
        struct iovec v[2] = {{mapped, 64}, {p, 64}};
        readv(zero, v, 2) == 64 ? 0 : -1;
      }));
}
