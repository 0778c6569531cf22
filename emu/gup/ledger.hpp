// Who holds which pages, over all processes of the platform: what `daxemu pins` lists. The entries themselves lie
// beside each device's folios (emu/mm/holder_table.hpp).
#pragma once

#include <functional>
#include <vector>

#include "emu/mm/mem_map.hpp"

namespace daxemu::gup {

struct LedgerEntry {
  std::shared_ptr<mm::DevicePages> device;
  mm::Hold hold;
};

// All references and pins now. Errors: lseek(2)'s and mmap(2)'s on a folio file.
[[nodiscard]] Result<std::vector<LedgerEntry>> ledger(const mm::MemMap& map);

// Releases what dead processes held; `released` hears of each folio. Returns how many. Errors: as above.
Result<std::uint64_t> reap_dead(const mm::MemMap& map, const std::function<void(const LedgerEntry&)>& released);

// In a forked child: it holds nothing of what its parent holds.
void forget_holds(const mm::MemMap& map);

} // namespace daxemu::gup
