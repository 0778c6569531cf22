// An extent that has failed, of which a program may touch what has not: lines of a cache fail, and a machine check
// comes of these alone. For the time of one instruction its bytes are mapped, by the thread that touches them.
#include <sys/mman.h>

#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/pointer.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/fault/touches/page_in.hpp"
#include "runtime/fault/touches/refusal.hpp"

namespace daxemu::fault {
namespace {

bool is_failed(const std::optional<Vma>& vma, std::uint64_t at) {
  return vma && vma->offset_of(at) < data_end(*vma) &&
         refusal_of(*vma, vma->view->extent_at(vma->offset_of(at))) == trace::Reason::touch_poisoned;
}

} // namespace

bool AddressSpace::show_failed(const void* address) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  if (lock_.held_by_me()) {
    return false;
  }
  auto vma = table_.find(at);
  if (!is_failed(vma, at) || !vma->view->bring(vma->view->extent_at(vma->offset_of(at)))) {
    return false;
  }
  const TableGuard guard(lock_);
  vma = table_.find(at);
  if (!is_failed(vma, at)) {
    return false;
  }
  shows_failed_.store(true, std::memory_order_relaxed);
  DeviceView& view = *vma->view;
  const std::uint64_t offset = align_down(vma->offset_of(at), view.align());
  if (view.note_touch(ExtentIndex(offset / view.align()))) {
    view.note_index(view.extent_at(offset), vma->file_offset() + (offset - vma->offset));
  }
  view.note_change(); // its bytes too may be written
  if (!sys::mmap(pointer(vma->start + (offset - vma->offset)), view.align(), static_cast<int>(vma->prot),
                 MAP_SHARED | MAP_FIXED | MAP_NORESERVE, view.fd(), offset)) {
    return false;
  }
  if (!fault_in_page(*vma, at)) { // without a page the touch would end here again, and again
    (void)server_.patch(*vma, at, true);
    return false;
  }
  return true;
}

void AddressSpace::hide_all_failed() {
  if (!shows_failed_.load(std::memory_order_relaxed)) {
    return;
  }
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    ExtentBitmap& faulted = vma.view->faulted();
    for (std::uint64_t extent = faulted.next(0); extent < faulted.size(); extent = faulted.next(extent + 1)) {
      const std::uint64_t offset = extent * vma.view->align();
      const std::uint64_t address = vma.start + (offset - vma.offset);
      if (offset >= vma.offset && offset - vma.offset < vma.end - vma.start && is_failed(vma, address)) {
        (void)server_.patch(vma, address, true);
      }
    }
  }
}

// What was healed meanwhile, or mapped anew, stays.
void AddressSpace::hide_failed(const void* address) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const TableGuard guard(lock_);
  const auto vma = table_.find(at);
  if (is_failed(vma, at)) {
    if (server_.patch(*vma, at, true) == FaultServer::Served::refused) {
      vma->view->faulted().clear(vma->view->extent_at(vma->offset_of(at)).value(), 1);
    }
  }
}

} // namespace daxemu::fault
