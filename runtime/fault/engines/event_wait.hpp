// Sleeps until a descriptor has something to read: on an io_uring with a multishot poll, or by poll(2) where io_uring
// is refused (seccomp profiles, kernel.io_uring_disabled).
#pragma once

#include <liburing.h>

namespace daxemu::fault {

class EventWait {
public:
  EventWait() = default;
  EventWait(const EventWait&) = delete;
  EventWait& operator=(const EventWait&) = delete;

  // Gets ready to wait for `fd`, which is non-blocking and read until it is empty before each wait. Here and not on the
  // waiting thread: the ring's memory is mapped before the program's call returns, never at a moment of its own.
  void open(int fd);
  // Also in a forked child, whose copy of the ring is the parent's.
  void close();

  // Returns when there may be something, or after `timeout_ms` (-1: never). False: the descriptor is gone.
  bool wait(int timeout_ms);

private:
  void arm();
  bool wait_ring(int timeout_ms);
  bool wait_poll(int timeout_ms) const;

  int fd_ = -1;
  bool has_ring_ = false; // a ring to close
  bool uses_ring_ = false;
  bool armed_ = false;
  struct io_uring ring_ = {};
};

} // namespace daxemu::fault
