// Would dev_dax_huge_fault refuse a touch of this extent?
#pragma once

#include "emu/trace/why.hpp"
#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/vma.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"

namespace daxemu::fault {

// Why it would; none: it would not. `moves`: its entry is moved from another place, which asks for no new one
// (move_huge_pmd).
[[nodiscard]] inline trace::Reason refusal_of(const Vma& vma, ExtentIndex extent, bool moves = false) {
  using trace::Reason;
  const DeviceView& view = *vma.view;
  if (vma.has(kBroken) || !view.alive()) {
    return view.alive() && !is_whole(vma) ? Reason::touch_unaligned : Reason::touch_device_gone;
  }
  if (vma.has(kNoHuge) && view.align() > kPageSize && !moves) {
    return Reason::touch_small_page;
  }
  return (view.folio(extent).flags.load() & mm::kFolioHwpoison) != 0 ? Reason::touch_poisoned : Reason::none;
}
[[nodiscard]] inline bool refuses(const Vma& vma, ExtentIndex extent, bool moves = false) {
  return refusal_of(vma, extent, moves) != trace::Reason::none;
}

} // namespace daxemu::fault
