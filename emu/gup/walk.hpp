// One get_user_pages call on its way through an address space.
#pragma once

#include "emu/gup/gup.hpp"

namespace daxemu::gup {

struct Gup::Walk {
  AddressSpaceView& view;
  std::uint64_t address = 0; // next page
  std::uint64_t end = 0;     // one past the last
  std::uint32_t flags = 0;   // with FOLL_GET, FOLL_PIN or neither
  mm::HoldStamp stamp;
  mm::PagePtr* pages = nullptr;  // next entry; nullptr: no array
  std::span<PageRange> ranges{}; // all of them; used only by pin_user_folios
  std::size_t nr_ranges = 0;
  std::uint64_t done = 0;        // pages
  bool migration_failed = false; // what the slow path has taken so far must go back

  [[nodiscard]] bool pin() const { return (flags & FOLL_PIN) != 0; }
  [[nodiscard]] bool takes() const { return (flags & (FOLL_PIN | FOLL_GET)) != 0; }
  [[nodiscard]] bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
  [[nodiscard]] std::uint64_t left() const { return (end - address) >> kPageShift; }
  // Can another run be handed out?
  [[nodiscard]] bool has_room() const { return ranges.empty() || nr_ranges < ranges.size(); }

  // The first consecutive frames of the entry, no more than are still wanted.
  [[nodiscard]] PageRun run_of(const Entry& entry, Pfn& first) const;
  // Hands `nr_pages` pages from frame `first` on to the caller and goes on behind them.
  void deliver(Pfn first, std::uint64_t nr_pages);
};

} // namespace daxemu::gup
