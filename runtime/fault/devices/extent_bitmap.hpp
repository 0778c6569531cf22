// One bit per extent of a device, in sparse memory that a forked child finds all zero (MADV_WIPEONFORK): which extents
// this process has faulted in.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include "emu/base/kernel/mapping.hpp"

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
    if (bit >= bits_) {
      return false;
    }
    const bool before = (words()[bit / 64].fetch_or(mask, std::memory_order_seq_cst) & mask) != 0;
    // Then only: whoever clears a part forgets the part first, and its bits afterwards.
    if (const std::uint64_t part = 1ULL << (bit >> part_shift());
        (parts().load(std::memory_order_seq_cst) & part) == 0) {
      parts().fetch_or(part, std::memory_order_seq_cst);
    }
    return before;
  }
  void clear(std::uint64_t first, std::uint64_t count);
  // The first set bit at or behind `from` and before `limit`, or the lesser of `limit` and size().
  [[nodiscard]] std::uint64_t next(std::uint64_t from, std::uint64_t limit = UINT64_MAX) const;

private:
  void clear_words(std::uint64_t first, std::uint64_t end);
  [[nodiscard]] std::atomic<std::uint64_t>* words() const {
    return static_cast<std::atomic<std::uint64_t>*>(memory_.data());
  }
  // The bitmap in 64 parts or fewer, each of a power of two of bits, a word at least; and behind its words one that
  // says which of them may have one that is set: a large device of which little was touched is known without a look at
  // all.
  [[nodiscard]] std::atomic<std::uint64_t>& parts() const { return words()[(bits_ + 63) / 64]; }
  [[nodiscard]] unsigned part_shift() const {
    constexpr unsigned kWord = 6;
    return std::max(kWord + kWord, static_cast<unsigned>(std::bit_width(bits_ - 1))) - kWord;
  }
  [[nodiscard]] bool has_any(std::uint64_t part) const {
    return (parts().load(std::memory_order_seq_cst) >> part & 1) != 0;
  }

  Mapping memory_;
  std::uint64_t bits_ = 0;
};

} // namespace daxemu::fault
