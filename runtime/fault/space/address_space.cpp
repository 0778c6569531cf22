// What is where, and touches by whoever wants them served.
#include "runtime/fault/space/address_space.hpp"

#include <algorithm>

#include <sys/mman.h>

#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/others_memory.hpp"
#include "runtime/fault/memory/pointer.hpp"
#include "runtime/fault/memory/residence.hpp"
#include "runtime/fault/touches/page_in.hpp"
#include "runtime/fault/touches/refusal.hpp"

namespace daxemu::fault {
namespace {

tl::unexpected<Errno> refuse_fault_in(std::uint64_t address) {
  return trace::because(EFAULT, {.reason = trace::Reason::fault_in_refused, .a = address});
}

// Can nothing more be faulted in?
bool is_frozen(const Vma& vma) {
  return vma.has(kBroken) || lacks_huge_pages(vma);
}

} // namespace

std::optional<Place> AddressSpace::find(const void* address) const noexcept {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = table_.find(at);
  if (!vma) {
    return std::nullopt;
  }
  return Place{&vma->view->device(), ByteOffset(vma->offset_of(at)), vma->prot, vma->has(kMayWrite),
               vma->start,           vma->end - vma->start};
}

std::optional<Piece> AddressSpace::first_piece(std::uint64_t start, std::uint64_t end) const noexcept {
  const auto vma = start < end ? table_.first_from(start, end) : std::nullopt;
  if (!vma) {
    return std::nullopt;
  }
  const std::uint64_t from = std::max(start, vma->start);
  return Piece{vma->view,
               from,
               std::min(end, vma->end),
               vma->offset_of(from),
               vma->prot,
               vma->file_offset() + (from - vma->start)};
}

bool AddressSpace::resolve(const void* address) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = table_.find(at);
  return vma && vma->has(kRegistered) && !lock_.held_by_me() &&
         server_.serve(at, false, FaultServer::Caller::toucher) == FaultServer::Served::present;
}

PoisonHit AddressSpace::poison_at(const void* address) const noexcept {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = table_.find(at);
  if (!vma || vma->has(kBroken) || vma->offset_of(at) >= data_end(*vma)) {
    return {};
  }
  const std::uint64_t offset = align_down(vma->offset_of(at), vma->view->align());
  if (!vma->view->alive() || (vma->view->folio(vma->view->extent_at(offset)).flags.load() & mm::kFolioHwpoison) == 0) {
    return {};
  }
  return {pointer(vma->start + (offset - vma->offset)), static_cast<short>(log2_of(vma->view->align()))};
}

trace::Why AddressSpace::why_sigbus(const void* address) const noexcept {
  using trace::Reason;
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = table_.find(at);
  if (!vma) {
    return {};
  }
  const DeviceView& view = *vma->view;
  const std::uint64_t offset = vma->offset_of(at);
  trace::Why why{.a = offset, .b = view.align(), .minor = view.device().minor};
  if (offset >= data_end(*vma) && view.alive() && !vma->has(kBroken)) {
    why.reason = Reason::touch_beyond_end;
    why.a = offset >> kPageShift; // as the kernel says it
    return why;
  }
  const Reason refused = refusal_of(*vma, view.extent_at(std::min(offset, view.size() - 1)));
  why.reason = refused == Reason::none ? Reason::touch_no_memory : refused;
  if (refused == Reason::touch_unaligned) {
    why = {.reason = refused, .a = vma->start, .b = vma->end, .c = view.align() - 1, .minor = why.minor};
  }
  return why;
}

trace::Why AddressSpace::why_efault(const void* address, std::size_t length) const noexcept {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + length < start ? UINT64_MAX : start + length;
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    const DeviceView& view = *vma->view;
    for (std::uint64_t at = std::max(start, vma->start); at < std::min(end, vma->end);) {
      const std::uint64_t offset = vma->offset_of(at);
      if (offset >= data_end(*vma) || refuses(*vma, view.extent_at(std::min(offset, view.size() - 1)))) {
        return why_sigbus(reinterpret_cast<const void*>(at)); // NOLINT(performance-no-int-to-ptr)
      }
      at += view.align() - offset % view.align();
    }
  }
  return {};
}

bool AddressSpace::pretouch(const void* address, std::size_t length, int right) noexcept {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + length < start ? UINT64_MAX : start + length;
  // Else what was faulted in may have been so by another mapping.
  const bool alone = table_.size() == 1 && !shown_twice_.load(std::memory_order_relaxed);
  std::uint64_t reached = start;
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    DeviceView& view = *vma->view;
    const std::uint64_t others = align_down(reached, kPageSize);
    if (vma->start > reached && !others_reachable(others, vma->start, right) &&
        ((right & kPresentDoes) == 0 || !all_present(others, vma->start))) {
      return false;
    }
    reached = vma->end;
    const bool may = (vma->prot & static_cast<unsigned>(right)) != 0;
    if (!may && ((right & kPresentDoes) == 0 || (vma->prot & PROT_WRITE) == 0)) {
      return false; // the kernel stops here
    }
    const std::uint64_t to = std::min(vma->end, end);
    for (std::uint64_t at = std::max(start, vma->start); at < to;) {
      const std::uint64_t offset = vma->offset_of(at);
      if (!may || is_frozen(*vma)) {
        if (!is_present(*vma, at)) {
          return false;
        }
      } else if (!alone || offset >= data_end(*vma) || !view.faulted().test(view.extent_at(offset).value())) {
        if (server_.serve(at, false, FaultServer::Caller::populate) != FaultServer::Served::present) {
          return false;
        }
      }
      at += view.align() - (offset & (view.align() - 1));
    }
  }
  return true;
}

void AddressSpace::find_writable(const void* address, std::size_t length) noexcept {
  const std::uint64_t start = align_down(reinterpret_cast<std::uint64_t>(address), kPageSize);
  const std::uint64_t end = align_up(reinterpret_cast<std::uint64_t>(address) + length, kPageSize);
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    if ((vma->prot & (PROT_READ | PROT_WRITE)) != PROT_WRITE) {
      continue;
    }
    for (std::uint64_t at = std::max(start, vma->start); at < std::min(vma->end, end); at += kPageSize) {
      if (is_present(*vma, at)) {
        (void)fault_in_page(*vma, at);
      }
    }
  }
}

Result<void> AddressSpace::prefault(std::uint64_t start, std::uint64_t end, bool forced) {
  for (std::uint64_t at = start; at < end;) {
    const auto vma = table_.find(at);
    if (!vma) {
      return fail(ENOMEM);
    }
    const std::uint64_t unit = vma->view->align();
    const std::uint64_t offset = vma->offset_of(at);
    if (offset >= data_end(*vma) || (vma->prot == PROT_NONE && !forced) || !vma->view->alive()) {
      return refuse_fault_in(at);
    }
    if (is_frozen(*vma)) { // what is present stays, the rest cannot become it
      if (!is_present(*vma, at)) {
        return refuse_fault_in(at);
      }
      at += unit - (offset & (unit - 1));
      continue;
    }
    if (server_.uffd()) {
      if (server_.serve(at, true, FaultServer::Caller::populate) != FaultServer::Served::present) {
        return refuse_fault_in(at);
      }
    } else if ((vma->view->folio(vma->view->extent_at(offset)).flags.load() & mm::kFolioHwpoison) != 0) {
      return refuse_fault_in(at);
    }
    // Where a touch was refused before, filler may lie whatever advice came since (advise.cpp).
    const bool check = !server_.uffd() || vma->has(kPatched);
    if (check && !fault_in_page(*vma, at)) {
      return refuse_fault_in(at);
    }
    at += unit - (offset & (unit - 1));
  }
  return {};
}

// check_vma_flags(): FOLL_FORCE needs no right to read, and what is shared and not writable it does not write to.
void AddressSpace::prefault_forced(const void* address, std::size_t length, bool writes) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + length < start ? UINT64_MAX : start + length;
  for (auto vma = table_.find(start); vma && vma->start < end; vma = table_.find(vma->end)) {
    const bool may = !writes || (vma->prot & PROT_WRITE) != 0;
    if (!may || !prefault(std::max(vma->start, start), std::min(vma->end, end), true)) {
      return;
    }
  }
}

} // namespace daxemu::fault
