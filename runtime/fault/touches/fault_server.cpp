#include "runtime/fault/touches/fault_server.hpp"

#include <algorithm>

#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/trace_points.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/touches/page_in.hpp"
#include "runtime/fault/touches/refusal.hpp"

namespace daxemu::fault {

FaultServer::Served FaultServer::serve(std::uint64_t address, bool missing, Caller caller, pid_t thread) {
  const std::uint64_t since = trace::begin();
  const bool may_wait = caller != Caller::handler;
  const bool moves = caller == Caller::mover;
  const bool wants_only_this = moves || caller == Caller::populate;
  const std::uint64_t site = trace::site_of_waiting(thread); // while it still waits
  const auto vma = table_.find(address);
  if (!vma) { // unmapped meanwhile: the touch finds out by itself
    uffd_.wake(align_down(address, kPageSize), kPageSize);
    return Served::present;
  }
  DeviceView& view = *vma->view;
  const std::uint64_t offset = vma->offset_of(address);
  if (offset >= data_end(*vma)) {
    return Served::refused; // filler since it was mapped
  }
  const ExtentIndex extent = view.extent_at(offset);
  const bool fresh = !view.faulted().test(extent.value());
  bool first_here = false;
  // Before anybody can see the page: from then on its bytes are the program's.
  const auto next = caller == Caller::handler ? ahead_.next_of(view, extent) : std::nullopt;
  if (fresh && !refuses(*vma, extent, moves) && !view.bring(extent, next)) {
    return patch(*vma, address, may_wait);
  }
  if (!refuses(*vma, extent, moves)) {
    // The order is note_touch()'s business: first the mark, then the look at the poison flag.
    first_here = view.note_touch(extent);
    if (first_here && !moves) {
      view.note_index(extent, vma->file_offset() + (align_down(address, view.align()) - vma->start));
    }
  }
  if (refuses(*vma, extent, moves)) {
    const Served served = patch(*vma, address, may_wait);
    if (served == Served::refused) {
      view.counters().sigbus.fetch_add(1, std::memory_order_relaxed);
      trace_fault(since, trace::Kind::sigbus, *vma, address, thread, site);
    }
    return served;
  }
  view.counters().faults.fetch_add(1, std::memory_order_relaxed);
  if (!wants_only_this) {
    ahead_.map(uffd_, *vma, address, caller == Caller::handler); // first: whoever touched here touches there next
  }
  if (first_here) { // before the program can go on, and end: a plugin is to have heard of it by then
    view.tell_mapped(extent);
  }
  // Noted before the program can go on, and end; its length is put right afterwards.
  const std::uint64_t noted = trace_fault(since, trace::Kind::fault, *vma, address, thread, site);
  const Resolver::Outcome outcome = resolver_.resolve(uffd_, *vma, view.faulted(), address, missing, first_here);
  if (outcome == Resolver::Outcome::resolved) {
    if (wants_only_this && !view.one_page_extents()) {
      (void)fault_in_page(*vma, address);
    }
    trace_fault(since, trace::Kind::fault, *vma, address, thread, site, noted);
    return Served::present;
  }
  if (outcome == Resolver::Outcome::no_memory && (may_wait || Resolver::leave_to_kernel(uffd_, address))) {
    view.counters().sigbus.fetch_add(1, std::memory_order_relaxed);
    trace_fault(since, trace::Kind::sigbus, *vma, address, thread, site, noted);
    return Served::refused; // by the kernel, or by whoever asks; nothing is taken out, it may be tried again
  }
  return patch(*vma, address, may_wait);
}

FaultServer::Served FaultServer::patch(const Vma& vma, std::uint64_t address, bool may_wait) {
  const std::uint64_t unit = vma.view->align();
  const SignalsBlocked quiet;
  const bool nested = lock_.held_by_me();
  if (!nested) {
    if (may_wait) {
      lock_.lock();
    } else if (!lock_.try_lock()) {
      return Served::busy;
    }
  }
  Served served = Served::present;
  auto now = table_.find(address);
  const bool still_there = now && now->view == vma.view && now->offset_of(address) == vma.offset_of(address);
  if (still_there) {
    // A misaligned mapping may begin or end inside the extent.
    const std::uint64_t offset = align_down(now->offset_of(address), unit);
    const std::uint64_t begin = offset <= now->offset ? now->start : now->start + (offset - now->offset);
    const std::uint64_t end = std::min(now->start + (offset + unit - now->offset), now->end);
    if (filler_.place(begin, end - begin, now->prot)) {
      served = Served::refused;
      now->flags |= kPatched;
      table_.update(*now);
      if (uffd_) {
        uffd_.wake(begin, end - begin);
      }
    } else {
      served = Served::busy; // no memory for a mapping: it may come back
    }
  } else if (uffd_) {
    uffd_.wake(align_down(address, kPageSize), kPageSize); // the touch finds out by itself what is there now
  }
  if (!nested) {
    lock_.unlock();
  }
  return served;
}

} // namespace daxemu::fault
