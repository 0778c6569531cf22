// How far the device's bytes reach in a mapping.
#pragma once

#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/vma.hpp"

namespace daxemu::fault {

// Bytes from the device's start to the end of what the mapping can show. One whose file offset lies inside an extent
// asks for an extent's length from there on, which the last extent does not have (dax_pgoff_to_phys).
[[nodiscard]] inline std::uint64_t data_end(const Vma& vma) {
  return vma.view->size() - (vma.skew == 0 ? 0 : vma.view->align());
}

// Bytes from vma.start that are the device's; filler is behind them.
[[nodiscard]] inline std::uint64_t backed_length(const Vma& vma) {
  const std::uint64_t end = data_end(vma);
  if (vma.has(kBroken) || vma.offset >= end) {
    return 0;
  }
  const std::uint64_t length = vma.end - vma.start;
  return length < end - vma.offset ? length : end - vma.offset;
}

// Are both ends where extents begin (check_vma, asked again by every fault)?
[[nodiscard]] inline bool is_whole(const Vma& vma) {
  return ((vma.start | vma.end) & (vma.view->align() - 1)) == 0;
}

} // namespace daxemu::fault
