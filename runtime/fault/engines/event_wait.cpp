#include "runtime/fault/engines/event_wait.hpp"

#include <poll.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "runtime/fault/process/private_fds.hpp"

// io_uring_queue_exit() and io_uring_submit() of our own copy of the library: the names themselves are interposed for
// programs.
extern "C" void daxemu_own_queue_exit(io_uring* ring);
extern "C" int daxemu_own_submit(io_uring* ring);

namespace daxemu::fault {
namespace {

constexpr unsigned kEntries = 4;
constexpr long kNsPerMs = 1'000'000;
constexpr int kMsPerS = 1000;

} // namespace

void EventWait::open(int fd) {
  fd_ = fd;
  armed_ = false;
  if (io_uring_queue_init(kEntries, &ring_, 0) != 0) {
    return;
  }
  auto kept = PrivateFds::adopt(UniqueFd(ring_.ring_fd));
  if (!kept) { // the descriptor is closed; the ring's memory goes with the queue's exit
    ring_.ring_fd = ring_.enter_ring_fd = -1;
    return;
  }
  ring_.ring_fd = ring_.enter_ring_fd = kept->release();
  has_ring_ = uses_ring_ = true;
}

void EventWait::close() {
  if (has_ring_) {
    PrivateFds::forget(ring_.ring_fd);
    daxemu_own_queue_exit(&ring_);
    has_ring_ = uses_ring_ = false;
  }
}

bool EventWait::wait(int timeout_ms) {
  return uses_ring_ ? wait_ring(timeout_ms) : wait_poll(timeout_ms);
}

void EventWait::arm() {
  if (io_uring_sqe* sqe = io_uring_get_sqe(&ring_); sqe != nullptr) {
    io_uring_prep_poll_multishot(sqe, fd_, POLLIN);
    armed_ = daxemu_own_submit(&ring_) == 1;
  }
}

bool EventWait::wait_ring(int timeout_ms) {
  if (!armed_) {
    arm(); // reports at once if something is there already
    if (!armed_) {
      uses_ring_ = false;
      return wait_poll(timeout_ms);
    }
  }
  io_uring_cqe* cqe = nullptr;
  int waited = 0;
  if (timeout_ms < 0) {
    waited = io_uring_wait_cqe(&ring_, &cqe);
  } else {
    __kernel_timespec limit = {timeout_ms / kMsPerS, timeout_ms % kMsPerS * kNsPerMs};
    waited = io_uring_wait_cqe_timeout(&ring_, &cqe, &limit);
  }
  if (waited == -EBADF || waited == -ENXIO || waited == -EOPNOTSUPP) { // the ring was closed under us
    uses_ring_ = false;
    return wait_poll(timeout_ms);
  }
  while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
    const int result = cqe->res;
    armed_ = armed_ && (cqe->flags & IORING_CQE_F_MORE) != 0;
    io_uring_cqe_seen(&ring_, cqe);
    if (result < 0 && result != -ECANCELED) { // polling this descriptor is refused
      uses_ring_ = false;
      return wait_poll(timeout_ms);
    }
  }
  return true;
}

bool EventWait::wait_poll(int timeout_ms) const {
  pollfd one = {fd_, POLLIN, 0};
  (void)sys::call(SYS_poll, reinterpret_cast<long>(&one), 1, timeout_ms);
  return (one.revents & POLLNVAL) == 0;
}

} // namespace daxemu::fault
