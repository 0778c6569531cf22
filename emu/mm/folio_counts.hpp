// References and pins of one folio, changed together in one atomic step. Counts never wrap: a step that would pass
// either end of the range changes nothing and is reported.
#pragma once

#include <limits>

#include "emu/base/result.hpp"
#include "emu/mm/folio_record.hpp"

namespace daxemu::mm {

// GUP_PIN_COUNTING_BIAS (include/linux/mm.h): what one pin adds to the reference count of an order-0 folio, which has
// no _pincount of its own.
inline constexpr std::uint32_t kPinBias = 1024;

struct FolioCounts {
  std::uint32_t refs = 0; // references beyond the pgmap's own
  std::uint32_t pins = 0; // _pincount; always 0 at order 0
};

// Set in the word while a reaper of dead holders has to see it unchanging; see holder_settle.hpp.
inline constexpr std::uint64_t kCountsFrozen = 1ULL << 63;

[[nodiscard]] constexpr FolioCounts unpack_counts(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>((word & ~kCountsFrozen) >> 32)};
}
[[nodiscard]] constexpr std::uint64_t pack_counts(FolioCounts counts) {
  return (static_cast<std::uint64_t>(counts.pins) << 32) | counts.refs;
}
[[nodiscard]] inline FolioCounts counts_of(const FolioRecord& record) {
  return unpack_counts(record.counts.load(std::memory_order_seq_cst));
}

inline constexpr std::uint32_t kMaxCount = std::numeric_limits<std::int32_t>::max();

// Returns once the word is no longer frozen, with it. A reaper that died with it frozen is not waited for for ever.
[[nodiscard]] std::uint64_t wait_unfrozen(FolioRecord& record);

// No count has these bits: who adds two that have not, or takes one from the other, finds in them what passed the
// range.
inline constexpr std::uint64_t kCountsGuard = kCountsFrozen | (1ULL << 31);
[[nodiscard]] constexpr bool in_range(std::uint64_t word) {
  return (word & kCountsGuard) == 0;
}

// The steps that every pin and unpin makes, on packed counts: `word` is what they were before. False: the count would
// pass the range, and nothing is changed.
[[nodiscard]] inline bool add_packed(FolioRecord& record, std::uint64_t add, std::uint64_t& word) {
  word = record.counts.load(std::memory_order_relaxed);
  while (true) {
    if (!in_range(word | add | (word + add))) [[unlikely]] {
      word = wait_unfrozen(record);
      if (!in_range(word | add | (word + add))) {
        return false;
      }
    }
    // seq_cst: who takes a reference and then looks whether the pgmap still lives must not be reordered against who
    // kills the pgmap and then looks for references.
    if (record.counts.compare_exchange_weak(word, word + add, std::memory_order_seq_cst, std::memory_order_relaxed)) {
      return true;
    }
  }
}
[[nodiscard]] inline bool drop_packed(FolioRecord& record, std::uint64_t drop, std::uint64_t& word) {
  word = record.counts.load(std::memory_order_relaxed);
  while (true) {
    if (!in_range(word | drop) || !in_range(~((word | kCountsGuard) - drop))) [[unlikely]] {
      word = wait_unfrozen(record);
      if (!in_range(word | drop) || !in_range(~((word | kCountsGuard) - drop))) {
        return false;
      }
    }
    if (record.counts.compare_exchange_weak(word, word - drop, std::memory_order_seq_cst, std::memory_order_relaxed)) {
      return true;
    }
  }
}

// Adds `add`. True: the folio was idle before. Errors: ENOMEM where a count would pass INT_MAX, what try_get_folio()
// does when _refcount is about to overflow (nothing is changed).
[[nodiscard]] inline Result<bool> add_counts(FolioRecord& record, FolioCounts add) {
  std::uint64_t before = 0;
  if (!add_packed(record, pack_counts(add), before)) {
    return fail(ENOMEM);
  }
  return unpack_counts(before).refs == 0;
}

// Did dropping `drop` from `before` make the folio idle? Of all concurrent callers only one is told so.
[[nodiscard]] constexpr bool became_idle(std::uint64_t before, std::uint64_t drop) {
  const std::uint32_t refs = unpack_counts(drop).refs;
  return refs > 0 && unpack_counts(before).refs == refs;
}

// Takes `drop` away. True: the folio became idle with this step. Errors: ERANGE where a count would fall below zero:
// somebody released what he did not hold (nothing is changed; the kernel warns in page_ref_sub and goes on with a
// broken count).
[[nodiscard]] inline Result<bool> drop_counts(FolioRecord& record, FolioCounts drop) {
  std::uint64_t before = 0;
  if (!drop_packed(record, pack_counts(drop), before)) {
    return fail(ERANGE);
  }
  return became_idle(before, pack_counts(drop));
}

} // namespace daxemu::mm
