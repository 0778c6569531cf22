// Address space held (PROT_NONE) while it is decided what to put there; given back unless kept.
#pragma once

#include <cstdint>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/result.hpp"

namespace daxemu::fault {

class Reservation {
public:
  Reservation() = default;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation() { release(start_, end_); }

  // `flags` beside private and anonymous: MAP_32BIT, MAP_LOCKED, MAP_FIXED_NOREPLACE. Errors: mmap(2)'s.
  Result<void> take(std::uint64_t hint, std::uint64_t length, int flags);
  // At the end of the highest hole that has room, whatever the length: where the kernel has put everything before it
  // aligned memory that is as long as huge pages. `flags` and errors: as take().
  Result<void> take_highest(std::uint64_t length, int flags);
  // Something else is mapped at [start, end) now: that stays, the rest is given back.
  void keep(std::uint64_t start, std::uint64_t end);

  void give_back() {
    release(start_, end_);
    start_ = end_ = 0;
  }

  [[nodiscard]] explicit operator bool() const { return end_ != 0; }
  [[nodiscard]] std::uint64_t start() const { return start_; }

private:
  static void release(std::uint64_t start, std::uint64_t end) {
    if (start < end) {
      (void)sys::munmap(reinterpret_cast<void*>(start), end - start);
    }
  }
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
};

} // namespace daxemu::fault
