/* Lets the kernel pin or reference a device's memory by each call that can, and shows the ledger after each step with
 * the command in $SHOW.   pins_program DEVICE EXTENT-SIZE STEPS... */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXTENTS = 4 };
static char* base;
static size_t extent;
static char* arguments[8];

void* ibv_reg_mr(void* domain, void* address, size_t length, int access);
void* ibv_reg_mr_iova2(void* domain, void* address, size_t length, uint64_t iova, unsigned access);
int ibv_dereg_mr(void* region);

static void show(const char* step, long result) {
  printf("%s: %ld", step, result);
  if (result < 0) {
    printf(" %s", strerrorname_np((int)-result));
  }
  printf("\n");
  fflush(stdout);
  if (system(getenv("SHOW")) != 0) {
    printf("the ledger cannot be shown\n");
  }
}
static long result_of(long returned) {
  return returned < 0 ? -errno : returned;
}
static struct iovec piece(int number, size_t length) {
  struct iovec iov = {base + (size_t)number * extent, length};
  return iov;
}
static struct io_uring started(void) {
  struct io_uring ring;
  if (io_uring_queue_init(4, &ring, 0) != 0) {
    printf("no io_uring\n");
    exit(77);
  }
  return ring;
}

static void step_table(void) {
  struct io_uring ring = started();
  struct iovec two[2] = {piece(0, extent), piece(1, 4096)};
  show("register", io_uring_register_buffers(&ring, two, 2));
  show("again", io_uring_register_buffers(&ring, two, 2));
  show("unregister", io_uring_unregister_buffers(&ring));
  __u64 tags[2] = {5, 6};
  show("with tags", io_uring_register_buffers_tags(&ring, two, tags, 2));
  io_uring_queue_exit(&ring);
  show("ring closed", 0);
}
static void step_sparse(void) {
  struct io_uring ring = started();
  struct iovec one = piece(2, extent);
  struct iovec none = {NULL, 0};
  struct iovec far = {base + EXTENTS * extent, 4096};
  __u64 tag = 0;
  show("sparse", io_uring_register_buffers_sparse(&ring, 8));
  show("fill", io_uring_register_buffers_update_tag(&ring, 3, &one, &tag, 1));
  one = piece(3, extent);
  show("replace", io_uring_register_buffers_update_tag(&ring, 3, &one, &tag, 1));
  show("beyond the end", io_uring_register_buffers_update_tag(&ring, 3, &far, &tag, 1));
  show("empty", io_uring_register_buffers_update_tag(&ring, 3, &none, &tag, 1));
  io_uring_queue_exit(&ring);
}
static void step_number(void) {
  struct io_uring ring = started();
  struct iovec one = piece(1, extent);
  const long number = SYS_io_uring_register;
  show("by number", result_of(syscall(number, ring.ring_fd, IORING_REGISTER_BUFFERS, &one, 1)));
  const int copy = dup(ring.ring_fd);
  munmap(ring.sq.ring_ptr, ring.sq.ring_sz);
  munmap(ring.sq.sqes, 4 * sizeof(struct io_uring_sqe));
  close(ring.ring_fd);
  show("a copy is open", 0);
  close(copy);
  show("none is", 0);
}
static void step_refused(void) {
  struct io_uring ring = started();
  char own[4096];
  struct iovec iov = piece(0, 4096);
  struct iovec mine = {own, sizeof(own)};
  show("device", io_uring_register_buffers(&ring, &iov, 1));
  show("own memory", io_uring_register_buffers(&ring, &mine, 1));
  io_uring_queue_exit(&ring);
  void* region = ibv_reg_mr(NULL, base, 4096, 1);
  show("RDMA", region == NULL ? -errno : 0);
}
static void step_pipe(void) {
  int ends[2];
  char bytes[4 * 4096];
  struct iovec iov = {base + extent - 4096, 3 * 4096};
  if (pipe(ends) != 0) {
    exit(1);
  }
  show("vmsplice", result_of(vmsplice(ends[1], &iov, 1, 0)));
  show("read a page", result_of(read(ends[0], bytes, 4096)));
  munmap(base, EXTENTS * extent);
  show("unmapped", 0);
  show("read the rest", result_of(read(ends[0], bytes, sizeof(bytes))));
  base = NULL;
}
static void step_closed_pipe(void) {
  int ends[2];
  struct iovec iov = {base, 100};
  if (pipe(ends) != 0) {
    exit(1);
  }
  show("vmsplice", result_of(vmsplice(ends[1], &iov, 1, 0)));
  close(ends[1]);
  show("one end closed", 0);
  close(ends[0]);
  show("both", 0);
}
static void step_rdma(void) {
  void* region = ibv_reg_mr(NULL, base + 100, extent, 1);
  show("region", region == NULL ? -errno : 0);
  show("deregister", ibv_dereg_mr(region));
  region = ibv_reg_mr_iova2(NULL, base, 4096, 0, 1U | 1U << 6);
  show("on demand", 0);
  ibv_dereg_mr(region);
  region = ibv_reg_mr(NULL, base, 4096, -1);
  show("refused by the driver", region == NULL ? -errno : 0);
}
static void step_mlock(void) {
  show("mlock", result_of(mlock(base, extent)));
  munlock(base, extent);
}
static void step_fork(void) {
  struct io_uring ring = started();
  struct iovec one = piece(0, extent);
  show("register", io_uring_register_buffers(&ring, &one, 1));
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    struct iovec other = piece(1, extent);
    struct io_uring second = started();
    io_uring_register_buffers(&second, &other, 1);
    show("a child's own", 0);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  show("the child has ended", 0);
  io_uring_queue_exit(&ring);
}
static void step_exec(void) {
  struct io_uring ring = started();
  struct iovec one = piece(0, extent);
  show("register", io_uring_register_buffers(&ring, &one, 1));
  char* again[] = {arguments[0], arguments[1], arguments[2], "show", NULL};
  execv("/proc/self/exe", again);
}
/* Takes the device from its driver in a child: does that wait for what is held? */
static void step_unbind(void) {
  struct io_uring ring = started();
  struct iovec one = piece(0, extent);
  show("register", io_uring_register_buffers(&ring, &one, 1));
  int ends[2];
  struct iovec page = {base + extent, 4096};
  if (pipe(ends) != 0 || vmsplice(ends[1], &page, 1, 0) != 4096) {
    exit(1);
  }
  const pid_t child = fork();
  if (child == 0) {
    const int bus = open("/sys/bus/dax/drivers/device_dax/unbind", O_WRONLY);
    _exit(write(bus, "dax0.0", 6) == 6 ? 0 : 1);
  }
  int status = 0;
  for (int look = 0; look < 100 && waitpid(child, &status, WNOHANG) == 0; ++look) {
    struct timespec pause = {0, 10000000};
    nanosleep(&pause, NULL);
    if (look == 30) { /* it had time enough */
      show("unbinding waits", 0);
      show("unregister", io_uring_unregister_buffers(&ring));
    }
    if (look == 60) {
      char bytes[4096];
      show("read", result_of(read(ends[0], bytes, sizeof(bytes))));
    }
  }
  show("unbound", status);
  const int bus = open("/sys/bus/dax/drivers/device_dax/bind", O_WRONLY);
  show("bound again", write(bus, "dax0.0", 6));
  io_uring_queue_exit(&ring);
  close(ends[0]);
  close(ends[1]);
}
/* One thread moves two extents to or from a file past the page cache, over and over; the ledger shows them meanwhile.
 */
static int file;
static atomic_bool enough;
static void* read_on(void* unused) {
  while (!enough && pread(file, base, 2 * extent, 0) == (ssize_t)(2 * extent)) {
  }
  return unused;
}
static void* write_on(void* unused) {
  struct iovec two[2] = {piece(2, extent), piece(3, extent)};
  while (!enough && pwritev(file, two, 2, 0) == (ssize_t)(2 * extent)) {
  }
  return unused;
}
static void show_meanwhile(const char* step, void* (*work)(void*), const char* line) {
  pthread_t worker;
  char look[256];
  snprintf(look, sizeof(look), "%s | grep -qxF '%s'", getenv("SHOW"), line);
  enough = false;
  pthread_create(&worker, NULL, work, NULL);
  int seen = 1;
  for (int times = 0; times < 500 && seen != 0; ++times) {
    seen = system(look);
  }
  printf("%s:%s\n", step, seen == 0 ? line : " not seen");
  enough = true;
  pthread_join(worker, NULL);
}
static void step_direct(void) {
  file = open(getenv("FILE"), O_RDWR | O_CREAT | O_DIRECT, 0600);
  if (file < 0 || ftruncate(file, (off_t)(2 * extent)) != 0) {
    exit(77);
  }
  show_meanwhile("reading", read_on, "  0-1 direct I/O get, 512 pages each");
  show_meanwhile("writing", write_on, "  2-3 direct I/O get, 512 pages each");
  show("done", pread(file, base, 4096, 0));
  close(file);
  file = open(getenv("FILE"), O_RDWR);
  show("through the page cache", pread(file, base, 4096, 0));
  close(file);
}
/* The same by requests of io_submit(2), by number and as libaio's function (its system calls are its own). */
extern int io_submit(aio_context_t, long, struct iocb**) __attribute__((weak));
extern int io_destroy(aio_context_t) __attribute__((weak));
static aio_context_t queue;
static long moved(struct iocb* request, int by_name) {
  struct io_event event;
  struct iocb* list[1] = {request};
  request->aio_fildes = (unsigned)file;
  const long sent = by_name ? io_submit(queue, 1, list) : syscall(SYS_io_submit, queue, 1L, list);
  if (sent != 1) {
    return sent;
  }
  long got = -1;
  do { /* the end of a child of the other thread's system(3) interrupts this one */
    got = syscall(SYS_io_getevents, queue, 1L, 1L, &event, NULL);
  } while (got < 0 && errno == EINTR);
  return got == 1 ? (long)event.res : got;
}
static struct iocb request_on(int opcode, const void* buffer, unsigned long count) {
  struct iocb request = {
      .aio_lio_opcode = (unsigned short)opcode, .aio_buf = (unsigned long)buffer, .aio_nbytes = count};
  return request;
}
static void* read_aio(void* unused) {
  struct iocb request = request_on(IOCB_CMD_PREAD, base, 2 * extent);
  while (!enough) {
    (void)moved(&request, 0);
  }
  return unused;
}
static void* write_aio(void* unused) {
  struct iovec both = piece(2, 2 * extent); /* one piece: held at one moment, and shown in one line */
  struct iocb request = request_on(IOCB_CMD_PWRITEV, &both, 1);
  while (!enough) {
    (void)moved(&request, 1);
  }
  return unused;
}
static void step_aio(void) {
  file = open(getenv("FILE"), O_RDWR | O_CREAT | O_DIRECT, 0600);
  if (file < 0 || ftruncate(file, (off_t)(2 * extent)) != 0 || syscall(SYS_io_setup, 8L, &queue) != 0) {
    exit(77);
  }
  struct iocb untouched = request_on(IOCB_CMD_PREAD, base + 3 * extent, extent);
  show("into untouched memory", moved(&untouched, 1));
  show_meanwhile("reading", read_aio, "  0-1 direct I/O get, 512 pages each");
  show_meanwhile("writing", write_aio, "  2-3 direct I/O get, 512 pages each");
  show("done", 0);
  struct iocb last = request_on(IOCB_CMD_PREAD, base, extent);
  struct iocb* list[1] = {&last};
  last.aio_fildes = (unsigned)file;
  (void)!io_submit(queue, 1, list); /* nobody asks for its event */
  show("destroyed", io_destroy(queue));
  close(file);
}
static void step_show(void) {
  show("now", 0);
}
static void step_die(void) {
  struct io_uring ring = started();
  struct iovec one = piece(2, extent);
  (void)!io_uring_register_buffers(&ring, &one, 1);
  kill(getpid(), 9);
}

static const struct {
  const char* name;
  void (*run)(void);
} steps[] = {{"table", step_table},     {"sparse", step_sparse}, {"number", step_number},
             {"refused", step_refused}, {"pipe", step_pipe},     {"closed-pipe", step_closed_pipe},
             {"rdma", step_rdma},       {"mlock", step_mlock},   {"fork", step_fork},
             {"exec", step_exec},       {"show", step_show},     {"unbind", step_unbind},
             {"direct", step_direct},   {"aio", step_aio},       {"die", step_die}};

int main(int argc, char** argv) {
  const int fd = open(argv[1], O_RDWR);
  extent = strtoul(argv[2], NULL, 10);
  memcpy(arguments, argv, 3 * sizeof(*argv));
  for (int at = 3; at < argc; ++at) {
    base = mmap(NULL, EXTENTS * extent, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
      perror("mmap");
      return 1;
    }
    for (size_t step = 0; step < sizeof(steps) / sizeof(*steps); ++step) {
      if (strcmp(steps[step].name, argv[at]) == 0) {
        steps[step].run();
      }
    }
    if (base != NULL) {
      munmap(base, EXTENTS * extent);
    }
  }
  return 0;
}
