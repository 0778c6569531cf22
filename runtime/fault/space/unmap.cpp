// How mappings of a device go: munmap(2), and others' memory in their place.
#include <algorithm>

#include <sys/mman.h>

#include "runtime/fault/mappings/trace_points.hpp"
#include "runtime/fault/memory/pointer.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {

bool AddressSpace::cuts(std::uint64_t start, std::uint64_t end) const {
  return !may_split(start) || !may_split(end);
}

// dev_dax_may_split(): true too where there is nothing to split.
bool AddressSpace::may_split(std::uint64_t at) const {
  const auto vma = table_.find(at);
  return !vma || vma->start == at || is_aligned(at, vma->view->align());
}

Result<void> AddressSpace::split(std::uint64_t at) {
  if (may_split(at)) {
    return table_.split(at);
  }
  return refuse_cut(at);
}

tl::unexpected<Errno> AddressSpace::refuse_cut(std::uint64_t at) const {
  const auto vma = table_.find(at);
  const std::uint64_t unit = vma ? vma->view->align() : kPageSize;
  return trace::because(EINVAL, {.reason = trace::Reason::cuts_extent,
                                 .a = at,
                                 .b = unit,
                                 .minor = vma ? vma->view->device().minor : trace::kNoDevice});
}

bool AddressSpace::is_sealed(std::uint64_t start, std::uint64_t end) const {
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    if (vma->has(kSealed)) {
      return true;
    }
  }
  return false;
}

tl::unexpected<Errno> AddressSpace::refuse_sealed() {
  return trace::because(EPERM, trace::Reason::mapping_sealed);
}

// do_mas_align_munmap(), vms_gather_munmap_vmas(): the cut at the start stays if the one at the end, or what is sealed,
// is refused. It may have left mappings that begin and end with extents where there was one that did not.
Result<void> AddressSpace::cut(std::uint64_t start, std::uint64_t end) {
  auto done = is_sealed(start, start + 1) ? Result<void>(refuse_sealed())
                                          : split(start); // can_modify_vma comes before its split
  if (done) {
    done = is_sealed(start, end) ? Result<void>(refuse_sealed()) : split(end);
  }
  if (!done) {
    settle(start, start);
  }
  return done;
}

void AddressSpace::drop(std::uint64_t start, std::uint64_t end) {
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    const std::uint64_t from = std::max(start, vma->start);
    const std::uint64_t to = std::min(end, vma->end);
    DeviceView& view = *vma->view;
    trace_unmap(*vma, from, to);
    if (from == vma->start && to == vma->end) {
      view.counters().unmaps.fetch_add(1, std::memory_order_relaxed);
    }
    (void)table_.erase(from, to); // as many entries as the kernel has mappings fit
    forget_extents(view, vma->offset_of(from), vma->offset_of(to), 0);
    files_.settle(vma->file, table_);
    view.note_change();
  }
  take_out_cut(start, end);
}

// What another mapping shows stays known as faulted in: its page table entries are there, and poison has to find them.
void AddressSpace::forget_extents(DeviceView& view, std::uint64_t begin, std::uint64_t end, std::uint64_t but) {
  while (begin < end) {
    const auto shown = table_.first_shown(view, begin, end, but);
    if (shown.begin < end) {
      shown_twice_.store(true, std::memory_order_relaxed);
    }
    server_.resolver().forget(view, view.faulted(), view.extent_at(begin).value(),
                              (shown.begin - begin) / view.align());
    begin = shown.end;
  }
}

Result<void> AddressSpace::unmap(void* address, std::size_t length) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const TableGuard guard(lock_);
  if (!is_aligned(start, kPageSize) || end <= start) {
    return sys::munmap(address, length);
  }
  return unmap_range(start, end);
}

// do_munmap() of whole pages, of ours and others.
Result<void> AddressSpace::unmap_range(std::uint64_t start, std::uint64_t end) {
  if (auto done = cut(start, end); !done) {
    return done;
  }
  auto done = sys::munmap(pointer(start), end - start);
  if (done) {
    drop(start, end);
    settle(start, end);
  }
  return done;
}

Result<void*> AddressSpace::map_foreign(void* address, std::size_t length, int prot, int flags, int fd,
                                        std::uint64_t offset) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const TableGuard guard(lock_);
  if (is_aligned(start, kPageSize) && end > start && (cuts(start, end) || is_sealed(start, end))) {
    // What is wrong with the call itself is said first (do_mmap); that is the same at any other place.
    auto elsewhere = sys::mmap(nullptr, length, prot, flags & ~(MAP_FIXED | MAP_POPULATE), fd, offset);
    if (!elsewhere) {
      return elsewhere;
    }
    (void)sys::munmap(*elsewhere, length);
    return tl::unexpected(not_replaced(cut(start, end).error())); // as in map_region
  }
  auto mapped = sys::mmap(address, length, prot, flags, fd, offset);
  if (mapped) {
    (void)cut(start, end);
    drop(start, end);
    settle(start, end);
  }
  return mapped;
}

Result<void> AddressSpace::can_replace(const void* address, std::size_t length) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const TableGuard guard(lock_);
  if (!cuts(start, end) && !is_sealed(start, end)) {
    return {};
  }
  return tl::unexpected(not_replaced(cut(start, end).error()));
}

Errno AddressSpace::not_replaced(Errno why) const {
  return why == Errno{EPERM} ? why : Errno{profile().cut_by_mmap};
}

void AddressSpace::replaced(const void* address, std::size_t length) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const TableGuard guard(lock_);
  drop(start, start + align_up(length, kPageSize));
}

} // namespace daxemu::fault
