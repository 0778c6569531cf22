#include "runtime/fault/mappings/reservation.hpp"

#include <utility>

#include <sys/mman.h>

#include "runtime/fault/mappings/map_rules.hpp"

namespace daxemu::fault {

Result<void> Reservation::take(std::uint64_t hint, std::uint64_t length, int flags) {
  auto memory = sys::mmap(reinterpret_cast<void*>(hint), length, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (!memory) {
    return tl::unexpected(memory.error());
  }
  start_ = reinterpret_cast<std::uint64_t>(*memory);
  end_ = start_ + length;
  return {};
}

Result<void> Reservation::take_highest(std::uint64_t length, int flags) {
  // A hint where nothing fits is passed over (mmap_address_hint_valid), and what has a hint is not aligned. Nothing of
  // one page is either way.
  return take(length > kPageSize ? kTaskSize - kPageSize : 0, length, flags);
}

void Reservation::keep(std::uint64_t start, std::uint64_t end) {
  if (end_ == 0) {
    return;
  }
  release(std::exchange(start_, 0), start);
  release(end, std::exchange(end_, 0));
}

} // namespace daxemu::fault
