// Sleeps until a descriptor has something to read: on an io_uring with a multishot poll, or by poll(2) where io_uring
// is refused (seccomp profiles, kernel.io_uring_disabled).
#pragma once

#include <atomic>

#include <liburing.h>

namespace daxemu::fault {

class EventWait {
public:
  // `fd` is non-blocking and read until it is empty before each wait. The ring's number goes to `ring_fd` (-1: none),
  // so that a forked child can close it.
  EventWait(int fd, std::atomic<int>& ring_fd);
  ~EventWait();
  EventWait(const EventWait&) = delete;
  EventWait& operator=(const EventWait&) = delete;

  // Returns when there may be something, or after `timeout_ms` (-1: never). False: the descriptor is gone.
  bool wait(int timeout_ms);

private:
  void arm();
  bool wait_ring(int timeout_ms);
  bool wait_poll(int timeout_ms) const;

  int fd_;
  bool has_ring_ = false;
  bool armed_ = false;
  struct io_uring ring_ = {};
};

} // namespace daxemu::fault
