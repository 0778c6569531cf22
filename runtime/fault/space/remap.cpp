// mremap(2) and remap_file_pages(2) on ranges that have mappings of ours. Page tables are not moved: extents are
// faulted in again at their new place, which the program cannot tell but by the counters.
#include <algorithm>

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/others_memory.hpp"
#include "runtime/fault/memory/pointer.hpp"
#include "runtime/fault/space/remap_call.hpp"
#include "runtime/fault/touches/present_extents.hpp"
#include "runtime/fault/touches/refused_entries.hpp"

namespace daxemu::fault {
// 6.17 and newer move several mappings at once, and holes between them.
bool AddressSpace::spans_several(const Remap& call) {
  const auto mapping = others_mapping_from(call.start);
  return mapping && mapping->end < call.start + call.old_length;
}

// What is at the target is gone when the kernel finds that there is nothing to duplicate: only what is shared is.
bool AddressSpace::is_refused_late(const Remap& call) {
  const auto mapping = call.has(MREMAP_FIXED) && call.old_length == 0 ? others_mapping_from(call.start) : std::nullopt;
  return mapping && !mapping->shared;
}

Result<void*> AddressSpace::remap(void* old_address, std::size_t old_size, std::size_t new_size, int flags,
                                  void* new_address) {
  Remap call{reinterpret_cast<std::uint64_t>(old_address), old_size, new_size, flags,
             reinterpret_cast<std::uint64_t>(new_address)};
  const bool early = profile().mremap_checks_first;
  const bool valid = early || call.is_valid(); // DONTUNMAP compares the lengths as they were given
  call.old_length = align_up(old_size, kPageSize);
  call.length = align_up(new_size, kPageSize);
  if (!valid || call.length == 0 || (early && !call.has_valid_parameters())) {
    return trace::because(EINVAL, trace::Reason::remap_arguments);
  }
  const TableGuard guard(lock_);
  if (profile().mremap_moves_several && call.only_moves()) {
    return remap_several(call);
  }
  if (is_sealed(call.start, call.start + 1)) { // before everything else but the mapping's being there
    return refuse_sealed();
  }
  if (!table_.find(call.start)) {
    if (!all_mapped(call.start, call.start + kPageSize)) {
      return trace::because(EFAULT, trace::Reason::remap_arguments);
    }
    const bool at_target = call.has(MREMAP_FIXED) && table_.overlaps(call.target, call.target + call.length);
    if (!at_target && !table_.overlaps(call.start, call.start + call.old_length) && !spans_several(call) &&
        (early || !is_refused_late(call))) {
      return sys::mremap(old_address, old_size, new_size, flags, new_address);
    }
    if (profile().has_mseal && is_sealed_others(call.start)) {
      return refuse_sealed();
    }
  }
  if (const auto error = early ? cannot_remap(call) : std::nullopt) {
    return tl::unexpected(*error);
  }
  return call.has_target() ? remap_to(call) : remap_in_place(call);
}

// mremap_to(): what is at the target goes first, then what is too much at the source, whatever becomes of the rest.
Result<void*> AddressSpace::remap_to(Remap call) {
  if (!call.has_valid_target()) {
    return trace::because(EINVAL, trace::Reason::remap_arguments);
  }
  if (call.has(MREMAP_FIXED)) {
    if (auto gone = unmap_range(call.target, call.target + call.length); !gone) {
      return tl::unexpected(gone.error());
    }
  }
  if (call.old_length > call.length) {
    if (auto gone = unmap_range(call.start + call.length, call.start + call.old_length); !gone) {
      return tl::unexpected(gone.error());
    }
    call.old_length = call.length;
  }
  if (!table_.find(call.start)) {
    return remap_others(call);
  }
  if (const auto error = cannot_resize(call)) {
    return tl::unexpected(*error);
  }
  Reservation reserved;
  if (!reserved.take(call.target, call.length, call.has(MREMAP_FIXED) ? MAP_FIXED_NOREPLACE : 0)) {
    return trace::because(ENOMEM, trace::Reason::remap_no_room);
  }
  return move(call, reserved.start(), reserved);
}

Result<void*> AddressSpace::remap_in_place(const Remap& call) {
  const std::uint64_t end = call.start + call.length;
  if (call.old_length >= call.length) { // of equal lengths nobody looks at what they span
    if (call.old_length > call.length) {
      if (auto gone = unmap_range(end, call.start + call.old_length); !gone) {
        return tl::unexpected(gone.error());
      }
    }
    return pointer(call.start);
  }
  const auto vma = table_.find(call.start);
  if (!vma) {
    return remap_others(call);
  }
  if (const auto error = cannot_resize(call)) {
    return tl::unexpected(*error);
  }
  if (call.old_length == vma->end - call.start && expand(*vma, end)) {
    return pointer(call.start);
  }
  if (!call.has(MREMAP_MAYMOVE)) {
    return trace::because(ENOMEM, trace::Reason::remap_no_room);
  }
  Reservation reserved;
  const MapRequest request{0, call.length, static_cast<int>(vma->prot), MAP_SHARED,
                           vma->file_offset() + (call.start - vma->start)};
  auto address = find_place(request, vma->view->align(), reserved);
  if (!address) {
    return tl::unexpected(address.error());
  }
  return move(call, *address, reserved);
}

// Others' memory, whatever is to become of it; nothing of ours is at the target any more.
Result<void*> AddressSpace::remap_others(const Remap& call) {
  if (table_.overlaps(call.start, call.start + call.old_length) || spans_several(call)) {
    return trace::because(EFAULT, trace::Reason::remap_arguments); // vma_to_resize: across a boundary
  }
  return ask_kernel_to_remap(call);
}

Result<void*> AddressSpace::ask_kernel_to_remap(const Remap& call) {
  return sys::mremap(pointer(call.start), call.old_length, call.length, call.flags, pointer(call.target));
}

// vma_to_resize()
std::optional<Errno> AddressSpace::cannot_resize(const Remap& call) const {
  const auto vma = table_.find(call.start);
  if (!vma || call.old_length > vma->end - call.start) {
    return Errno{EFAULT};
  }
  const std::uint64_t offset = vma->file_offset() + (call.start - vma->start);
  if (call.length != call.old_length && offset + call.length < offset) {
    return Errno{EINVAL};
  }
  return std::nullopt;
}

// Up to `end`, if nothing is behind it. A part of an extent cannot be faulted in, and leaves nothing of the mapping
// that can (check_vma); what is present stays.
Result<void> AddressSpace::expand(const Vma& vma, std::uint64_t end) {
  Reservation behind;
  if (auto taken = behind.take(vma.end, end - vma.end, MAP_FIXED_NOREPLACE); !taken) {
    return taken;
  }
  Vma more = vma.part(vma.end, end);
  more.flags &= ~kOurFlags;
  const bool whole = is_aligned(end, vma.view->align()) && is_aligned(vma.end, vma.view->align());
  more.flags |= whole && vma.view->alive() ? 0U : kBroken;
  if (auto placed = place(more, true); !placed) {
    return placed;
  }
  behind.keep(more.start, more.end);
  freeze(more.start);
  return {};
}

Result<void*> AddressSpace::move(const Remap& call, std::uint64_t address, Reservation& reserved) {
  const Vma vma = *table_.find(call.start);
  const std::uint64_t align = vma.view->align();
  const std::uint64_t old_end = call.start + call.old_length;
  // move_vma asks may_split for both ends.
  if (!may_split(call.start) || (old_end != vma.end && !is_aligned(old_end, align))) {
    return refuse_cut(may_split(call.start) ? old_end : call.start);
  }
  PresentExtents present;
  // Else no entry survives; one of 1G never does: get_old_pud takes it for a bad table and clears it.
  if (align < kPudSize && is_aligned(address - call.start, align) && is_aligned(call.start, align)) {
    present.note(vma, call.start, old_end);
  }
  RefusedEntries refused;
  refused.note(filler_, vma, call.start, old_end, address);
  Vma moved = vma.part(call.start, call.start + call.length);
  const std::uint64_t file_offset = moved.file_offset();
  moved.skew = static_cast<std::uint32_t>((file_offset - address) & (align - 1));
  moved.offset = file_offset - moved.skew;
  moved.start = address;
  moved.end = address + call.length;
  moved.flags &= ~kOurFlags;
  // A part of an extent at its end leaves nothing in it that can be faulted in (check_vma), but what is present stays:
  // it comes along before that part does. Nobody checks the new place; the faults do.
  const Vma all = moved;
  if (present.any() && align < kPudSize && moved.view->alive()) { // of entries of 1G none does
    moved.end = align_down(moved.end, align);
  }
  moved.flags |= is_whole(moved) && moved.view->alive() ? 0U : kBroken;
  moved.flags |= refused.any() ? kPatched : 0U;
  if (auto placed = place(moved, true); !placed) {
    return tl::unexpected(placed.error());
  }
  reserved.keep(all.start, all.end);
  if (call.old_length != 0 && !call.has(MREMAP_DONTUNMAP)) {
    (void)unmap_range(call.start, old_end);
  } else if (call.old_length != 0) {
    drop_extents(vma, call.start, old_end);
  }
  present.bring_back(server_, moved, address);
  refused.bring_back(filler_, moved, address);
  if (moved.end != all.end) {
    Vma part = all.part(moved.end, all.end);
    part.flags |= kBroken;
    if (auto placed = place(part, true); !placed) {
      return tl::unexpected(placed.error());
    }
  }
  freeze(address);
  moved.view->note_change();
  return pointer(address);
}

// Emulated by the kernel itself by an mmap with MAP_FIXED of the same file.
Result<void> AddressSpace::remap_pages(void* address, std::size_t size, int prot, std::size_t page_offset) {
  const std::uint64_t start = align_down(reinterpret_cast<std::uint64_t>(address), kPageSize);
  const std::uint64_t length = align_down(size, kPageSize);
  const std::uint64_t end = start + length;
  if (prot != 0 || end <= start || page_offset + length / kPageSize < page_offset) {
    return trace::because(EINVAL, trace::Reason::remap_arguments);
  }
  {
    const TableGuard guard(lock_);
    const auto first = table_.find(start);
    if (!first || !first->has(kMayWrite)) { // VM_SHARED
      return trace::because(EINVAL, trace::Reason::remap_arguments);
    }
    for (Vma vma = *first; vma.end < end;) { // all of it of one file and with the same flags
      const auto next = table_.find(vma.end);
      if (!next || next->file != first->file || next->view != first->view || next->prot != first->prot ||
          ((next->flags ^ first->flags) & ~kOurFlags) != 0) {
        return trace::because(EINVAL, trace::Reason::remap_arguments);
      }
      vma = *next;
    }
    const MapRequest request{start, length, static_cast<int>(first->prot), MAP_SHARED | MAP_FIXED,
                             page_offset * kPageSize};
    Vma vma = vma_of(request, start, *first->view);
    vma.flags |= kMayWrite;
    const HeldFile file(files_, table_, first->file);
    vma.file = file.number();
    Reservation none;
    if (auto mapped = map_region(request, vma, none); !mapped) {
      return mapped;
    }
  }
  (void)prefault(start, end); // MAP_POPULATE
  return {};
}

} // namespace daxemu::fault
