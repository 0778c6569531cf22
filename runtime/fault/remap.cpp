// mremap(2) and remap_file_pages(2) of mappings of ours. Page tables are not moved: extents are faulted in again at
// their new place, which the program cannot tell but by the counters.
#include <algorithm>

#include <sys/mman.h>

#include "runtime/fault/address_space.hpp"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

namespace daxemu::fault {
namespace {

constexpr int kKnown = MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP;

void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(address);
}

// The checks of sys_mremap before it looks at any mapping, in its order.
bool is_valid(std::uint64_t old_start, std::uint64_t old_length, std::uint64_t new_length, int flags,
              std::uint64_t new_start) {
  if ((flags & ~kKnown) != 0 || ((flags & MREMAP_FIXED) != 0 && (flags & MREMAP_MAYMOVE) == 0)) {
    return false;
  }
  if ((flags & MREMAP_DONTUNMAP) != 0 && ((flags & MREMAP_MAYMOVE) == 0 || old_length != new_length)) {
    return false;
  }
  if (!is_aligned(old_start, kPageSize) || new_length == 0) {
    return false;
  }
  if ((flags & MREMAP_FIXED) != 0) { // mremap_to
    if (new_length > kTaskSize || new_start > kTaskSize - new_length) {
      return false;
    }
    const bool overlap = old_start + old_length > new_start && new_start + new_length > old_start;
    return is_aligned(new_start, kPageSize) && !overlap;
  }
  return true;
}

} // namespace

Result<void*> AddressSpace::remap(void* old_address, std::size_t old_size, std::size_t new_size, int flags,
                                  void* new_address) {
  const auto start = reinterpret_cast<std::uint64_t>(old_address);
  const auto target = reinterpret_cast<std::uint64_t>(new_address);
  std::uint64_t old_length = align_up(old_size, kPageSize);
  const std::uint64_t length = align_up(new_size, kPageSize);
  if (!is_valid(start, old_length, length, flags, target)) {
    return fail(EINVAL);
  }
  const TableGuard guard(lock_);
  const auto vma = table_.find(start);
  if (!vma) { // something else, moved over a mapping of ours
    if ((flags & MREMAP_FIXED) != 0 && cuts(target, target + length)) {
      return fail(EINVAL);
    }
    auto moved = sys::mremap(old_address, old_size, new_size, flags, new_address);
    if (moved && (flags & MREMAP_FIXED) != 0) {
      drop(target, target + length);
    }
    return moved;
  }
  const bool moves = (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0;
  if ((flags & MREMAP_FIXED) != 0 && cuts(target, target + length)) {
    return fail(EINVAL);
  }
  if (old_length > length) { // the surplus goes first, whatever becomes of the rest
    if (cuts(start + length, start + old_length)) {
      return fail(EINVAL);
    }
    if (auto gone = sys::munmap(pointer(start + length), old_length - length); !gone) {
      return tl::unexpected(gone.error());
    }
    drop(start + length, start + old_length);
    if (!moves) {
      return old_address;
    }
    old_length = length;
  }
  if (old_length == length && !moves) {
    return old_address; // whatever old_length is: nobody looks
  }
  if (old_length > vma->end - start) {
    return fail(EFAULT);
  }
  if (!moves && old_length == vma->end - start && old_length != 0 && grow(*vma, length - old_length)) {
    return old_address;
  }
  if ((flags & MREMAP_MAYMOVE) == 0) {
    return fail(ENOMEM);
  }
  return move(*vma, start, old_length, length, flags, target);
}

// In place, if nothing is behind it.
bool AddressSpace::grow(const Vma& vma, std::uint64_t by) {
  Reservation behind;
  if (!behind.take(vma.end, by, MAP_FIXED_NOREPLACE)) {
    return false;
  }
  Vma more = vma;
  more.start = vma.end;
  more.end = vma.end + by;
  more.offset = vma.offset_of(vma.end);
  more.flags &= ~static_cast<std::uint32_t>(kPatched | kRegistered);
  // A part of an extent cannot be faulted in, and leaves nothing of the mapping that can (check_vma); what is present
  // stays.
  const bool odd = !is_aligned(more.end, vma.view->align());
  more.flags |= odd ? kBroken : 0U;
  if (!place(more)) {
    return false;
  }
  behind.keep(more.start, more.end);
  if (odd) {
    Vma broken = *table_.find(vma.start);
    broken.flags |= kBroken;
    if (vma.view->align() == kPudSize) { // what is present does not stay at 1G (guest, mremap.grow.4k)
      (void)filler_.place(vma.start, vma.end - vma.start, vma.prot);
    }
    table_.update(broken);
    table_.merge(vma.end);
  }
  return true;
}

Result<void*> AddressSpace::move(const Vma& vma, std::uint64_t start, std::uint64_t old_length, std::uint64_t length,
                                 int flags, std::uint64_t target) {
  const std::uint64_t align = vma.view->align();
  const bool keeps_old = old_length == 0 || (flags & MREMAP_DONTUNMAP) != 0;
  if (cuts(start, start + old_length)) { // move_vma asks may_split for both ends
    return fail(EINVAL);
  }
  Reservation reserved;
  MapRequest request{target, length, static_cast<int>(vma.prot), MAP_SHARED, vma.offset_of(start)};
  request.flags |= (flags & MREMAP_FIXED) != 0 ? MAP_FIXED : 0;
  request.hint = (flags & MREMAP_FIXED) != 0 ? target : 0;
  auto address = find_place(request, align, reserved);
  if (!address) {
    return tl::unexpected(address.error());
  }
  if (!reserved) {
    drop(*address, *address + length);
  }
  Vma moved = vma;
  moved.start = *address;
  moved.end = *address + length;
  moved.offset = vma.offset_of(start);
  moved.flags &= ~static_cast<std::uint32_t>(kPatched | kRegistered);
  if (!is_aligned(moved.start, align) || !is_aligned(moved.end, align)) {
    moved.flags |= kBroken; // nobody checks the new place; the faults do
  }
  if (auto placed = place(moved); !placed) {
    return tl::unexpected(placed.error());
  }
  reserved.keep(moved.start, moved.end);
  if (!keeps_old) {
    if (sys::munmap(pointer(start), old_length)) {
      drop(start, start + old_length);
    }
  }
  moved.view->note_change();
  return pointer(*address);
}

// Emulated by the kernel itself by an mmap with MAP_FIXED of the same file.
Result<void> AddressSpace::remap_pages(void* address, std::size_t size, int prot, std::size_t page_offset) {
  const std::uint64_t start = align_down(reinterpret_cast<std::uint64_t>(address), kPageSize);
  const std::uint64_t length = align_down(size, kPageSize);
  if (prot != 0 || start + length <= start) {
    return fail(EINVAL);
  }
  const TableGuard guard(lock_);
  const auto vma = table_.find(start);
  if (!vma || start + length > vma->end) {
    return fail(EINVAL);
  }
  if (cuts(start, start + length)) {
    return fail(ENOMEM);
  }
  Vma again = *vma;
  again.start = start;
  again.end = start + length;
  again.offset = page_offset * kPageSize;
  again.flags &= kMayWrite | kHuge | kNoHuge;
  again.flags |= is_aligned(again.offset, vma->view->align()) ? 0U : kBroken;
  drop(start, start + length);
  auto placed = place(again);
  again.view->note_change();
  return placed;
}

} // namespace daxemu::fault
