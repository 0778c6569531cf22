#include "runtime/fault/devices/extent_bitmap.hpp"

#include <algorithm>
#include <bit>

#include <sys/mman.h>

#include "emu/base/program/aside.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {

Result<void> ExtentBitmap::reserve(std::uint64_t bits) {
  const std::uint64_t length = align_up(((bits + 63) / 64 + 1) * 8, kPageSize);
  auto mapping = sys::map_aside(-1, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  // Where it is refused (before Linux 4.14) a forked child takes its parent's touches for its own.
  (void)sys::madvise(mapping->data(), length, MADV_WIPEONFORK);
  memory_ = std::move(*mapping);
  bits_ = bits;
  return {};
}

void ExtentBitmap::clear(std::uint64_t first, std::uint64_t count) {
  const std::uint64_t end = std::min(bits_, first + count);
  const std::uint64_t whole = 1ULL << part_shift();
  for (std::uint64_t bit = first; bit < end;) {
    const std::uint64_t part = bit >> part_shift();
    const std::uint64_t behind = std::min(end, (part + 1) << part_shift());
    if (has_any(part)) {
      if (bit % whole == 0 && (behind % whole == 0 || behind == bits_)) {
        parts().fetch_and(~(1ULL << part), std::memory_order_seq_cst); // first: see set()
      }
      clear_words(bit, behind);
    }
    bit = behind;
  }
}

void ExtentBitmap::clear_words(std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t bit = first; bit < end;) {
    if (bit % 64 == 0 && end - bit >= 64) {
      if (words()[bit / 64].load(std::memory_order_seq_cst) != 0) { // keep untouched pages untouched
        words()[bit / 64].store(0, std::memory_order_relaxed);
      }
      bit += 64;
      continue;
    }
    words()[bit / 64].fetch_and(~(1ULL << (bit % 64)), std::memory_order_seq_cst);
    ++bit;
  }
}

std::uint64_t ExtentBitmap::next(std::uint64_t from, std::uint64_t limit) const {
  const std::uint64_t end = std::min(bits_, limit);
  while (from < end) {
    if (const std::uint64_t part = from >> part_shift(); !has_any(part)) {
      from = (part + 1) << part_shift();
      continue;
    }
    const std::uint64_t word = words()[from / 64].load(std::memory_order_relaxed) >> (from % 64);
    if (word != 0) {
      return std::min(end, from + static_cast<std::uint64_t>(std::countr_zero(word)));
    }
    from = (from / 64 + 1) * 64;
  }
  return end;
}

} // namespace daxemu::fault
