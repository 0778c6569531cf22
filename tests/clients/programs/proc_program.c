/* What /proc says of a device of 512M in this process and of its locks, without addresses, inodes and pids: the same
   text on a kernel's own device (expected/proc.txt: Linux 6.1). Read in pieces of the size that the second argument
   says. */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EXTENT (2UL << 20)
#define SIZE (512UL << 20)

static struct stat node;
static size_t piece = 65536;

/* The file's text; as long as the process lives. */
static char* text_of(const char* file) {
  size_t length = 0;
  size_t room = 1 << 20;
  char* text = malloc(room);
  const int fd = open(file, O_RDONLY);
  for (ssize_t got = 0; (got = read(fd, text + length, piece < room - length - 1 ? piece : room - length - 1)) > 0;) {
    length += (size_t)got;
  }
  /* A second look at a part is the same part, unless others may lock and unlock meanwhile. */
  char again[64];
  if (length > 200 && strcmp(file, "/proc/locks") != 0 &&
      (pread(fd, again, sizeof again, 100) != sizeof again || memcmp(again, text + 100, sizeof again) != 0)) {
    printf("%s: another text by pread\n", file);
  }
  text[length] = '\0';
  close(fd);
  return text;
}

static const char* last_part(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Lines of maps or smaps that are about the device. */
static void show_maps(const char* file) {
  printf("== %s\n", last_part(file));
  int shown = 0;
  for (char* line = strtok(text_of(file), "\n"); line != NULL; line = strtok(NULL, "\n")) {
    unsigned long start = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    unsigned long inode = 0;
    unsigned device[2] = {0, 0};
    char rights[8];
    int name = 0;
    if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %n", &start, &end, rights, &offset, &device[0], &device[1], &inode,
               &name) == 7) {
      shown = strcmp(line + name, "/dev/dax0.0") == 0;
      if (shown) {
        printf("%#lx bytes %s %08lx %s column %d\n", end - start, rights, offset,
               makedev(device[0], device[1]) == node.st_dev && inode == node.st_ino ? "its node" : "another node",
               name);
      }
    } else if (shown) {
      printf("%s\n", line);
    }
  }
}

static void show_numa_maps(void) {
  printf("== numa_maps\n");
  for (char* line = strtok(text_of("/proc/self/numa_maps"), "\n"); line != NULL; line = strtok(NULL, "\n")) {
    if (strstr(line, "/dev/dax0.0") != NULL) {
      printf("%s\n", strchr(line, ' '));
    }
  }
}

/* Lines about locks on the device, or all of fdinfo. */
static void show_locks(const char* file) {
  char here[64];
  snprintf(here, sizeof here, "%02x:%02x:%lu", major(node.st_dev), minor(node.st_dev), (unsigned long)node.st_ino);
  const int whole = strstr(file, "fdinfo") != NULL;
  printf("== %s\n", whole ? "fdinfo" : last_part(file));
  /* The kernel counts the locks again at each read(2) (locks_start), so one that another program takes meanwhile makes
     a line come twice. */
  char shown[8][64];
  int count = 0;
  for (char* line = strtok(text_of(file), "\n"); line != NULL; line = strtok(NULL, "\n")) {
    char* place = strstr(line, here);
    if (place != NULL && (place[strlen(here)] == ' ')) {
      char kind[16] = "";
      char right[16] = "";
      long pid = 0;
      const char* begin = strstr(line, ": ");
      if (strncmp(line, "lock:", 5) == 0) {
        begin = strstr(line + 5, ": ");
      }
      sscanf(begin + 2, "%15s ADVISORY %15s %ld", kind, right, &pid);
      char said[64];
      snprintf(said, sizeof said, "%s %s %s node%s", kind, right,
               pid == getpid() ? "mine"
               : pid == -1     ? "-1"
                               : "other",
               place + strlen(here));
      int at = 0;
      while (at < count && strcmp(shown[at], said) != 0) {
        ++at;
      }
      if (at == count) {
        printf("%s\n", said);
        if (count < 8) {
          strcpy(shown[count++], said);
        }
      }
    } else if (strncmp(line, "ino:", 4) == 0) {
      printf("ino %s\n", strtoul(line + 4, NULL, 10) == node.st_ino ? "of its node" : "of another");
    } else if (whole && strncmp(line, "mnt_id:", 7) != 0) {
      printf("%s\n", line);
    }
  }
}

/* As whoever may not know addresses. */
static void show_resources_to_others(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  if (syscall(SYS_capset, &header, none) != 0) {
    perror("capset");
  }
  fputs(text_of("/proc/iomem"), stdout);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "others") == 0) {
    show_resources_to_others();
    return 0;
  }
  if (argc > 1) {
    piece = strtoul(argv[1], NULL, 0);
  }
  const int fd = open("/dev/dax0.0", O_RDWR);
  const int second = open("/dev/dax0.0", O_RDWR);
  const int reader = open("/dev/dax0.0", O_RDONLY);
  fstat(fd, &node);

  const int rights = PROT_READ | PROT_WRITE;
  volatile char* end = mmap(NULL, 8 * EXTENT, rights, MAP_SHARED, fd, SIZE - 4 * EXTENT);
  volatile char* synced = mmap(NULL, 2 * EXTENT, rights, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
  volatile char* parts = mmap(NULL, 6 * EXTENT, rights, MAP_SHARED, fd, 16 * EXTENT);
  volatile char* read_only = mmap(NULL, 2 * EXTENT, PROT_READ, MAP_SHARED, reader, 32 * EXTENT);
  if (end == MAP_FAILED || synced == MAP_FAILED || parts == MAP_FAILED || read_only == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  end[0] = 1;
  parts[0] = 1;
  parts[EXTENT] = 1;
  mprotect((void*)(parts + 2 * EXTENT), 2 * EXTENT, PROT_READ);
  madvise((void*)(parts + 4 * EXTENT), EXTENT, MADV_DONTFORK);
  madvise((void*)(parts + 5 * EXTENT), EXTENT, MADV_DONTDUMP);
  madvise((void*)synced, EXTENT, MADV_RANDOM);

  char own[64];
  show_maps("/proc/self/maps");
  snprintf(own, sizeof own, "/proc/%d/maps", getpid());
  show_maps(own);
  snprintf(own, sizeof own, "/proc/self/task/%d/maps", getpid());
  show_maps(own);
  show_maps("/proc/thread-self/smaps");
  show_numa_maps();

  flock(fd, LOCK_EX);
  struct flock record = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 50};
  fcntl(second, F_SETLK, &record);
  struct flock described = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 4096};
  fcntl(second, F_OFD_SETLK, &described);
  show_locks("/proc/locks");
  snprintf(own, sizeof own, "/proc/self/fdinfo/%d", fd);
  show_locks(own);
  snprintf(own, sizeof own, "/proc/%d/fdinfo/%d", getpid(), second);
  show_locks(own);

  unsigned number = 0;
  const char* line = strstr(text_of("/proc/devices"), " dax\n");
  while (line != NULL && line[-1] != '\n') {
    --line;
  }
  if (line != NULL) {
    sscanf(line, "%u", &number);
  }
  printf("== devices\ndax: %s\n", number == major(node.st_rdev) ? "its number" : "another number");
  return 0;
}
