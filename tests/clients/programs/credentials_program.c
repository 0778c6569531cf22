/* What a device is to a process that is no longer who it was: credentials_program HOW. "open": as it was started;
   "caps": with no capability at all; "user": after setresuid(2), by a descriptor from before; "inherited": by
   descriptor 5. Prints the outcome of open, mmap and a touch, or the error of what fails. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kNobody = 65534 };
static const char kDevice[] = "/dev/dax0.0";
static const size_t kExtent = 2UL << 20;

static void tell(const char* what, int fine) {
  printf("%s=%s ", what, fine ? "ok" : strerrorname_np(errno));
}

static int drop_capabilities(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  return (int)syscall(SYS_capset, &head, none);
}

int main(int argc, char** argv) {
  const char* how = argc > 1 ? argv[1] : "open";
  int before = strcmp(how, "inherited") == 0 ? 5 : -1;
  if (strcmp(how, "caps") == 0 && drop_capabilities() != 0) {
    return 2;
  }
  if (strcmp(how, "user") == 0) {
    before = open(kDevice, O_RDWR);
    if (setgroups(0, NULL) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
        setresuid(kNobody, kNobody, kNobody) != 0) {
      return 2;
    }
  }
  struct stat about;
  tell("stat", stat(kDevice, &about) == 0 && S_ISCHR(about.st_mode));
  int fd = open(kDevice, O_RDWR);
  tell("open", fd >= 0);
  fd = before >= 0 ? before : fd;
  if (fd >= 0) {
    tell("fstat", fstat(fd, &about) == 0 && S_ISCHR(about.st_mode));
    char* bytes = mmap(NULL, kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    tell("mmap", bytes != MAP_FAILED);
    if (bytes != MAP_FAILED) {
      bytes[1] = 'x';
      tell("touch", bytes[1] == 'x');
    }
  }
  puts("");
  return 0;
}
