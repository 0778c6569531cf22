// Would dev_dax_huge_fault refuse a touch of this extent?
#pragma once

#include "runtime/fault/device_view.hpp"
#include "runtime/fault/vma.hpp"

namespace daxemu::fault {

[[nodiscard]] inline bool refuses(const Vma& vma, ExtentIndex extent) {
  const DeviceView& view = *vma.view;
  return vma.has(kBroken) || !view.alive() || (vma.has(kNoHuge) && view.align() > kPageSize) ||
         (view.folio(extent).flags.load() & mm::kFolioHwpoison) != 0;
}

} // namespace daxemu::fault
