#include "runtime/kernel/kernel_holds.hpp"

#include <cstring>
#include <string>

#include <fcntl.h>
#include <liburing.h>
#include <sys/uio.h>
#include <unistd.h>

namespace daxemu::kernel {
namespace {

constexpr std::size_t kPage = 4096; // enough of an extent: its folio is held as a whole
constexpr int kSlots = 1 << 14;     // IORING_MAX_REG_BUFFERS

tl::unexpected<Problem> refused(int code, const std::string& call, const char* remedy) {
  return refuse(code, "the kernel refuses: " + call + ": " + std::strerror(code), remedy);
}

} // namespace

class KernelHolds::Ring {
public:
  Ring() : error_(-::io_uring_queue_init(1, &ring_, 0)) {
    if (error_ == 0) {
      if (const int sparse = ::io_uring_register_buffers_sparse(&ring_, kSlots); sparse < 0) {
        error_ = -sparse;
        ::io_uring_queue_exit(&ring_);
      }
    }
  }
  ~Ring() {
    if (error_ == 0) {
      ::io_uring_queue_exit(&ring_);
    }
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  [[nodiscard]] int error() const { return error_; }
  // 0 or -errno.
  int put(int slot, void* address) {
    const iovec piece{address, address == nullptr ? 0 : kPage};
    const __u64 tag = 0;
    const int done = ::io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(slot), &piece, &tag, 1);
    return done == 1 ? 0 : done == 0 ? -EFAULT : done;
  }

private:
  ::io_uring ring_{};
  int error_;
};

KernelHolds::KernelHolds() = default;
KernelHolds::~KernelHolds() = default;

Outcome<void> KernelHolds::hold(std::uint64_t extent, void* address, Kind kind) {
  const std::lock_guard lock(mutex_);
  Hold& hold = holds_[extent];
  auto held = kind == Kind::longterm ? pin(hold, address) : reference(hold, address);
  if (!held && !hold.pipe_in && hold.slot < 0) {
    holds_.erase(extent);
  }
  return held;
}

Outcome<void> KernelHolds::reference(Hold& hold, void* address) {
  if (hold.pipe_in || hold.slot >= 0) {
    return {};
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return refused(errno, "pipe2", "raise the limit of open files");
  }
  UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const iovec piece{address, kPage};
  if (const ssize_t spliced = ::vmsplice(in.get(), &piece, 1, 0); spliced != static_cast<ssize_t>(kPage)) {
    return refused(spliced < 0 ? errno : EFAULT, "vmsplice of the device's memory",
                   "look whether it can be touched at all");
  }
  hold.pipe_in = std::move(in);
  hold.pipe_out = std::move(out);
  return {};
}

Outcome<void> KernelHolds::pin(Hold& hold, void* address) {
  if (hold.slot >= 0) {
    return {};
  }
  if (!ring_) {
    auto ring = std::make_unique<Ring>();
    if (ring->error() != 0) {
      return refused(ring->error(), "io_uring with a table of buffers", "allow io_uring, on Linux 5.19 or newer");
    }
    ring_ = std::move(ring);
    for (int slot = kSlots - 1; slot >= 0; --slot) {
      free_slots_.push_back(slot);
    }
  }
  if (free_slots_.empty()) {
    return refused(ENOMEM, "io_uring's table of buffers is full", "pin fewer extents at a time");
  }
  if (const int put = ring_->put(free_slots_.back(), address); put != 0) {
    return refused(-put, "io_uring_register_buffers of the device's memory",
                   put == -EOPNOTSUPP
                       ? "Linux registers device-dax from 6.4 on; take a short pin (without FOLL_LONGTERM)"
                       : "look whether it can be touched, and at RLIMIT_MEMLOCK");
  }
  hold.slot = free_slots_.back();
  free_slots_.pop_back();
  return {};
}

void KernelHolds::release(std::uint64_t extent) {
  const std::lock_guard lock(mutex_);
  const auto found = holds_.find(extent);
  if (found == holds_.end()) {
    return;
  }
  if (found->second.slot >= 0) {
    (void)ring_->put(found->second.slot, nullptr);
    free_slots_.push_back(found->second.slot);
  }
  holds_.erase(found);
}

} // namespace daxemu::kernel
