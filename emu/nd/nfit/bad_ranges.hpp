// Lists of stretches of addresses that are bad (struct badrange in drivers/nvdimm/badrange.c), ascending, none touching
// the next.
#pragma once

#include <cstdint>
#include <span>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

// One of the lists of a NfitRecord.
struct BadRanges {
  std::span<store::NfitBadRange> room;
  std::uint32_t& count;

  [[nodiscard]] std::span<store::NfitBadRange> all() const {
    return room.first(count < room.size() ? count : room.size());
  }
};

// badrange_add(): what it touches becomes one with it. Errors: ENOMEM (the list is full).
Result<void> add_range(const BadRanges& ranges, std::uint64_t start, std::uint64_t length);
// badrange_forget(): of an entry that reaches over both ends two are left. Errors: ENOMEM (no room for the second; the
// first is kept then, and all between is bad still).
Result<void> forget_range(const BadRanges& ranges, std::uint64_t start, std::uint64_t length);

} // namespace daxemu::nd
