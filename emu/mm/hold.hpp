// One process's hold on one folio, taken and dropped in the order that lets a reaper settle what a killed holder left
// half done (holder_table.hpp). Allocates nothing, takes no lock.
#pragma once

#include "emu/mm/device_pages.hpp"

namespace daxemu::mm {

// Pages of one folio that are held, each once: as references or as pins.
struct FolioHold {
  std::uint32_t pages = 0;
  bool pin = false;
  [[nodiscard]] std::uint64_t word() const { return pin ? hold_word(0, pages) : hold_word(pages, 0); }
  [[nodiscard]] FolioCounts counts(unsigned order) const {
    return pin ? counts_for(order, 0, pages) : counts_for(order, pages, 0);
  }
};

// Errors: ENOMEM (a count is full; nothing is changed).
inline Result<void> take_hold(FolioRecord& folio, HolderRecord& holder, unsigned order, FolioHold hold,
                              const HoldStamp& stamp) {
  claim(holder, hold.word(), stamp);
  if (auto added = add_counts(folio, hold.counts(order)); !added) {
    if (stamp.by != HoldBy::call) {
      add_by(holder, stamp.by, 0U - hold.pages);
    }
    end_drop(holder, hold.word());
    return tl::unexpected(added.error());
  }
  confirm(holder, hold.word());
  return {};
}

// True: the folio became idle. Errors: ERANGE (this process does not hold that many; nothing is changed).
inline Result<bool> drop_hold(FolioRecord& folio, HolderRecord& holder, unsigned order, FolioHold hold, HoldBy by) {
  if (auto begun = begin_drop(holder, hold.word()); !begun) {
    return tl::unexpected(begun.error());
  }
  const auto dropped = drop_counts(folio, hold.counts(order));
  if (by != HoldBy::call) {
    add_by(holder, by, 0U - hold.pages);
  }
  end_drop(holder, hold.word());
  return dropped;
}

} // namespace daxemu::mm
