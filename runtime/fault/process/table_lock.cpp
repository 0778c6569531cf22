#include "runtime/fault/process/table_lock.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/program/at_start.hpp"

namespace daxemu::fault {

DAXEMU_START_PATH bool TableLock::try_lock() noexcept {
  std::uint32_t expected = kFree;
  if (!word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) {
    return false;
  }
  owner_.store(sys::gettid(), std::memory_order_relaxed);
  return true;
}

DAXEMU_START_PATH void TableLock::lock() noexcept {
  if (try_lock()) {
    return;
  }
  while (word_.exchange(kContended, std::memory_order_acquire) != kFree) {
    (void)sys::call(SYS_futex, reinterpret_cast<long>(&word_), FUTEX_WAIT_PRIVATE, kContended);
  }
  owner_.store(sys::gettid(), std::memory_order_relaxed);
}

DAXEMU_START_PATH void TableLock::unlock() noexcept {
  owner_.store(0, std::memory_order_relaxed);
  if (word_.exchange(kFree, std::memory_order_release) == kContended) {
    (void)sys::call(SYS_futex, reinterpret_cast<long>(&word_), FUTEX_WAKE_PRIVATE, 1);
  }
}

DAXEMU_START_PATH bool TableLock::held_by_me() const noexcept {
  const int owner = owner_.load(std::memory_order_relaxed);
  return owner != 0 && owner == sys::gettid();
}

void TableLock::reset() noexcept {
  owner_.store(0, std::memory_order_relaxed);
  word_.store(kFree, std::memory_order_release);
}

} // namespace daxemu::fault
