// madvise(2) on ranges that have mappings of ours.
#include <algorithm>

#include <sys/mman.h>

#include "runtime/fault/mappings/advice_table.hpp"
#include "runtime/fault/mappings/core_filter.hpp"
#include "runtime/fault/mappings/range_walk.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/others_memory.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/fault/touches/present_extents.hpp"
#include "runtime/fault/touches/refusal.hpp"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace daxemu::fault {
namespace {

Result<void> ask_kernel(std::uint64_t start, std::uint64_t end, int advice) {
  return sys::madvise(reinterpret_cast<void*>(start), end - start, advice);
}

} // namespace

Result<void> AddressSpace::advise(void* address, std::size_t length, int advice, PoisonHit* hit) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  if (!is_aligned(start, kPageSize) || end <= start) {
    const bool nothing = length == 0 && is_aligned(start, kPageSize) && rule_of(advice).effect != AdviceEffect::refuse;
    return nothing ? Result<void>() : sys::madvise(address, length, advice);
  }
  const AdviceRule rule = rule_of(advice);
  if (rule.effect == AdviceEffect::poison || rule.effect == AdviceEffect::soft_offline) {
    return inject_failure(start, start + length, rule.effect == AdviceEffect::soft_offline, hit);
  }
  if (rule.effect == AdviceEffect::populate) { // without the lock: it faults
    return populate(start, end, advice);
  }
  const TableGuard guard(lock_);
  // madvise_walk_vmas goes from mapping to mapping; a hole is remembered and passed over, a refusal ends it.
  Result<void> outcome;
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    auto done =
        part->vma ? advise_one(*part->vma, part->start, part->end, rule) : ask_kernel(part->start, part->end, advice);
    if (!done && (part->vma || done.error() != Errno{ENOMEM})) {
      return done;
    }
    outcome = done ? outcome : done;
  }
  return outcome;
}

Result<void> AddressSpace::advise_one(const Vma& vma, std::uint64_t from, std::uint64_t to, const AdviceRule& rule) {
  switch (rule.effect) {
  case AdviceEffect::nothing:
    return {};
  case AdviceEffect::refuse:
    return trace::because(rule.code, {.reason = trace::Reason::advice_refused,
                                      .a = static_cast<std::uint64_t>(rule.advice),
                                      .minor = vma.view->device().minor});
  case AdviceEffect::remove:
    return vma.has(kMayWrite)
               ? trace::because(ENODEV, trace::Reason::no_fallocate_to_remove)
               : trace::because(EACCES, trace::Reason::protect_not_writable); // vfs_fallocate; vma_is_shared_maywrite
  case AdviceEffect::drop:
    drop_extents(vma, from, to);
    return {};
  default:
    return change_flags(vma, from, to, rule);
  }
}

Result<void> AddressSpace::change_flags(const Vma& vma, std::uint64_t from, std::uint64_t to, const AdviceRule& rule) {
  const std::uint32_t flags = (vma.flags & ~rule.clear) | rule.set;
  if (flags == vma.flags) { // madvise_update_vma: nothing changes, nothing is split
    return {};
  }
  Vma like = vma;
  like.flags = flags;
  if (auto done = modify(vma, from, to, like); !done) {
    return done;
  }
  // What a core dump leaves out by the filter stays out.
  const int advice = rule.advice == MADV_DODUMP && !CoreFilter::dumps(like) ? MADV_DONTDUMP : rule.advice;
  if (rule.native) {
    (void)ask_kernel(from, to, advice); // which cannot split a huge page where a boundary has moved into one
  }
  if (rule.advice == MADV_NOHUGEPAGE) {
    freeze(from);
  }
  if (rule.advice == MADV_HUGEPAGE) {
    if (auto now = table_.find(from); now) {
      allow_again(*now);
    }
  }
  return {};
}

// A refused touch of an extent of 1G has left a page table in the place of its entry, which stays. Only the handler
// hears of such touches; with the other engines there were none, for they seldom are survived.
void AddressSpace::allow_again(Vma& vma) {
  const bool stays = vma.view->align() == kPudSize && engine_.kind() == store::EngineKind::handler;
  if (vma.has(kPatched) && !vma.has(kBroken) && !lacks_huge_pages(vma) && !stays) {
    restore(vma);
    table_.update(vma);
  }
}

// All mappings at once are as under MADV_NOHUGEPAGE, whatever their own advice (MMF_DISABLE_THP).
void AddressSpace::follow_huge_pages() {
  const TableGuard guard(lock_);
  const bool before = WholeProcess::huge_pages_off();
  WholeProcess::look();
  const bool off = WholeProcess::huge_pages_off();
  for (std::size_t at = 0; off != before && at < table_.size(); ++at) {
    Vma vma = table_.at(at);
    if (off) {
      freeze(vma.start);
    } else {
      allow_again(vma);
    }
  }
}

void AddressSpace::freeze(std::uint64_t address) {
  auto now = table_.find(address);
  if (now && keeps_filler(*now)) {
    refuse_untouched(*now);
    now->flags |= kPatched;
    table_.update(*now);
  }
}

bool AddressSpace::keeps_filler(const Vma& vma) const {
  return !server_.uffd() && lacks_huge_pages(vma);
}

// A huge entry is zapped whole, whatever part of it was named.
void AddressSpace::drop_extents(const Vma& vma, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t unit = vma.view->align();
  if (vma.has(kBroken)) { // what goes there does not come back
    const std::uint64_t head = std::max(align_down(from, unit), vma.start);
    (void)filler_.place(head, std::min(align_up(to, unit), vma.end) - head, vma.prot);
    if (unit == kPudSize) {
      take_out_cut(std::max(from, vma.start), std::min(to, vma.end));
    }
    return;
  }
  const std::uint64_t backed = vma.start + backed_length(vma);
  const std::uint64_t begin = std::max(align_down(from, unit), vma.start);
  const std::uint64_t end = std::min(align_up(to, unit), backed);
  if (begin >= end) {
    return;
  }
  (void)ask_kernel(begin, end, MADV_DONTNEED); // kernels before 5.18 refuse it on hugetlb; the data stays either way
  forget_extents(*vma.view, vma.offset_of(begin), vma.offset_of(end), vma.start);
  if (vma.view->hugetlb()) {
    vma.view->note_change(); // DirtyTracker takes a missing entry for one that never was
  }
  if (vma.has(kRegistered) && !vma.view->one_page_extents()) {
    (void)engine_.watch(*vma.view, begin, end - begin);     // touched extents had left the userfaultfd
  } else if (!vma.has(kRegistered) && !keeps_filler(vma)) { // the kernel brings them back, and says nothing of it
    Vma part = vma;
    part.start = begin;
    part.offset = vma.offset_of(begin);
    adopt_all(part, end - begin);
  }
  freeze(vma.start);
}

// Today's kernel stops at a hole, that of 6.1 goes on behind it (Profile::populate_ends_at_hole).
Result<void> AddressSpace::populate_others(std::uint64_t start, std::uint64_t end, int advice) {
  Result<void> outcome;
  for (std::uint64_t at = start; at < end;) {
    auto done = ask_kernel(at, end, advice);
    if (done || done.error() != Errno{ENOMEM} || profile().populate_ends_at_hole) {
      return done ? outcome : done;
    }
    outcome = done;
    const TableGuard guard(lock_);
    const auto here = others_mapping_from(at);
    if (!here) {
      return outcome;
    }
    if (here->start > at) { // a hole right here
      at = here->start;
      continue;
    }
    const auto next = others_mapping_from(here->end);
    at = next ? next->start : end;
  }
  return outcome;
}

// madvise_populate: a mapping that lacks the right is EINVAL, what a touch would be SIGBUS for is EFAULT; both end it.
Result<void> AddressSpace::populate(std::uint64_t start, std::uint64_t end, int advice) {
  const auto needed = static_cast<std::uint32_t>(advice == MADV_POPULATE_WRITE ? PROT_WRITE : PROT_READ);
  Result<void> outcome;
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    if (part->vma && (part->vma->prot & needed) == 0) {
      return trace::because(EINVAL, trace::Reason::populate_no_right);
    }
    auto done = part->vma ? prefault(part->start, part->end) : populate_others(part->start, part->end, advice);
    if (!done && (part->vma || done.error() != Errno{ENOMEM} || profile().populate_ends_at_hole)) {
      return done;
    }
    outcome = done ? outcome : done;
  }
  return outcome;
}

} // namespace daxemu::fault
