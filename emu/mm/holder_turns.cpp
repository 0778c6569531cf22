#include "emu/mm/holder_turns.hpp"

#include <sys/syscall.h>
#include <time.h>

#include "emu/base/kernel/sys.hpp"

namespace daxemu::mm {

// A turn lasts less than a microsecond, unless its thread was sent away in the middle: then it must be let run again,
// by a waiting thread of a higher priority, too. One that left by siglongjmp() (SIGBUS: no memory for the record) never
// comes back, and is not waited for for ever.
void HolderTurns::wait(std::atomic<Owner>& place, Owner me) {
  constexpr int kYields = 200;
  constexpr int kPatience = 800;
  static constexpr timespec kPause{0, 1'000'000};
  for (int attempt = 0; attempt < kPatience; ++attempt) {
    Owner owner = 0;
    if (place.load(std::memory_order_relaxed) == 0 &&
        place.compare_exchange_strong(owner, me, std::memory_order_acquire, std::memory_order_relaxed)) {
      return;
    }
    if (attempt < kYields) {
      (void)sys::call(SYS_sched_yield);
    } else {
      (void)sys::call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, reinterpret_cast<long>(&kPause));
    }
  }
  place.store(me, std::memory_order_relaxed);
}

} // namespace daxemu::mm
