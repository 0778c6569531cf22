// One bit per extent of a device, in sparse memory that a forked child finds all zero (MADV_WIPEONFORK): which extents
// this process has faulted in.
#pragma once

#include <atomic>
#include <cstdint>

#include "emu/base/mapping.hpp"

namespace daxemu::fault {

class ExtentBitmap {
public:
  // Errors: ENOMEM.
  Result<void> reserve(std::uint64_t bits);
  [[nodiscard]] std::uint64_t size() const { return bits_; }
  [[nodiscard]] bool test(std::uint64_t bit) const {
    return bit < bits_ && (words()[bit / 64].load(std::memory_order_relaxed) >> (bit % 64) & 1) != 0;
  }
  // Returns whether it was set before.
  bool set(std::uint64_t bit) {
    const std::uint64_t mask = 1ULL << (bit % 64);
    return bit < bits_ && (words()[bit / 64].fetch_or(mask, std::memory_order_relaxed) & mask) != 0;
  }
  void clear(std::uint64_t first, std::uint64_t count);
  // The first set bit at or behind `from` and before `limit`, or the lesser of `limit` and size().
  [[nodiscard]] std::uint64_t next(std::uint64_t from, std::uint64_t limit = UINT64_MAX) const;

private:
  [[nodiscard]] std::atomic<std::uint64_t>* words() const {
    return static_cast<std::atomic<std::uint64_t>*>(memory_.data());
  }
  Mapping memory_;
  std::uint64_t bits_ = 0;
};

} // namespace daxemu::fault
