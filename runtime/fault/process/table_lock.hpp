// The lock of this process's mapping table. Taken with all signals blocked, and held only over system calls that pass
// no pointer and so cannot fault: whoever waits for it never waits for a page fault. A futex, because a pthread mutex
// is neither async-signal-safe nor ours to reset in a forked child.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/fault/process/signals_blocked.hpp"

namespace daxemu::fault {

class TableLock {
public:
  void lock() noexcept;
  [[nodiscard]] bool try_lock() noexcept;
  void unlock() noexcept;
  // Does the calling thread hold it? (a fork handler of the program may call mmap while ours hold it)
  [[nodiscard]] bool held_by_me() const noexcept;
  // In a forked child: whoever held it is not here.
  void reset() noexcept;

private:
  enum : std::uint32_t { kFree, kHeld, kContended };
  std::atomic<std::uint32_t> word_{kFree};
  std::atomic<int> owner_{0};
};

// Signals blocked, lock held; neither if this thread holds it already.
class TableGuard {
public:
  explicit TableGuard(TableLock& lock) noexcept : lock_(lock.held_by_me() ? nullptr : &lock) {
    if (lock_ != nullptr) {
      lock_->lock();
    }
  }
  ~TableGuard() {
    if (lock_ != nullptr) {
      lock_->unlock();
    }
  }
  TableGuard(const TableGuard&) = delete;
  TableGuard& operator=(const TableGuard&) = delete;

private:
  SignalsBlocked quiet_; // first in, last out
  TableLock* lock_;
};

} // namespace daxemu::fault
