// The memory failures of a device, numbered from 1 on, of which the last ones are kept: how processes that have it
// mapped learn which extents failed (each tells its own threads), also where no flag stays, as with MADV_HWPOISON.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <sys/types.h>

#include "emu/base/units.hpp"

namespace daxemu::mm {

// Part of FolioControl: shared, all zero at first.
struct FailureLog {
  static constexpr std::uint32_t kKept = 128;
  struct Entry {
    std::atomic<std::uint64_t> number{0}; // of the failure below it, once that is whole
    std::atomic<std::uint64_t> extent{0};
    std::atomic<std::int64_t> teller{0}; // process that tells its own threads itself
  };
  std::atomic<std::uint64_t> last{0};
  std::array<Entry, kKept> entries{};

  // `teller`: a process that needs not be told; 0: none.
  void note(ExtentIndex extent, pid_t teller) {
    const std::uint64_t number = last.fetch_add(1) + 1;
    Entry& entry = entries[number % kKept];
    entry.number.store(0);
    entry.extent.store(extent.value());
    entry.teller.store(teller);
    entry.number.store(number);
  }

  // Calls tell(extent, teller) for the failures behind `seen`, as far as they are kept and not `self`'s to tell.
  // Returns the number to go on from.
  template <class Tell>
  std::uint64_t read(std::uint64_t seen, pid_t self, Tell tell) const {
    const std::uint64_t now = last.load();
    std::uint64_t number = seen <= now ? seen : 0; // the device was made anew, and its log with it
    number = now - number > kKept ? now - kKept : number;
    while (number < now) {
      const Entry& entry = entries[(number + 1) % kKept];
      const std::uint64_t extent = entry.extent.load();
      const auto teller = static_cast<pid_t>(entry.teller.load());
      const std::uint64_t is = entry.number.load();
      if (is < number + 1) {
        return number; // being written: its writer announces it afterwards
      }
      if (is == number + 1 && teller != self) {
        tell(ExtentIndex(extent), teller);
      }
      ++number;
    }
    return number;
  }
};

} // namespace daxemu::mm
