#include "runtime/fault/touches/present_extents.hpp"

#include <algorithm>

#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/residence.hpp"
#include "runtime/fault/touches/page_in.hpp"

namespace daxemu::fault {

bool PresentExtents::has(const Vma& vma, std::uint64_t address) {
  const DeviceView& view = *vma.view;
  const std::uint64_t unit = view.align();
  const std::uint64_t head = align_down(address, unit);
  const std::uint64_t offset = vma.offset_of(address);
  return offset < view.size() && head >= vma.start && head + unit <= vma.end &&
         (!vma.has(kRegistered) || vma.view->faulted().test(view.extent_at(offset).value())) &&
         any_present(head, head + unit);
}

void PresentExtents::note(const Vma& vma, std::uint64_t from, std::uint64_t to) {
  unit_ = vma.view->align();
  for (std::uint64_t at = from; at + unit_ <= to && count_ < kMost && vma.offset_of(at) < vma.view->size();
       at += unit_) {
    if (has(vma, at)) {
      extent_[count_++] = static_cast<std::uint32_t>((at - from) / unit_);
    }
  }
}

void PresentExtents::bring_back(FaultServer& server, const Vma& vma, std::uint64_t start) const {
  for (std::size_t at = 0; at < count_; ++at) {
    const std::uint64_t address = start + extent_[at] * unit_;
    if (server.uffd()) {
      (void)server.serve(address, true, FaultServer::Caller::mover);
    }
    if (vma.prot != PROT_NONE) {
      (void)(server.uffd() ? true : fault_in_page(vma, address));
      continue;
    }
    // Nobody may touch it, so nobody faults it in: for this moment it may be read.
    const auto allow = [&](int prot) { return sys::mprotect(reinterpret_cast<void*>(address), unit_, prot); };
    if (allow(PROT_READ)) {
      Vma readable = vma;
      readable.prot = PROT_READ;
      (void)fault_in_page(readable, address);
      (void)allow(PROT_NONE);
    }
  }
}

} // namespace daxemu::fault
