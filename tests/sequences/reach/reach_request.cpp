// Requests that the kernel performs on memory of the program: in pieces, by libaio and io_uring, through sockets, and
// by pointers that any call takes.
#include "tests/sequences/reach/reach.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/reach/ring.hpp"

namespace sequences::reach {
namespace {

using conformance::last_error;

off_t next_stretch(Stage& stage) {
  return static_cast<off_t>(kPage * (stage.written++ % 8));
}

// What came into the sink.
std::string put_text(const Stage& stage, long put) {
  if (put <= 0) {
    return moved(put);
  }
  std::vector<char> bytes(static_cast<std::size_t>(put));
  (void)!::pread(stage.sink, bytes.data(), bytes.size(), 0);
  return moved(put) + " sum=" + sum_of(bytes.data(), bytes.size());
}

std::string in_pieces(Stage& stage, const Call& call) {
  iovec pieces[2];
  std::uint64_t total = 0;
  for (std::size_t at = 0; at < 2; ++at) {
    pieces[at] = {stage.at(call.word(2 * at)), stage.units.bytes(call.word(2 * at + 1))};
    total += pieces[at].iov_len;
  }
  if (call.name == "readv") {
    return moved(::preadv(stage.source, pieces, 2, next_stretch(stage)));
  }
  if (call.name == "writev") {
    return put_text(stage, ::pwritev(stage.sink, pieces, 2, 0));
  }
  std::vector<char> bytes(total + 1, static_cast<char>(1 + stage.written++ % 250));
  const iovec here = {bytes.data(), total};
  if (call.name == "vm-writev") {
    return moved(::process_vm_writev(::getpid(), &here, 1, pieces, 2, 0));
  }
  const ssize_t got = ::process_vm_readv(::getpid(), &here, 1, pieces, 2, 0);
  return got > 0 ? moved(got) + " sum=" + sum_of(bytes.data(), static_cast<std::size_t>(got)) : moved(got);
}

std::string by_aio(Stage& stage, const Call& call) {
  const bool reads = call.name == "aio-read";
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 2, &context) != 0) {
    return "setup " + last_error();
  }
  iocb request = {};
  request.aio_lio_opcode = reads ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE;
  request.aio_fildes = static_cast<std::uint32_t>(reads ? stage.source : stage.sink);
  request.aio_buf = reinterpret_cast<std::uint64_t>(stage.at(call.word(0)));
  request.aio_nbytes = stage.units.bytes(call.word(1));
  request.aio_offset = reads ? next_stretch(stage) : 0;
  iocb* list[] = {&request};
  std::string text;
  if (::syscall(SYS_io_submit, context, 1, list) != 1) {
    text = "submit " + last_error();
  } else {
    io_event event = {};
    ::syscall(SYS_io_getevents, context, 1, 1, &event, nullptr);
    errno = static_cast<int>(event.res < 0 ? -event.res : 0);
    const long result = event.res < 0 ? -1 : static_cast<long>(event.res);
    text = reads ? moved(result) : put_text(stage, result);
  }
  ::syscall(SYS_io_destroy, context);
  return text;
}

std::string by_ring(Stage& stage, const Call& call) {
  const bool reads = call.name == "uring-read";
  const int result = ring_request(reads, reads ? stage.source : stage.sink, stage.at(call.word(0)),
                                  stage.units.bytes(call.word(1)), reads ? next_stretch(stage) : 0);
  errno = result < 0 ? -result : 0;
  return reads ? moved(result < 0 ? -1 : result) : put_text(stage, result < 0 ? -1 : result);
}

std::string by_socket(Stage& stage, const Call& call) {
  char* at = stage.at(call.word(0));
  const std::uint64_t length = stage.units.bytes(call.word(1));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return last_error();
  }
  std::vector<char> bytes(length + 1, static_cast<char>(1 + stage.written % 250));
  std::string text;
  if (call.name == "socket-send") {
    const ssize_t sent = ::send(ends[0], at, length, MSG_DONTWAIT);
    text = moved(sent);
    const ssize_t got = ::recv(ends[1], bytes.data(), bytes.size(), MSG_DONTWAIT);
    text += got > 0 ? " sum=" + sum_of(bytes.data(), static_cast<std::size_t>(got)) : "";
  } else {
    ++stage.written;
    (void)!::send(ends[0], bytes.data(), length, MSG_DONTWAIT);
    text = moved(::recv(ends[1], at, length, MSG_DONTWAIT));
  }
  ::close(ends[0]);
  ::close(ends[1]);
  return text;
}

long futex(void* at, int operation, unsigned value, const timespec* time, void* other, unsigned more) {
  return ::syscall(SYS_futex, at, operation, value, time, other, more);
}

// A lock of priority inheritance holds its owner's thread: it is taken and given back at once.
long lock_pi(char* at) {
  const timespec past = {0, 1};
  const long result = futex(at, FUTEX_LOCK_PI, 0, &past, nullptr, 0);
  return result != 0 ? result : futex(at, FUTEX_UNLOCK_PI, 0, nullptr, nullptr, 0);
}

// By the numbers of calls where the C library would look at the memory itself.
constexpr struct {
  const char* name;
  long (*ask)(Stage& stage, char* at);
} kPointers[] = {
    {"timer", [](Stage&, char* at) { return ::syscall(SYS_getitimer, ITIMER_REAL, at); }},
    {"mask", [](Stage&, char* at) { return ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, at, 8); }},
    {"new-mask", [](Stage&, char* at) { return ::syscall(SYS_rt_sigpending, at, 8); }},
    {"poll", [](Stage&, char* at) { return ::syscall(SYS_poll, at, 2, 0); }},
    {"select",
     [](Stage&, char* at) {
       const timeval none = {};
       timeval time = none;
       return ::syscall(SYS_select, 8, nullptr, nullptr, at, &time) < 0 && errno == EBADF ? 77L
              : errno == EFAULT                                                           ? -1L
                                                                                          : 0L;
     }},
    {"path", [](Stage&, char* at) { return ::syscall(SYS_access, at, F_OK); }},
    {"sleep",
     [](Stage&, char* at) {
       const timespec none = {};
       timespec time = none;
       // What is there may be any time: only that it is read is asked.
       const long result = ::syscall(SYS_clock_nanosleep, 99, 0, at, &time);
       return result;
     }},
    {"vector", [](Stage& stage,
                  char* at) { return ::syscall(SYS_readv, stage.source, at, 1) < 0 && errno == EFAULT ? -1L : 0L; }},
    {"limit", [](Stage&, char* at) { return ::syscall(SYS_prlimit64, 0, RLIMIT_CPU, nullptr, at); }},
    {"pipe",
     [](Stage&, char* at) {
       const long result = ::syscall(SYS_pipe2, at, O_CLOEXEC);
       if (result == 0) {
         int ends[2];
         std::memcpy(ends, at, sizeof ends);
         std::memset(at, 0, sizeof ends);
         ::close(ends[0]);
         ::close(ends[1]);
       }
       return result;
     }},
    {"stat",
     [](Stage&, char* at) {
       const long result = ::syscall(SYS_fstat, -1, at);
       return result;
     }},
    {"wait",
     [](Stage&, char* at) {
       const timespec past = {};
       return futex(at, FUTEX_WAIT_PRIVATE, 0x7777, &past, nullptr, 0);
     }},
    {"wait-shared",
     [](Stage&, char* at) {
       const timespec past = {};
       return futex(at, FUTEX_WAIT, 0x7777, &past, nullptr, 0);
     }},
    {"wake-op",
     [](Stage&, char* at) {
       return ::syscall(SYS_futex, at, FUTEX_WAKE_OP, 1, 1L, at, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0));
     }},
    {"lock-pi", [](Stage&, char* at) { return lock_pi(at); }},
    {"requeue", [](Stage&, char* at) { return ::syscall(SYS_futex, at, FUTEX_REQUEUE, 1, 1L, at + 4, 0); }},
    {"residence", [](Stage&, char* at) { return ::syscall(SYS_mincore, kArena - kPage, kPage, at); }},
};

std::string by_pointer(Stage& stage, const Call& call) {
  for (const auto& one : kPointers) {
    if (call.word(1) == one.name) {
      errno = 0;
      return conformance::said(one.ask(stage, stage.at(call.word(0))));
    }
  }
  return "no such pointer";
}

} // namespace

std::optional<std::string> play_request(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"readv", in_pieces},          {"writev", in_pieces},    {"vm-readv", in_pieces},
               {"vm-writev", in_pieces},      {"aio-read", by_aio},     {"aio-write", by_aio},
               {"uring-read", by_ring},       {"uring-write", by_ring}, {"socket-send", by_socket},
               {"socket-receive", by_socket}, {"pointer", by_pointer}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return std::nullopt;
}

} // namespace sequences::reach
