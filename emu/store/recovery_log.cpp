#include "emu/store/recovery_log.hpp"

#include <algorithm>

#include "emu/base/clock.hpp"
#include "emu/base/kernel/sys.hpp"

namespace daxemu::store {

void note_recovery(const Store& store, Recovery what, int dead, std::uint64_t count) {
  Platform& platform = store.platform();
  const std::uint64_t number = platform.recoveries.fetch_add(1) + 1;
  RecoveryRecord& record = platform.recovery_log[number % kRecoveryRecords];
  record.number.store(0, std::memory_order_release);
  record.at_ns = clock_ns(CLOCK_REALTIME);
  record.dead = dead;
  record.by = sys::getpid();
  record.what = what;
  record.count = count;
  record.number.store(number, std::memory_order_release);
}

std::vector<RecoveryEntry> untold_recoveries(const Store& store) {
  Platform& platform = store.platform();
  const std::uint64_t last = platform.recoveries.load();
  std::uint64_t next = platform.recoveries_told.load();
  std::vector<RecoveryEntry> entries;
  while (next < last && !platform.recoveries_told.compare_exchange_weak(next, last)) {
  }
  next = std::max(next, last - std::min<std::uint64_t>(last, kRecoveryRecords));
  for (; next < last; ++next) {
    const RecoveryRecord& record = platform.recovery_log[(next + 1) % kRecoveryRecords];
    const RecoveryEntry entry{record.at_ns, record.dead, record.by, record.what, record.count};
    if (record.number.load(std::memory_order_acquire) == next + 1) { // whole, and not overwritten meanwhile
      entries.push_back(entry);
    }
  }
  return entries;
}

} // namespace daxemu::store
