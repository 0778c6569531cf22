/* What is at a path, and who uses it.
     ask PATH            what stat, open, mmap and read say of it, in one line
     put PATH TEXT       puts TEXT at the beginning of what is mapped of PATH; get PATH: prints it
     root DIRECTORY      in a root that is empty but for /proc, binds the node to a file by links to descriptors of both
     hold fd|map PATH COMMAND  runs COMMAND with PATH open, or mapped and closed */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE (2UL << 20)

static const char* name(int failed) {
  return failed ? strerrorname_np(errno) : "ok";
}

static void ask(const char* path) {
  struct stat about, node;
  char byte;
  printf("stat=%s ", name(stat(path, &about)));
  printf("chr=%d same=%d ", S_ISCHR(about.st_mode) != 0,
         stat("/dev/dax0.0", &node) == 0 && node.st_dev == about.st_dev && node.st_ino == about.st_ino);
  const int fd = open(path, O_RDWR);
  printf("open=%s ", name(fd < 0));
  if (fd >= 0) {
    char* const bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    printf("map=%s ", name(bytes == MAP_FAILED));
    printf("read=%s ", name(read(fd, &byte, 1) < 0));
    if (fstat(fd, &about) == 0) {
      printf("fstat=%d ", S_ISCHR(about.st_mode) != 0);
    }
  }
  printf("access=%s\n", name(access(path, R_OK | W_OK)));
}

static char* mapped(const char* path) {
  const int fd = open(path, O_RDWR);
  char* const bytes = fd < 0 ? MAP_FAILED : mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) {
    perror(path);
    exit(1);
  }
  close(fd);
  return bytes;
}

/* As bubblewrap 0.12 does. */
static int bind_in_new_root(const char* directory) {
  char source[64], target[64], proc[4096];
  struct stat about;
  snprintf(proc, sizeof(proc), "%s/proc", directory);
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("none", directory, "tmpfs", 0, NULL) != 0 || mkdir(proc, 0700) != 0 ||
      mount("/proc", proc, NULL, MS_BIND | MS_REC, NULL) != 0) {
    perror(directory);
    return 1;
  }
  const int node = open("/dev/dax0.0", O_PATH | O_CLOEXEC);
  if (chroot(directory) != 0 || chdir("/") != 0) {
    perror("chroot");
    return 1;
  }
  const int file = open("/bound", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  snprintf(source, sizeof(source), "/proc/self/fd/%d", node);
  snprintf(target, sizeof(target), "/proc/self/fd/%d", file);
  printf("bind=%s ", name(mount(source, target, NULL, MS_BIND | MS_REC, NULL)));
  printf("chr=%d\n", stat("/bound", &about) == 0 && S_ISCHR(about.st_mode));
  return 0;
}

int main(int count, char** words) {
  if (count == 3 && strcmp(words[1], "ask") == 0) {
    ask(words[2]);
  } else if (count == 4 && strcmp(words[1], "put") == 0) {
    strcpy(mapped(words[2]), words[3]);
  } else if (count == 3 && strcmp(words[1], "get") == 0) {
    puts(mapped(words[2]));
  } else if (count == 3 && strcmp(words[1], "root") == 0) {
    return bind_in_new_root(words[2]);
  } else if (count == 5 && strcmp(words[1], "hold") == 0) {
    if (strcmp(words[2], "fd") == 0) {
      if (open(words[3], O_RDWR | O_CLOEXEC) < 0) {
        perror(words[3]);
        return 1;
      }
    } else {
      mapped(words[3]);
    }
    return system(words[4]) == 0 ? 0 : 1;
  } else {
    return 2;
  }
  return 0;
}
