// badblocks of a region and of a disk (block/badblocks.c badblocks_show).
#pragma once

#include "emu/nd/nfit/nfit_errors.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// A line for each run of sectors that the kernel knows to be bad; what is more than a page is left out, as there.
inline void put_badblocks(const Scope& scope, std::uint64_t start, std::uint64_t size, Text& out) {
  nd::each_bad_sector(*scope.store, start, size, [&](std::uint64_t sector, std::uint64_t count) {
    constexpr std::size_t kLongestLine = 48;
    if (out.view().size() + kLongestLine < kAttributeSize) {
      out.number(sector).put(" ").number(count).put("\n");
    }
  });
}

} // namespace daxemu::sysfs
