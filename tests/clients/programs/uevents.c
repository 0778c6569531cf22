// uevents TRANSCRIPT: runs the commands of a transcript and prints the transcript of what the kernel said meanwhile on
// NETLINK_KOBJECT_UEVENT. Both are the same when the machine answers as the recorded one did. A transcript:
//   $ COMMAND                     run by sh; its output is not of interest, its exit status is shown
//   ACTION@PATH KEY=VALUE ...     one event, in the order they came
// Left out: what other devices of a machine say, SEQNUM (checked to grow), MAJOR (whichever is free), numbers of nodes
// and of memory blocks.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned long long last_seqnum;

static int open_monitor(void) {
  const int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
  const int on = 1;
  const int bytes = 1 << 20;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0 ||
      bind(fd, (struct sockaddr*)&address, sizeof address) != 0) {
    fprintf(stderr, "uevents: %s\n", strerror(errno));
    exit(1);
  }
  return fd;
}

static int is_ours(const char* path) {
  static const char* const words[] = {"dax",        "/hmem",   "ndbus",    "e820_pmem", "/memory/memory",
                                      "/node/node", "/bus/nd", "ACPI0017", "/bus/cxl",  "/mem"};
  for (unsigned at = 0; at < sizeof words / sizeof *words; ++at) {
    if (strstr(path, words[at]) != NULL) {
      return 1;
    }
  }
  return 0;
}

// Memory blocks by their distance from the first one heard of, nodes without their number.
static void put(const char* text) {
  static unsigned long first_block;
  static const char block_word[] = "/memory/memory";
  static const char node_word[] = "/node/node";
  const char* block = strstr(text, block_word);
  const char* node = strstr(text, node_word);
  if (block != NULL) {
    const unsigned long number = strtoul(block + sizeof block_word - 1, NULL, 10);
    first_block = first_block == 0 ? number : first_block;
    printf("%.*s@%lu", (int)(block - text + (int)sizeof block_word - 1), text, number - first_block);
  } else if (node != NULL) {
    printf("%.*sN", (int)(node - text + (int)sizeof node_word - 1), text);
  } else {
    fputs(text, stdout);
  }
}

static void show(const char* text, size_t size) {
  const char* end = text + size;
  if (!is_ours(text)) {
    return;
  }
  put(text);
  for (text += strlen(text) + 1; text < end; text += strlen(text) + 1) {
    if (strncmp(text, "SEQNUM=", 7) == 0) {
      const unsigned long long seqnum = strtoull(text + 7, NULL, 10);
      printf(seqnum > last_seqnum ? " SEQNUM" : " SEQNUM-WENT-BACK");
      last_seqnum = seqnum;
    } else if (strncmp(text, "MAJOR=", 6) == 0) {
      printf(" MAJOR=N");
    } else {
      putchar(' ');
      put(text);
    }
  }
  putchar('\n');
}

// What has arrived, and arrives within a moment.
static void drain(int fd) {
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  const int moment =
      getenv("DAXEMU_PLATFORM") != NULL ? 50 : 300; // ms: under daxemu all is said before the command ends
  while (poll(&wait, 1, moment) > 0) {
    char text[8192 + 1];
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct sockaddr_nl from;
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    const ssize_t length = recvmsg(fd, &message, 0);
    if (length < 0) {
      if (errno == EAGAIN || errno == EINTR) {
        continue;
      }
      printf("recvmsg: %s\n", strerrorname_np(errno));
      return;
    }
    const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    struct ucred who = {-1, 99, 99};
    if (header != NULL && header->cmsg_type == SCM_CREDENTIALS) {
      memcpy(&who, CMSG_DATA(header), sizeof who);
    }
    if (message.msg_namelen != sizeof from || from.nl_family != AF_NETLINK || from.nl_pid != 0 || from.nl_groups != 1 ||
        who.pid != 0 || who.uid != 0) {
      printf("not from the kernel: pid %u groups %u, uid %u\n", from.nl_pid, from.nl_groups, who.uid);
    }
    text[length] = 0;
    show(text, (size_t)length);
  }
}

int main(int count, char** words) {
  FILE* transcript = count == 2 ? fopen(words[1], "r") : NULL;
  if (transcript == NULL) {
    fprintf(stderr, "usage: uevents TRANSCRIPT\n");
    return 2;
  }
  const int fd = open_monitor();
  char* line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, transcript) > 0) {
    if (strncmp(line, "$ ", 2) != 0) {
      if (*line == '#') {
        fputs(line, stdout);
      }
      continue;
    }
    fputs(line, stdout);
    fflush(stdout);
    line[strcspn(line, "\n")] = 0;
    char command[4096];
    snprintf(command, sizeof command, "{ %s ; } >/dev/null 2>&1", line + 2);
    const int status = system(command);
    printf("-- exit status %d\n", status / 256);
    drain(fd);
  }
  return 0;
}
