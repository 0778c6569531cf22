// What mremap(2) was asked for, and what of that is wrong whatever is mapped.
#pragma once

#include <cstdint>

#include <sys/mman.h>

#include "emu/base/units.hpp"
#include "runtime/fault/mappings/map_rules.hpp"
#include "runtime/fault/space/address_space.hpp"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

namespace daxemu::fault {

struct AddressSpace::Remap {
  static constexpr int kKnown = MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP;

  std::uint64_t start = 0;
  std::uint64_t old_length = 0;
  std::uint64_t length = 0; // the new one
  int flags = 0;
  std::uint64_t target = 0; // new_addr

  [[nodiscard]] bool has(int flag) const { return (flags & flag) != 0; }
  // A new address is given, if only as a hint (vrm_implies_new_addr).
  [[nodiscard]] bool has_target() const { return has(MREMAP_FIXED | MREMAP_DONTUNMAP); }
  [[nodiscard]] std::uint64_t old_end() const { return start + old_length; }

  // The checks of sys_mremap in 6.1 before it looks at any mapping; lengths as they were given.
  [[nodiscard]] bool is_valid() const {
    const bool moves_only = old_length == length;
    return (flags & ~kKnown) == 0 && (has(MREMAP_MAYMOVE) || !has(MREMAP_FIXED)) &&
           (!has(MREMAP_DONTUNMAP) || (has(MREMAP_MAYMOVE) && moves_only)) && is_aligned(start, kPageSize);
  }
  // Those of mremap_to(); lengths in whole pages.
  [[nodiscard]] bool has_valid_target() const {
    const bool overlap = old_end() > target && target + length > start;
    return is_aligned(target, kPageSize) && length <= kTaskSize && target <= kTaskSize - length && !overlap;
  }
  // All at once, before any mapping is looked at: check_mremap_params() of 7.3; lengths in whole pages.
  [[nodiscard]] bool has_valid_parameters() const {
    if ((flags & ~kKnown) != 0 || !is_aligned(start, kPageSize) || length == 0 || length > kTaskSize) {
      return false;
    }
    return !has_target() ||
           (has(MREMAP_MAYMOVE) && (!has(MREMAP_DONTUNMAP) || old_length == length) && has_valid_target());
  }
  // vrm_move_only()
  [[nodiscard]] bool only_moves() const { return has(MREMAP_FIXED) && old_length == length; }
};

} // namespace daxemu::fault
