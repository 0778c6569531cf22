// What was recovered after processes that died: noted in the store by whoever found it (in a stranger's process nothing
// may be printed), told by the next daxemu command.
#pragma once

#include <vector>

#include "emu/store/store.hpp"

namespace daxemu::store {

struct RecoveryEntry {
  std::uint64_t at_ns = 0; // CLOCK_REALTIME
  int dead = 0;            // pid of the process that died; 0: not known
  int by = 0;              // pid of the one that recovered what it left
  Recovery what = Recovery::change;
  std::uint64_t count = 0; // Recovery::pins: folios released
};

// Lock-free, no allocation. When the log is full the oldest entry goes.
void note_recovery(const Store& store, Recovery what, int dead, std::uint64_t count = 0);

// The entries nobody was told of yet, oldest first; from now on they count as told.
[[nodiscard]] std::vector<RecoveryEntry> untold_recoveries(const Store& store);

} // namespace daxemu::store
