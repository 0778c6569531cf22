// How the layout of mappings changes under a call: vma_merge() and split_vma() of mm/mmap.c, and what that means for
// the extents at boundaries.
#include <algorithm>

#include <sys/mman.h>

#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/locked_memory.hpp"
#include "runtime/fault/memory/residence.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/fault/touches/present_extents.hpp"

namespace daxemu::fault {

Result<void> AddressSpace::modify(const Vma& vma, std::uint64_t from, std::uint64_t to, const Vma& like) {
  const Vma part = like.part(from, to);
  if (!table_.join(part)) {
    if (from != vma.start) {
      if (auto done = split(from); !done) {
        return done;
      }
    }
    if (to != vma.end) { // the first split stays if this one is refused
      if (auto done = split(to); !done) {
        settle(from, from);
        return done;
      }
    }
    table_.update(part);
  }
  settle(from, to);
  refuse_joined(from);
  return {};
}

void AddressSpace::refuse_joined(std::uint64_t start) {
  if (const auto now = table_.find(start); now && now->has(kBroken) && !server_.uffd()) {
    refuse_untouched(*now);
  }
}

void AddressSpace::settle(std::uint64_t start, std::uint64_t end) {
  const std::uint64_t from = start == 0 ? 0 : start - 1;
  for (auto vma = table_.first_from(from, end + 1); vma; vma = table_.first_from(vma->end, end + 1)) {
    const bool whole = is_whole(*vma);
    if ((whole && !vma->has(kBroken)) || !vma->view->alive()) {
      continue;
    }
    Vma now = *vma;
    if (whole) {
      now.flags &= ~static_cast<std::uint32_t>(kBroken);
      if (now.has(kPatched)) {
        restore(now);
      }
      table_.update(now);
      continue;
    }
    const std::uint64_t unit = now.view->align();
    const bool fresh = !now.has(kBroken);
    now.flags |= kBroken | kPatched;
    if (fresh && !server_.uffd()) {
      refuse_untouched(now);
    }
    table_.update(now);
    // vma_adjust_trans_huge() leaves an entry of 1G where it is; of this machine's huge pages no mapping has a part.
    const bool stays = unit == kPudSize && !now.view->hugetlb();
    for (const std::uint64_t edge : {now.start, now.end}) {
      if (!stays && !is_aligned(edge, unit)) {
        take_out(align_down(edge, unit), unit);
      }
    }
  }
}

// vma_adjust_trans_huge(): the entry of an extent of 2M that a boundary has moved into goes. Its page may be one huge
// page: it is replaced as a whole, whatever mappings it is in now.
void AddressSpace::take_out(std::uint64_t head, std::uint64_t unit) {
  std::uint64_t covered = head;
  for (auto vma = table_.find(covered); vma && covered < head + unit; vma = table_.find(covered)) {
    covered = std::min(vma->end, head + unit);
  }
  const bool whole = covered == head + unit;
  if (whole) {
    (void)filler_.place(head, unit, PROT_NONE);
  }
  for (auto vma = table_.first_from(head, head + unit); vma; vma = table_.first_from(vma->end, head + unit)) {
    const std::uint64_t begin = std::max(head, vma->start);
    const std::uint64_t length = std::min(head + unit, vma->end) - begin;
    if (whole) {
      (void)sys::mprotect(reinterpret_cast<void*>(begin), length, static_cast<int>(vma->prot));
    } else {
      (void)filler_.place(begin, length, vma->prot);
    }
  }
}

// change_pud_range(), zap_pud_range(): __split_huge_pud() of a device's entry drops it, for all mappings that share it.
void AddressSpace::take_out_cut(std::uint64_t start, std::uint64_t end) {
  for (const std::uint64_t edge : {start, end}) {
    const std::uint64_t head = align_down(edge, kPudSize);
    const auto vma = head == edge ? std::nullopt : table_.first_from(head, head + kPudSize);
    if (!vma || vma->view->align() != kPudSize) {
      continue;
    }
    if (vma->has(kBroken)) {
      take_out(head, kPudSize);
    } else { // the cut has healed meanwhile: it can be faulted in again
      drop_extents(*vma, head, head + kPudSize);
    }
  }
}

void AddressSpace::refuse_untouched(const Vma& vma) {
  const std::uint64_t unit = vma.view->align();
  for (std::uint64_t at = align_down(vma.start, unit); at < vma.end; at += unit) {
    const std::uint64_t begin = std::max(at, vma.start);
    if (!is_present(vma, begin)) {
      (void)filler_.place(begin, std::min(at + unit, vma.end) - begin, vma.prot);
    }
  }
}

// Maps the device's bytes again where filler may be. Poisoned extents are found when they are touched, or
// now where nothing tells of touches.
void AddressSpace::restore(Vma& vma) {
  const std::uint64_t backed = backed_length(vma);
  PresentExtents present;
  present.note(vma, vma.start, vma.end);
  if (backed == 0 || !map_bytes(vma, backed)) {
    return;
  }
  vma.flags &= ~static_cast<std::uint32_t>(kPatched | kRegistered);
  forget_extents(*vma.view, vma.offset, vma.offset + backed, vma.start);
  vma.flags |= engine_.watch(*vma.view, vma.start, backed) ? kRegistered : 0U;
  if (LockedMemory::future()) {
    (void)sys::mprotect(reinterpret_cast<void*>(vma.start), backed, static_cast<int>(vma.prot));
  }
  table_.update(vma);
  present.bring_back(server_, vma, vma.start);
  if (keeps_filler(vma)) { // what was not there cannot become it
    refuse_untouched(vma);
    vma.flags |= kPatched;
    table_.update(vma);
  } else if (!vma.has(kRegistered)) {
    adopt_all(vma, backed);
    vma = table_.find(vma.start).value_or(vma);
  }
}

bool AddressSpace::is_present(const Vma& vma, std::uint64_t address) const {
  const std::uint64_t head = align_down(address, kPudSize);
  if (vma.view->align() < kPudSize || (vma.start <= head && head + kPudSize <= vma.end)) {
    return PresentExtents::has(vma, address);
  }
  const std::uint64_t offset = vma.offset_of(address);
  if (offset >= vma.view->size() ||
      (vma.has(kRegistered) && !vma.view->faulted().test(vma.view->extent_at(offset).value()))) {
    return false;
  }
  for (auto part = table_.first_from(head, head + kPudSize); part;
       part = table_.first_from(part->end, head + kPudSize)) {
    if (part->view == vma.view && part->offset_of(head) == vma.offset_of(head) &&
        any_present(std::max(head, part->start), std::min(head + kPudSize, part->end))) {
      return true;
    }
  }
  return false;
}

} // namespace daxemu::fault
