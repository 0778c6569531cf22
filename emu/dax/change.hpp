// Changing the configuration, and reading it while somebody else may.
#pragma once

#include <utility>

#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::dax {

// Held while regions, devices, ranges or states change: the configuration lock, an odd Platform::sequence for readers,
// and at its end a new Platform::generation, which
// every process that has devices mapped follows before the change returns (mappings of an unbound device are gone).
// Each single change is committed by one store, so that a holder that dies leaves at worst what the next one repairs.
class Change {
public:
  // Blocks until nobody else changes anything. Errors: those of ConfigLock::take.
  [[nodiscard]] static Result<Change> begin(const store::Store& store);
  Change(Change&& other) noexcept : store_(std::exchange(other.store_, nullptr)), lock_(std::move(other.lock_)) {}
  Change& operator=(Change&&) = delete;
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  ~Change();

private:
  Change(const store::Store& store, store::ConfigLock lock) : store_(&store), lock_(std::move(lock)) {}
  const store::Store* store_;
  store::ConfigLock lock_;
};

// Has a changer died in the middle? Then what it left is repaired, now. False: none has, or it could not be done.
bool repair_if_abandoned(const store::Store& store);

// Calls `read` until it ran without a change under way, so that it saw the ranges of a device as they belong together.
// Gives up waiting after a while, repairs after a holder that died in the middle, and takes what is there.
template <class Read>
auto consistently(const store::Store& store, Read&& read) {
  constexpr int kAttempts = 1000;
  const std::atomic<std::uint64_t>& sequence = store.platform().sequence;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t before = sequence.load(std::memory_order_acquire);
    if ((before & 1U) == 0) {
      auto result = read();
      std::atomic_thread_fence(std::memory_order_acquire);
      if (sequence.load(std::memory_order_relaxed) == before) {
        return result;
      }
    }
    (void)sys::call(SYS_sched_yield);
  }
  (void)repair_if_abandoned(store);
  return read();
}

} // namespace daxemu::dax
