#include "emu/mm/holder_settle.hpp"

#include <algorithm>

#include <sched.h>

#include "emu/mm/device_pages.hpp"

namespace daxemu::mm {
namespace {

struct Held {
  std::uint32_t gets = 0;
  std::uint32_t pins = 0;
};
Held held_of(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
}

// What of `counts` is left when `taken` is, as gets and pins.
Held difference(unsigned order, FolioCounts counts, FolioCounts taken) {
  const std::uint32_t refs = counts.refs > taken.refs ? counts.refs - taken.refs : 0;
  if (order == 0) {
    return {refs % kPinBias, refs / kPinBias};
  }
  const std::uint32_t pins = counts.pins > taken.pins ? counts.pins - taken.pins : 0;
  return {refs > pins ? refs - pins : 0, pins};
}

// Everybody else's holds; false while a living holder is changing his.
bool sum_of_others(unsigned order, const VisitOthers& visit_others, FolioCounts& sum) {
  bool still = true;
  visit_others([&](const OtherHolder& other) {
    const std::uint64_t claimed = other.record->claimed.load();
    const std::uint64_t applied = other.record->applied.load();
    still = still && (other.dead || claimed == applied);
    const Held held = held_of(applied);
    const FolioCounts counts = counts_for(order, held.gets, held.pins);
    sum.refs += counts.refs;
    sum.pins += counts.pins;
  });
  return still;
}

} // namespace

std::uint64_t wait_unfrozen(FolioRecord& record) {
  constexpr int kPatience = 1'000'000; // a reaper needs microseconds
  std::uint64_t word = record.counts.load();
  for (int turn = 0; (word & kCountsFrozen) != 0 && turn < kPatience; ++turn) {
    ::sched_yield();
    word = record.counts.load();
  }
  if ((word & kCountsFrozen) != 0) {
    word = record.counts.fetch_and(~kCountsFrozen) & ~kCountsFrozen;
  }
  return word;
}

std::uint64_t settle_hold(FolioRecord& folio, const HolderRecord& dead, unsigned order,
                          const VisitOthers& visit_others) {
  const std::uint64_t sure = dead.applied.load();
  const std::uint64_t most = dead.claimed.load();
  if (sure == most) {
    return sure;
  }
  const Held least = held_of(sure);
  const Held doubt = held_of(most - sure);
  const FolioCounts mine = counts_for(order, least.gets, least.pins);
  constexpr int kTries = 20'000;
  constexpr int kLooks = 100; // while frozen: who has passed the counts already needs no more than a few steps
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const std::uint64_t word = folio.counts.fetch_or(kCountsFrozen);
    for (int look = 0; look < kLooks; ++look) {
      FolioCounts others{(folio.flags.load() & kFolioAllocated) != 0 ? 1U : 0U, 0};
      if (sum_of_others(order, visit_others, others)) {
        folio.counts.fetch_and(~kCountsFrozen);
        const Held more = difference(order, unpack_counts(word), {others.refs + mine.refs, others.pins + mine.pins});
        return sure + hold_word(std::min(more.gets, doubt.gets), std::min(more.pins, doubt.pins));
      }
    }
    folio.counts.fetch_and(~kCountsFrozen); // somebody waits for the counts in the middle of his change
    ::sched_yield();
  }
  return sure;
}

} // namespace daxemu::mm
