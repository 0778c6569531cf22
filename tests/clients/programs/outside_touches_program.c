// outside_touches DEVICE WORD...: maps the device and does what the words say, one after the other, in a program that
// no library sees. A SIGBUS is a line: its code, how far into the mapping the address is, and the size of what failed.
//   touch N, write N   the first byte of extent N is read, written
//   beside N           the page behind the one that these touch
//   read N             read(2) into extent N, of a file
//   first A B          extents A to B-1 are touched, and how many gave SIGBUS is said; "every A B": every second one
//   fork               the words behind it are done by a child, which is waited for
//   threads A B        as first, by four threads
//   ignore             SIGBUS is ignored; "handle": it is not
//   sysfs PATH TEXT    writes it
//   wait FILE          says "ready", and waits until there is such a file
//   unmap, map         the mapping goes, and comes again; "extents N": of so many, if it is not there
//   aio N, uring N     extent N is read into by io_submit(2); registered, and read into by io_uring
//   hold N             a page of extent N is held by a pipe, as long as the program runs
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const size_t kExtent = 2 << 20;
static size_t extents = 16;
static char* base;
static int device;
static _Thread_local sigjmp_buf back;

static void on_bus(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)context;
  const int code = info->si_code;
  printf("SIGBUS %s at %ld",
         code == BUS_ADRERR ? "ADRERR"
         : code == 4        ? "MCEERR_AR"
                            : "?",
         (long)((char*)info->si_addr - base));
  if (code == 4) {
    printf(" of 2^%d", info->si_addr_lsb);
  }
  printf("\n");
  siglongjmp(back, 1);
}

static void handle(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_bus;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, NULL);
}

static int touch(long extent, int writes) {
  volatile char* const at = base + extent * kExtent + 5;
  if (sigsetjmp(back, 1) != 0) {
    return 0;
  }
  if (writes) {
    *at = (char)(extent + 1);
  } else {
    (void)*at;
  }
  return 1;
}

static void map(void) {
  base = mmap(NULL, extents * kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
  if (base == MAP_FAILED) {
    printf("mmap: %s\n", strerror(errno));
    exit(3);
  }
}

static long read_by_aio(int file, void* into) {
  aio_context_t context = 0;
  struct iocb request;
  struct iocb* list[1] = {&request};
  struct io_event event;
  memset(&request, 0, sizeof request);
  request.aio_fildes = (unsigned)file;
  request.aio_lio_opcode = IOCB_CMD_PREAD;
  request.aio_buf = (unsigned long)into;
  request.aio_nbytes = 4096;
  if (syscall(SYS_io_setup, 1, &context) != 0 || syscall(SYS_io_submit, context, 1, list) != 1 ||
      syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1) {
    return -errno;
  }
  return (long)event.res;
}

static long read_by_uring(int file, void* into) {
  struct io_uring ring;
  const struct iovec piece = {into, 4096};
  struct io_uring_cqe* done;
  long result = io_uring_queue_init(1, &ring, 0);
  result = result < 0 ? result : io_uring_register_buffers(&ring, &piece, 1);
  if (result < 0) {
    return result;
  }
  io_uring_prep_read_fixed(io_uring_get_sqe(&ring), file, into, 4096, 0, 0);
  result = io_uring_submit_and_wait(&ring, 1);
  result = result < 0 ? result : io_uring_wait_cqe(&ring, &done);
  return result < 0 ? result : done->res;
}

struct part {
  long first, end;
};
static void* touch_some(void* argument) {
  const struct part* part = argument;
  for (long at = part->first; at < part->end; ++at) {
    touch(at, 1);
  }
  return NULL;
}

int main(int count, char** words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  device = count > 1 ? open(words[1], O_RDWR) : -1;
  if (device < 0) {
    return 2;
  }
  handle();
  map();
  for (int at = 2; at < count; ++at) {
    const char* word = words[at];
    const long number = at + 1 < count ? strtol(words[at + 1], NULL, 10) : 0;
    if (strcmp(word, "touch") == 0 || strcmp(word, "write") == 0) {
      ++at;
      if (touch(number, *word == 'w')) {
        printf("%s %ld: ok\n", word, number);
      }
    } else if (strcmp(word, "beside") == 0) {
      ++at;
      ((volatile char*)base)[number * kExtent + 4096] = 1;
    } else if (strcmp(word, "read") == 0) {
      ++at;
      const int file = open("/proc/self/exe", O_RDONLY);
      const ssize_t got = read(file, base + number * kExtent, 100);
      printf("read %ld: %s\n", number, got < 0 ? strerror(errno) : "ok");
      close(file);
    } else if (strcmp(word, "aio") == 0 || strcmp(word, "uring") == 0) {
      ++at;
      const int file = open("/proc/self/exe", O_RDONLY);
      char* const into = base + number * kExtent;
      const long got = *word == 'a' ? read_by_aio(file, into) : read_by_uring(file, into);
      printf("%s %ld: %ld %.3s\n", word, number, got, got > 0 ? into + 1 : "");
      close(file);
    } else if (strcmp(word, "first") == 0 || strcmp(word, "every") == 0) {
      const long end = strtol(words[at + 2], NULL, 10);
      int lost = 0;
      for (long extent = number; extent < end; extent += *word == 'e' ? 2 : 1) {
        lost += !touch(extent, 1);
      }
      printf("lost %d\n", lost);
      at += 2;
    } else if (strcmp(word, "threads") == 0) {
      const long end = strtol(words[at + 2], NULL, 10);
      pthread_t threads[4];
      struct part all = {number, end};
      for (int one = 0; one < 4; ++one) {
        pthread_create(&threads[one], NULL, touch_some, &all);
      }
      for (int one = 0; one < 4; ++one) {
        pthread_join(threads[one], NULL);
      }
      at += 2;
    } else if (strcmp(word, "fork") == 0) {
      const pid_t child = fork();
      if (child > 0) {
        int status = 0;
        waitpid(child, &status, 0);
        printf("child: %d\n", status);
        return 0;
      }
    } else if (strcmp(word, "ignore") == 0) {
      signal(SIGBUS, SIG_IGN);
    } else if (strcmp(word, "handle") == 0) {
      handle();
    } else if (strcmp(word, "sysfs") == 0) {
      const int file = open(words[at + 1], O_WRONLY);
      const ssize_t put = write(file, words[at + 2], strlen(words[at + 2]));
      printf("sysfs: %s\n", put < 0 ? strerror(errno) : "ok");
      close(file);
      at += 2;
    } else if (strcmp(word, "wait") == 0) {
      printf("ready\n");
      while (access(words[at + 1], F_OK) != 0) {
        usleep(1000);
      }
      ++at;
    } else if (strcmp(word, "hold") == 0) {
      int ends[2];
      struct iovec piece = {base + number * kExtent, 4096};
      const ssize_t held = pipe(ends) == 0 ? vmsplice(ends[1], &piece, 1, 0) : -1;
      printf("hold: %s\n", held < 0 ? strerror(errno) : "ok");
      ++at;
    } else if (strcmp(word, "unmap") == 0) {
      munmap(base, extents * kExtent);
    } else if (strcmp(word, "extents") == 0) {
      ++at;
      extents = (size_t)number;
    } else if (strcmp(word, "map") == 0) {
      map();
    } else {
      return 2;
    }
  }
  return 0;
}
