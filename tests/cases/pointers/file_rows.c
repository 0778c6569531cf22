/* What is open: reading, writing, asking, copying, asynchronous requests. */
#include "pointers.h"
static char room[4096];
static struct timeval at_once;
static int pipe_end(int which) {
  int ends[2];
  pipe(ends);
  write(ends[1], "abcd", 4);
  return ends[which];
}
static aio_context_t context(void) {
  aio_context_t made = 0;
  syscall(SYS_io_setup, 4, &made);
  return made;
}
void file_rows(void) {
  int fd = open(target, O_RDWR);
  int text = open(attribute, O_RDONLY);
  int writable = open(attribute, O_RDWR);
  int null = open("/dev/null", O_RDWR);
  int zero = open("/dev/zero", O_RDONLY);
  BAD("read.buf", read(fd, p, 64));
  BAD("pread.buf", pread(fd, p, 64, 0));
  BAD("readv.pieces", readv(fd, p, 1));
  BAD("preadv.pieces", preadv(fd, p, 1, 0));
  BAD("preadv2.pieces", preadv2(fd, p, 1, 0, 0));
  BAD("write.buf", write(fd, p, 64));
  BAD("pwrite.buf", pwrite(fd, p, 64, 0));
  BAD("writev.pieces", writev(fd, p, 1));
  BAD("pwritev.pieces", pwritev(fd, p, 1, 0));
  BAD("attribute.read.buf", read(text, p, 64));
  BAD("attribute.pread.buf", pread(text, p, 64, 0));
  BAD("attribute.readv.pieces", readv(text, p, 1));
  BAD("attribute.readv.base", ({
        struct iovec v = {p, 64};
        readv(text, &v, 1);
      }));
  BAD("attribute.write.buf", write(writable, p, 64));
  BAD("attribute.writev.pieces", writev(writable, p, 1));
  BAD("attribute.writev.base", ({
        struct iovec v = {p, 64};
        writev(writable, &v, 1);
      }));
  BADSYS("attribute.read#.buf", SYS_read, text, p, 64);
  BADSYS("attribute.write#.buf", SYS_write, writable, p, 64);
  BADSYS("attribute.pread64#.buf", SYS_pread64, text, p, 64, 0);
  BADSYS("attribute.preadv2#.pieces", SYS_preadv2, text, p, 1, 0, 0, 0);
  BAD("zero.read.buf", read(zero, p, 64));
  BAD("zero.readv.pieces", readv(zero, p, 1));
  BAD("null.writev.pieces", writev(null, p, 1));
  BAD("sendfile.offset", sendfile(null, fd, p, 64));
  BAD("splice.offset", splice(fd, p, pipe_end(1), 0, 64, 0));
  BAD("copy_file_range.offset", copy_file_range(fd, p, null, 0, 64, 0));
  BAD("vmsplice.pieces", vmsplice(pipe_end(1), p, 1, 0));
  BAD("vmsplice.base", ({
        struct iovec v = {p, 64};
        vmsplice(pipe_end(1), &v, 1, 0);
      }));
  BAD("ioctl.fionread", ioctl(fd, FIONREAD, p));
  BAD("ioctl.fionbio", ioctl(fd, FIONBIO, p));
  BADSYS("ioctl#.fionbio", SYS_ioctl, fd, FIONBIO, p);
  BAD("fcntl.setlk", fcntl(fd, F_SETLK, p));
  BAD("fcntl.getlk", fcntl(fd, F_GETLK, p));
  BAD("fcntl.ofd_setlk", fcntl(fd, F_OFD_SETLK, p));
  BAD("fcntl.getown_ex", fcntl(fd, F_GETOWN_EX, p));
  BADSYS("fcntl#.setlk", SYS_fcntl, fd, F_SETLK, p);
  BAD("poll.fds", poll(p, 1, 0));
  BAD("select.set", select(fd + 1, p, 0, 0, &at_once));
  BAD("epoll_ctl.event", epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, p));
  BADSYS("pipe2#.ends", SYS_pipe2, p, 0);
  BADSYS("getrandom.buf", SYS_getrandom, p, 64, 0); /* by number: newer C libraries fill it without the kernel */
  BADSYS("io_setup#.context", SYS_io_setup, 4, p);
  BADSYS("io_submit#.list", SYS_io_submit, context(), 1, p);
  BAD("io_submit#.request", ({
        struct iocb* list[] = {p};
        syscall(SYS_io_submit, context(), 1, list);
      }));
  BAD("io_submit#.second", ({
        struct iocb first = {
            .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = zero, .aio_buf = (unsigned long)room, .aio_nbytes = 8};
        struct iocb* list[] = {&first, p};
        syscall(SYS_io_submit, context(), 2, list) == 1 ? 0 : -1;
      }));
  BADSYS("io_uring_setup#.params", SYS_io_uring_setup, 4, p);
  int ring = ({
    struct io_uring_params made = {};
    syscall(SYS_io_uring_setup, 4, &made);
  });
  BADSYS("io_uring_register#.buffers", SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, p, 1);
  BADSYS("io_uring_register#.files", SYS_io_uring_register, ring, IORING_REGISTER_FILES, p, 1);
  BADSYS("io_uring_register#.update", SYS_io_uring_register, ring, IORING_REGISTER_FILES_UPDATE, p, 1);
  BADSYS("io_uring_register#.eventfd", SYS_io_uring_register, ring, IORING_REGISTER_EVENTFD, p, 1);
}
