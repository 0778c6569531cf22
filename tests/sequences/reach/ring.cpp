#include "tests/sequences/reach/ring.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sequences::reach {
namespace {

struct Piece {
  Piece(int ring, std::size_t size, off_t where)
      : at(static_cast<char*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, where))),
        length(size) {}
  ~Piece() { ::munmap(at, length); }
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  [[nodiscard]] std::atomic_ref<unsigned> word(unsigned offset) const {
    return std::atomic_ref<unsigned>(*reinterpret_cast<unsigned*>(at + offset));
  }

  char* at;
  std::size_t length;
};

} // namespace

int ring_request(bool reads, int fd, void* at, std::size_t length, off_t offset) {
  io_uring_params about = {};
  const int ring = static_cast<int>(::syscall(SYS_io_uring_setup, 2, &about));
  if (ring < 0) {
    return -errno;
  }
  int result = -EIO;
  {
    const Piece submitted(ring, about.sq_off.array + about.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
    const Piece completed(ring, about.cq_off.cqes + about.cq_entries * sizeof(io_uring_cqe), IORING_OFF_CQ_RING);
    const Piece entries(ring, about.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
    auto* entry = reinterpret_cast<io_uring_sqe*>(entries.at);
    *entry = {};
    entry->opcode = reads ? IORING_OP_READ : IORING_OP_WRITE;
    entry->fd = fd;
    entry->addr = reinterpret_cast<std::uint64_t>(at);
    entry->len = static_cast<unsigned>(length);
    entry->off = static_cast<std::uint64_t>(offset);
    submitted.word(about.sq_off.array).store(0);
    submitted.word(about.sq_off.tail).store(1, std::memory_order_release);
    const long entered = ::syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
    if (entered < 0) {
      result = -errno;
    } else if (completed.word(about.cq_off.tail).load(std::memory_order_acquire) == 1) {
      result = reinterpret_cast<io_uring_cqe*>(completed.at + about.cq_off.cqes)->res;
    }
  }
  ::close(ring);
  return result;
}

} // namespace sequences::reach
