// Would dev_dax_huge_fault refuse a touch of this extent?
#pragma once

#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/vma.hpp"

namespace daxemu::fault {

// `moves`: its entry is moved from another place, which asks for no new one (move_huge_pmd).
[[nodiscard]] inline bool refuses(const Vma& vma, ExtentIndex extent, bool moves = false) {
  const DeviceView& view = *vma.view;
  return vma.has(kBroken) || !view.alive() || (vma.has(kNoHuge) && view.align() > kPageSize && !moves) ||
         (view.folio(extent).flags.load() & mm::kFolioHwpoison) != 0;
}

} // namespace daxemu::fault
