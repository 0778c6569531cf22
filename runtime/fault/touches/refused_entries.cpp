#include "runtime/fault/touches/refused_entries.hpp"

#include "emu/base/units.hpp"
#include "runtime/fault/devices/device_view.hpp"

namespace daxemu::fault {

void RefusedEntries::note(const Filler& filler, const Vma& vma, std::uint64_t from, std::uint64_t to,
                          std::uint64_t target) {
  if (vma.view->align() != kPudSize || !vma.has(kPatched) || vma.has(kBroken) || !is_aligned(from | target, kPudSize)) {
    return;
  }
  for (std::size_t at = 0; at < kMost && from + (at + 1) * kPudSize <= to; ++at) {
    entries_[at] = filler.is_at(from + at * kPudSize);
  }
}

void RefusedEntries::bring_back(const Filler& filler, const Vma& vma, std::uint64_t start) const {
  if (!any()) { // most moves, and a look at each entry is a quarter of what one takes
    return;
  }
  for (std::size_t at = 0; at < kMost; ++at) {
    if (entries_[at]) {
      (void)filler.place(start + at * kPudSize, kPudSize, vma.prot);
    }
  }
}

} // namespace daxemu::fault
