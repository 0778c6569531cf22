#include "emu/gup/ledger.hpp"

#include "emu/mm/folio.hpp"
#include "emu/pgmap/pgmap.hpp"

namespace daxemu::gup {

Result<std::vector<LedgerEntry>> ledger(const mm::MemMap& map) {
  std::vector<LedgerEntry> entries;
  for (const auto& device : map.devices()) {
    if (device->holders() == nullptr) {
      continue;
    }
    const auto holds = device->holders()->list(device->folios());
    if (!holds) {
      return tl::unexpected(holds.error());
    }
    for (const mm::Hold& hold : *holds) {
      entries.push_back({device, hold});
    }
  }
  return entries;
}

Result<std::uint64_t> reap_dead(const mm::MemMap& map, const std::function<void(const LedgerEntry&)>& released) {
  std::uint64_t count = 0;
  for (const auto& device : map.devices()) {
    if (device->holders() == nullptr) {
      continue;
    }
    const auto reaped =
        device->holders()->reap(device->folios(), device->order(), [&](const mm::Hold& hold, bool became_idle) {
          if (became_idle && device->pgmap != nullptr) {
            device->pgmap->became_idle(*mm::folio_of(*device, hold.first));
          }
          if (released) {
            released({device, hold});
          }
        });
    if (!reaped) {
      return tl::unexpected(reaped.error());
    }
    count += *reaped;
  }
  return count;
}

void forget_holds(const mm::MemMap& map) {
  for (const auto& device : map.devices()) {
    if (device->holders() != nullptr) {
      device->holders()->forget();
    }
  }
}

} // namespace daxemu::gup
