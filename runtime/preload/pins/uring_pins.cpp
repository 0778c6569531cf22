#include "runtime/preload/pins/uring_pins.hpp"
#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/fd_table.hpp"

#include <atomic>
#include <map>
#include <memory>

#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "runtime/fault/process/table_lock.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/memory/pretouch.hpp"
#include "runtime/preload/pins/held_range.hpp"

namespace daxemu::preload {
namespace {

using Buffers = std::map<unsigned, HeldRange>; // by number in the ring's table

// Several descriptors can be of one ring.
struct RingPins {
  std::map<int, std::shared_ptr<Buffers>> by_fd;
};
DAXEMU_OFTEN constinit std::atomic<bool> any_ring{false};
// Signals are blocked under it: close(2) may be called in a handler.
constinit fault::TableLock ring_lock;

RingPins& ring_pins() {
  static auto* const made = new RingPins; // never destroyed: threads may still run while the process exits
  return *made;
}

std::shared_ptr<Buffers> buffers_of(int fd) {
  std::shared_ptr<Buffers>& buffers = ring_pins().by_fd[fd];
  if (!buffers) {
    buffers = std::make_shared<Buffers>();
    FdTable::watch_closes();
    any_ring.store(true, std::memory_order_release);
  }
  return buffers;
}

// What a registering call names: `count` iovecs from entry `first` of the table on; without iovecs, empty entries.
struct Request {
  const iovec* pieces = nullptr;
  unsigned count = 0;
  unsigned first = 0;
  bool update = false;
};

// False: not one that registers buffers, or one that the kernel will refuse.
bool read_request(unsigned opcode, const void* argument, unsigned count, Request& request) {
  if (opcode == IORING_REGISTER_BUFFERS) {
    request = {static_cast<const iovec*>(argument), count, 0, false};
    return true;
  }
  if (opcode == IORING_REGISTER_BUFFERS2) {
    io_uring_rsrc_register words{};
    if (count != sizeof(words) || !copy_in(&words, argument, sizeof(words))) {
      return false;
    }
    request = {reinterpret_cast<const iovec*>(words.data), words.nr, 0, false};
    return true;
  }
  if (opcode == IORING_REGISTER_BUFFERS_UPDATE) {
    io_uring_rsrc_update2 words{};
    if (count != sizeof(words) || !copy_in(&words, argument, sizeof(words))) {
      return false;
    }
    request = {reinterpret_cast<const iovec*>(words.data), words.nr, words.offset, true};
    return true;
  }
  return false;
}

// Takes what the iovecs name; the number of entries before the first that is refused, and why.
struct Taken {
  Buffers buffers;
  unsigned count = 0;
  int error = 0;
};
Taken take_all(const Request& request, std::uint64_t site) {
  Taken taken;
  for (; taken.count < request.count; ++taken.count) {
    iovec piece{};
    if (request.pieces != nullptr && !copy_in(&piece, request.pieces + taken.count, sizeof(piece))) {
      taken.error = EFAULT;
      return taken;
    }
    auto held = HeldRange::take(piece, kFixedBuffer, true, site);
    if (!held) {
      taken.error = held.error().value;
      return taken;
    }
    if (!held->empty()) {
      taken.buffers.emplace(request.first + taken.count, std::move(*held));
    }
  }
  return taken;
}

// The whole table at once: the kernel's own checks come first, so its call does.
long register_table(int fd, const Request& request, std::uint64_t site, RealRegister real) {
  pretouch(request.pieces, static_cast<int>(request.count), PROT_WRITE);
  const long done = real();
  if (done < 0) {
    return done;
  }
  Taken taken = take_all(request, site);
  if (taken.error != 0) {
    (void)sys::call(SYS_io_uring_register, fd, IORING_UNREGISTER_BUFFERS);
    return -taken.error;
  }
  if (!taken.buffers.empty()) {
    const fault::TableGuard guard(ring_lock);
    *buffers_of(fd) = std::move(taken.buffers);
  }
  return done;
}

// Entry by entry: what was there stays until its successor is held (__io_sqe_buffers_update), and a refusal in the
// middle is a partial success.
long update_table(int fd, const Request& request, std::uint64_t site, RealRegister real) {
  Taken taken = take_all(request, site);
  if (taken.error != 0) {
    return -taken.error;
  }
  const long done = real();
  if (done <= 0) {
    return done;
  }
  const fault::TableGuard guard(ring_lock);
  if (taken.buffers.empty() && ring_pins().by_fd.count(fd) == 0) {
    return done;
  }
  const auto buffers = buffers_of(fd);
  for (unsigned at = 0; at < static_cast<unsigned>(done); ++at) {
    buffers->erase(request.first + at);
    if (auto next = taken.buffers.extract(request.first + at); !next.empty()) {
      buffers->insert(std::move(next));
    }
  }
  return done;
}

} // namespace

DAXEMU_START_PATH bool rings_known() {
  return any_ring.load(std::memory_order_acquire);
}

long register_buffers(int fd, const iovec* pieces, unsigned count, std::uint64_t site, RealRegister real) {
  return live_space.get() == nullptr ? real() : register_table(fd, {pieces, count, 0, false}, site, real);
}

long update_buffers(int fd, unsigned first, const iovec* pieces, unsigned count, std::uint64_t site,
                    RealRegister real) {
  return live_space.get() == nullptr ? real() : update_table(fd, {pieces, count, first, true}, site, real);
}

long register_call(int fd, unsigned opcode, const void* argument, unsigned count, std::uint64_t site,
                   RealRegister real) {
  if (opcode == IORING_UNREGISTER_BUFFERS) {
    const long done = real();
    if (done >= 0 && rings_known()) {
      const fault::TableGuard guard(ring_lock);
      if (const auto found = ring_pins().by_fd.find(fd); found != ring_pins().by_fd.end()) {
        found->second->clear();
      }
    }
    return done;
  }
  Request request;
  if (live_space.get() != nullptr && read_request(opcode, argument, count, request)) {
    return request.update ? update_table(fd, request, site, real) : register_table(fd, request, site, real);
  }
  return real();
}

DAXEMU_START_PATH void ring_duplicated(int fd, int copy) {
  if (!rings_known() || copy < 0 || fd == copy) {
    return;
  }
  const fault::TableGuard guard(ring_lock);
  if (const auto found = ring_pins().by_fd.find(fd); found != ring_pins().by_fd.end()) {
    ring_pins().by_fd[copy] = found->second;
  }
}

void ring_closed(int fd) {
  if (rings_known()) {
    const fault::TableGuard guard(ring_lock);
    ring_pins().by_fd.erase(fd);
  }
}

void rings_closed(unsigned first, unsigned last) {
  if (!rings_known()) {
    return;
  }
  const fault::TableGuard guard(ring_lock);
  auto& by_fd = ring_pins().by_fd;
  for (auto at = by_fd.begin(); at != by_fd.end();) {
    const auto number = static_cast<unsigned>(at->first);
    at = number >= first && number <= last ? by_fd.erase(at) : std::next(at);
  }
}

void rings_before_fork() {
  ring_lock.lock();
}

void rings_after_fork(bool in_child) {
  if (in_child && rings_known()) {
    for (auto& [fd, buffers] : ring_pins().by_fd) {
      for (auto& [number, held] : *buffers) {
        held.abandon();
      }
    }
    ring_pins().by_fd.clear();
  }
  in_child ? ring_lock.reset() : ring_lock.unlock();
}

} // namespace daxemu::preload
