// Memory failure on an extent: MADV_HWPOISON and MADV_SOFT_OFFLINE here, and what other processes' failures mean for
// this one's mappings (madvise_inject_error, mf_generic_kill_procs).
#include <algorithm>
#include <tuple>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/store/generation.hpp"
#include "runtime/fault/memory/others_memory.hpp"
#include "runtime/fault/process/early_kill.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/fault/touches/present_extents.hpp"

namespace daxemu::fault {
namespace {

bool may_administer() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (!sys::call(SYS_capget, reinterpret_cast<long>(&header), reinterpret_cast<long>(data))) {
    return false;
  }
  return (data[0].effective >> CAP_SYS_ADMIN & 1U) != 0;
}

} // namespace

// get_user_pages_fast() of one page, for reading: what is present may also be only writable, what has to be faulted in
// may not.
Result<void> AddressSpace::get_page(const Vma& vma, std::uint64_t address) {
  if (vma.prot != PROT_NONE && is_present(vma, address)) {
    return {};
  }
  return (vma.prot & PROT_READ) != 0 ? prefault(address, address + 1) : fail(EFAULT);
}

// collect_procs_file() and add_to_kill(): mappings of what the page's index says, in the order of the file's tree, as
// far as something is mapped there; the others get no signal of their own, for the first is still pending.
PoisonHit AddressSpace::first_hit(const DeviceView& view, std::uint64_t index) const {
  PoisonHit hit;
  std::tuple<std::uint64_t, std::uint64_t> first{UINT64_MAX, UINT64_MAX};
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    const std::uint64_t from = vma.file_offset();
    if (vma.view != &view || index < from || index - from >= vma.end - vma.start) {
      continue;
    }
    const std::uint64_t address = vma.start + (index - from); // vma_address()
    const std::tuple place{from, vma.linked};
    if (place < first && is_present(vma, address)) {
      first = place;
      hit = {reinterpret_cast<void*>(address), static_cast<short>(log2_of(view.align()))};
    }
  }
  return hit;
}

// unmap_mapping_range() of an extent's length of the file: entries that it reaches go as a whole.
void AddressSpace::unmap_everywhere(const DeviceView& view, std::uint64_t index) {
  const std::uint64_t begin = align_down(index, view.align());
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    const std::uint64_t offset = vma.file_offset();
    const std::uint64_t from = std::max(begin, offset);
    const std::uint64_t to = std::min(begin + view.align(), offset + (vma.end - vma.start));
    if (vma.view == &view && from < to) {
      drop_extents(vma, vma.start + (from - offset), vma.start + (to - offset));
    }
  }
}

// For each folio of the range: get it (so it is faulted in), then memory_failure() or soft_offline_page(). On
// device-dax the caller gets SIGBUS for its mapping of the folio at once, the folio's entries are gone from all page
// tables, and the next touch maps it again: MADV_HWPOISON marks no memory bad (guest, poison.*). Where the folio's
// index is mapped by nobody, as through a file offset that is no multiple of an extent, nothing happens at all.
Result<void> AddressSpace::inject_failure(std::uint64_t start, std::uint64_t end, bool soft, PoisonHit* hit) {
  if (!may_administer()) {
    return fail(EPERM);
  }
  bool failed = false;
  Result<void> outcome;
  for (std::uint64_t at = start; at < end && outcome;) {
    const auto vma = table_.find(at);
    if (!vma) { // an ordinary page behind ours is not for us to offline
      outcome = fail(all_mapped(align_down(at, kPageSize), align_down(at, kPageSize) + kPageSize) ? ENOTSUP : EFAULT);
      break;
    }
    outcome = get_page(*vma, at);
    if (outcome && soft) {
      outcome = fail(EIO);
    }
    if (!outcome) {
      break;
    }
    const DeviceView& view = *vma->view;
    const ExtentIndex extent = view.extent_at(vma->offset_of(at));
    {
      const TableGuard guard(lock_);
      const std::uint64_t index = view.index_of(extent);
      const PoisonHit here = first_hit(view, index);
      if (here.address != nullptr) {
        unmap_everywhere(view, index);
        view.failures().note(extent, sys::getpid());
        failed = true;
      }
      if (hit->address == nullptr) { // a second SIGBUS would be dropped while the first is pending
        *hit = here;
      }
    }
    at += view.align();
  }
  if (failed) { // other processes: their entries go, and who asked is told (guest, early kill)
    store::await_followers(*store_, store::announce(store_->platform()));
  }
  return outcome;
}

// Failures since the last look: what this process had faulted in goes, and those of its threads hear of it that asked.
void AddressSpace::hear_of_failures(DeviceView& view) {
  view.failures_seen = view.failures().read(view.failures_seen, sys::getpid(), [&](ExtentIndex extent, pid_t) {
    const std::uint64_t index = view.index_of(extent);
    const bool touched = view.faulted().test(extent.value());
    const PoisonHit hit = first_hit(view, index);
    if ((view.folio(extent).flags.load() & mm::kFolioHwpoison) == 0) {
      unmap_everywhere(view, index);
    } // else take_out_poison() comes
    Result<void> handled = fail(EOPNOTSUPP);
    if (view.hooks() != nullptr && touched) {
      handled = view.hooks()->memory_failure(view.hooks()->self, view, extent);
    }
    if (hit.address != nullptr && !handled && handled.error() == Errno{EOPNOTSUPP}) {
      (void)kill_early(hit);
    }
  });
}

} // namespace daxemu::fault
