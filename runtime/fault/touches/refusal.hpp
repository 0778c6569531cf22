// Would dev_dax_huge_fault refuse a touch of this extent?
#pragma once

#include "emu/trace/why.hpp"
#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/vma.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/process/whole_process.hpp"

namespace daxemu::fault {

// Do faults in it come as small pages, which its extents refuse?
[[nodiscard]] inline bool lacks_huge_pages(const Vma& vma) {
  return (vma.has(kNoHuge) || WholeProcess::huge_pages_off()) && vma.view->align() > kPageSize;
}

// Why it would; none: it would not. `moves`: its entry is moved from another place, which asks for no new one
// (move_huge_pmd).
[[nodiscard]] inline trace::Reason refusal_of(const Vma& vma, ExtentIndex extent, bool moves = false) {
  using trace::Reason;
  const DeviceView& view = *vma.view;
  if (vma.has(kBroken) || !view.alive()) {
    return view.alive() && !is_whole(vma) ? Reason::touch_unaligned : Reason::touch_device_gone;
  }
  if (lacks_huge_pages(vma) && !moves) {
    return Reason::touch_small_page;
  }
  return (view.folio(extent).flags.load() & mm::kFolioHwpoison) != 0 ? Reason::touch_poisoned : Reason::none;
}
[[nodiscard]] inline bool refuses(const Vma& vma, ExtentIndex extent, bool moves = false) {
  return refusal_of(vma, extent, moves) != trace::Reason::none;
}

} // namespace daxemu::fault
