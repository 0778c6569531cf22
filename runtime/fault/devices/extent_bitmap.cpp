#include "runtime/fault/devices/extent_bitmap.hpp"

#include <algorithm>
#include <bit>

#include <sys/mman.h>

#include "emu/base/aside.hpp"
#include "emu/base/units.hpp"

namespace daxemu::fault {

Result<void> ExtentBitmap::reserve(std::uint64_t bits) {
  const std::uint64_t length = align_up(std::max<std::uint64_t>((bits + 63) / 64 * 8, 1), kPageSize);
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
  for (std::uint64_t bit = first; bit < end;) {
    if (bit % 64 == 0 && end - bit >= 64) {
      if (words()[bit / 64].load(std::memory_order_relaxed) != 0) { // keep untouched pages untouched
        words()[bit / 64].store(0, std::memory_order_relaxed);
      }
      bit += 64;
      continue;
    }
    words()[bit / 64].fetch_and(~(1ULL << (bit % 64)), std::memory_order_relaxed);
    ++bit;
  }
}

std::uint64_t ExtentBitmap::next(std::uint64_t from, std::uint64_t limit) const {
  const std::uint64_t end = std::min(bits_, limit);
  while (from < end) {
    const std::uint64_t word = words()[from / 64].load(std::memory_order_relaxed) >> (from % 64);
    if (word != 0) {
      return std::min(end, from + static_cast<std::uint64_t>(std::countr_zero(word)));
    }
    from = (from / 64 + 1) * 64;
  }
  return end;
}

} // namespace daxemu::fault
