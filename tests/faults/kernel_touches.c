/* kernel_touches: every family of calls that moves data moves it into and out of an extent of /dev/dax0.0 that nobody
 * has touched yet. Prints those that fail. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kExtent = 2 << 20, kExtents = 32, kBytes = 4096 };

static char* next_extent;
static int zero, sockets[2], file;

static char* fresh(void) {
  char* at = next_extent;
  next_extent += kExtent;
  return at;
}
static struct iovec piece(void) {
  struct iovec one = {fresh() + 100, kBytes};
  return one;
}
static void feed(void) {
  char bytes[kBytes];
  memset(bytes, 7, sizeof bytes);
  if (write(sockets[1], bytes, sizeof bytes) != sizeof bytes) {
    perror("feed");
  }
}
static void drain(void) {
  char bytes[kBytes];
  (void)!read(sockets[1], bytes, sizeof bytes);
}

static ssize_t by_read(void) {
  return read(zero, fresh(), kBytes);
}
static ssize_t by_pread(void) {
  return pread(file, fresh(), kBytes, 0);
}
static ssize_t by_readv(void) {
  struct iovec one = piece();
  return readv(zero, &one, 1);
}
static ssize_t by_preadv(void) {
  struct iovec one = piece();
  return preadv(file, &one, 1, 0);
}
static ssize_t by_recv(void) {
  feed();
  return recv(sockets[0], fresh(), kBytes, MSG_WAITALL);
}
static ssize_t by_recvfrom(void) {
  feed();
  return recvfrom(sockets[0], fresh(), kBytes, MSG_WAITALL, NULL, NULL);
}
static ssize_t by_recvmsg(void) {
  struct iovec one = piece();
  struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};
  feed();
  return recvmsg(sockets[0], &message, MSG_WAITALL);
}
static ssize_t by_write(void) {
  return pwrite(file, fresh(), kBytes, 0);
}
static ssize_t by_writev(void) {
  struct iovec one = piece();
  return pwritev(file, &one, 1, 0);
}
static ssize_t by_send(void) {
  const ssize_t sent = send(sockets[0], fresh(), kBytes, 0);
  drain();
  return sent;
}
static ssize_t by_sendmsg(void) {
  struct iovec one = piece();
  struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};
  const ssize_t sent = sendmsg(sockets[0], &message, 0);
  drain();
  return sent;
}
static ssize_t by_getrandom(void) {
  return getrandom(fresh(), kBytes, 0);
}
static ssize_t by_fread(void) {
  FILE* stream = fopen("/dev/zero", "r");
  const size_t got = fread(fresh(), 1, 16 * kBytes, stream);
  fclose(stream);
  return got == 16 * kBytes ? kBytes : -1;
}
static ssize_t by_fwrite(void) {
  FILE* stream = tmpfile();
  const size_t put = fwrite(fresh(), 1, 16 * kBytes, stream);
  return fclose(stream) == 0 && put == 16 * kBytes ? kBytes : -1;
}
/* Two extents in one call, and the second one only half. */
static ssize_t across(void) {
  char* at = fresh();
  (void)fresh();
  return read(zero, at + kExtent - kBytes / 2, kBytes);
}

static const struct {
  const char* name;
  ssize_t (*move)(void);
} calls[] = {
    {"read", by_read},      {"pread", by_pread},       {"readv", by_readv},     {"preadv", by_preadv},
    {"recv", by_recv},      {"recvfrom", by_recvfrom}, {"recvmsg", by_recvmsg}, {"pwrite", by_write},
    {"pwritev", by_writev}, {"send", by_send},         {"sendmsg", by_sendmsg}, {"getrandom", by_getrandom},
    {"fread", by_fread},    {"fwrite", by_fwrite},     {"across", across},
};

int main(void) {
  const int fd = open("/dev/dax0.0", O_RDWR);
  next_extent = mmap(NULL, (size_t)kExtents * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  zero = open("/dev/zero", O_RDONLY);
  FILE* scratch = tmpfile();
  if (fd < 0 || next_extent == MAP_FAILED || zero < 0 || scratch == NULL ||
      socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) {
    perror("kernel_touches");
    return 2;
  }
  file = fileno(scratch);
  if (ftruncate(file, kBytes) != 0) {
    return 2;
  }
  int failed = 0;
  for (size_t at = 0; at < sizeof calls / sizeof calls[0]; ++at) {
    const ssize_t moved = calls[at].move();
    if (moved != kBytes) {
      printf("%s: %zd (%m)\n", calls[at].name, moved);
      failed = 1;
    }
  }
  return failed;
}
