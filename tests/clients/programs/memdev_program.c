// memdev_program NODE [FD]: what calls on an open /dev/cxl/memN answer, and that its descriptor is one wherever it
// goes. A line for each, which a guest's kernel wrote too (expected/linux-6.12/memdev.txt).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// CXL_MEM_QUERY_COMMANDS: <linux/cxl_mem.h> of old kernels has it too, but not everybody has that.
struct query {
  uint32_t n_commands;
  uint32_t reserved;
};
#define QUERY _IOR(0xCE, 1, struct query)

static const char* named(long result) {
  return result < 0 ? strerrorname_np(errno) : "ok";
}
static void say(const char* what, long result) {
  printf("%s: %s\n", what, named(result));
}
// How many commands there are, or why not.
static void say_query(const char* where, int fd) {
  struct query query = {0};
  if (ioctl(fd, QUERY, &query) != 0)
    printf("%s: %s\n", where, strerrorname_np(errno));
  else
    printf("%s: %u commands\n", where, query.n_commands);
}

static int by_message(int fd) {
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control = {{0}};
  char byte = 0;
  struct iovec piece = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || sendmsg(ends[0], &message, 0) != 1 ||
      recvmsg(ends[1], &message, 0) != 1)
    return -1;
  int got = -1;
  memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof got);
  return got;
}

int main(int count, char** words) {
  if (count < 2)
    return 2;
  if (count > 2) { // executed again
    say_query("exec", atoi(words[2]));
    return 0;
  }
  setvbuf(stdout, NULL, _IONBF, 0);
  const char* node = words[1];
  const int fd = open(node, O_RDWR);
  say("open", fd);
  if (fd < 0)
    return 1;
  struct stat about;
  say("fstat", fstat(fd, &about));
  printf("character device: %d, mode %o, size %ld\n", S_ISCHR(about.st_mode), about.st_mode & 07777,
         (long)about.st_size);
  struct stat named_node;
  printf("as stat: %d\n",
         stat(node, &named_node) == 0 && named_node.st_rdev == about.st_rdev && named_node.st_ino == about.st_ino);
  say_query("query", fd);
  say_query("dup", dup(fd));
  const pid_t child = fork();
  if (child == 0) {
    say_query("fork", fd);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  say_query("message", by_message(fd));
  char byte = 0;
  say("read", read(fd, &byte, 1));
  say("read of nothing", read(fd, &byte, 0));
  say("write", write(fd, &byte, 1));
  say("pread", pread(fd, &byte, 1, 0));
  say("pwrite", pwrite(fd, &byte, 1, 0));
  printf("lseek: %ld %ld\n", (long)lseek(fd, 7, SEEK_SET), (long)lseek(fd, 0, SEEK_END));
  say("mmap", mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
  say("ftruncate", ftruncate(fd, 0));
  say("fallocate", fallocate(fd, 0, 0, 4096));
  say("fsync", fsync(fd));
  struct pollfd asked = {.fd = fd, .events = POLLIN | POLLOUT};
  const int ready = poll(&asked, 1, 0);
  printf("poll: %d %#x\n", ready, (unsigned)asked.revents);
  int number = 0;
  say("ioctl of another number", ioctl(fd, _IO(0xCE, 3)));
  say("ioctl FIONREAD", ioctl(fd, FIONREAD, &number));
  say("ioctl FIONBIO", ioctl(fd, FIONBIO, &number));
  say("ioctl at nothing", ioctl(fd, QUERY, NULL));
  say_query("O_PATH", open(node, O_PATH));
  say_query("O_RDONLY", open(node, O_RDONLY));
  say_query("O_WRONLY", open(node, O_WRONLY));
  say("O_DIRECTORY", open(node, O_RDONLY | O_DIRECTORY));
  say("O_EXCL", open(node, O_RDWR | O_CREAT | O_EXCL, 0600));
  say("O_DIRECT", open(node, O_RDWR | O_DIRECT));
  say("O_TRUNC", open(node, O_RDWR | O_TRUNC));
  char word[16];
  snprintf(word, sizeof word, "%d", fd);
  execl("/proc/self/exe", words[0], node, word, (char*)NULL);
  return 1;
}
