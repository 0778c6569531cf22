// madvise(2) on ranges that have mappings of ours.
#include <algorithm>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/store/generation.hpp"
#include "runtime/fault/address_space.hpp"
#include "runtime/fault/advice_table.hpp"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace daxemu::fault {
namespace {

Result<void> ask_kernel(std::uint64_t start, std::uint64_t end, int advice) {
  return sys::madvise(reinterpret_cast<void*>(start), end - start, advice);
}

bool may_administer() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (!sys::call(SYS_capget, reinterpret_cast<long>(&header), reinterpret_cast<long>(data))) {
    return false;
  }
  return (data[0].effective >> CAP_SYS_ADMIN & 1U) != 0;
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
  // madvise goes from mapping to mapping; a hole is remembered and passed over, a refusal ends it.
  Result<void> outcome;
  std::uint64_t at = start;
  while (at < end) {
    const auto vma = table_.first_from(at, end);
    const std::uint64_t foreign_end = vma ? std::max(vma->start, at) : end;
    if (at < foreign_end) {
      auto done = ask_kernel(at, foreign_end, advice);
      if (!done && done.error() != Errno{ENOMEM}) {
        return done;
      }
      outcome = done ? outcome : done;
    }
    at = foreign_end;
    if (vma) {
      const std::uint64_t to = std::min(vma->end, end);
      if (auto done = advise_one(*vma, at, to, rule); !done) {
        return done;
      }
      at = to;
    }
  }
  return outcome;
}

Result<void> AddressSpace::advise_one(const Vma& vma, std::uint64_t from, std::uint64_t to, const AdviceRule& rule) {
  switch (rule.effect) {
  case AdviceEffect::nothing:
    return {};
  case AdviceEffect::refuse:
    return fail(rule.code);
  case AdviceEffect::remove:
    return fail(vma.has(kMayWrite) && (vma.prot & PROT_WRITE) != 0 ? ENODEV : EACCES);
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
  if (cuts(from, to)) {
    return fail(EINVAL);
  }
  for (const std::uint64_t edge : {from, to}) {
    if (auto split = table_.split(edge); !split) {
      return split;
    }
  }
  Vma changed = *table_.find(from);
  changed.flags = flags;
  if (rule.native) {
    if (auto told = ask_kernel(from, to, rule.advice); !told) {
      return told;
    }
  }
  if (rule.advice == MADV_HUGEPAGE && changed.has(kPatched) && !changed.has(kBroken)) {
    restore(changed); // touches refused while it was MADV_NOHUGEPAGE have left filler
  }
  table_.update(changed);
  table_.merge(from);
  table_.merge(to);
  return {};
}

// Maps the device's bytes again where filler may be. Poisoned extents are found when they are touched.
void AddressSpace::restore(Vma& vma) {
  const std::uint64_t backed = backed_length(vma);
  if (backed == 0 || !sys::mmap(reinterpret_cast<void*>(vma.start), backed, static_cast<int>(vma.prot),
                                MAP_SHARED | MAP_FIXED | MAP_NORESERVE, vma.view->fd(), vma.offset)) {
    return;
  }
  vma.flags &= ~static_cast<std::uint32_t>(kPatched | kRegistered);
  forget_extents(*vma.view, vma.offset, vma.offset + backed, vma.start);
  vma.flags |= engine_.watch(*vma.view, vma.start, backed) ? kRegistered : 0U;
}

// A huge entry is zapped whole, whatever part of it was named.
void AddressSpace::drop_extents(const Vma& vma, std::uint64_t from, std::uint64_t to) {
  if (vma.has(kBroken)) {
    return;
  }
  const std::uint64_t unit = vma.view->align();
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
    (void)engine_.watch(*vma.view, begin, end - begin); // touched extents had left the userfaultfd
  }
}

Result<void> AddressSpace::populate(std::uint64_t start, std::uint64_t end, int advice) {
  const auto needed = static_cast<std::uint32_t>(advice == MADV_POPULATE_WRITE ? PROT_WRITE : PROT_READ | PROT_WRITE);
  for (std::uint64_t at = start; at < end;) {
    const auto vma = table_.first_from(at, end);
    const std::uint64_t foreign_end = vma ? std::max(vma->start, at) : end;
    if (at < foreign_end) {
      if (auto done = ask_kernel(at, foreign_end, advice); !done) {
        return done;
      }
    }
    at = foreign_end;
    if (vma) {
      if ((vma->prot & needed) == 0) {
        return fail(EINVAL);
      }
      const std::uint64_t to = std::min(vma->end, end);
      if (auto done = prefault(at, to); !done) {
        return done;
      }
      at = to;
    }
  }
  return {};
}

// madvise_inject_error: for each folio of the range, get it (so it is faulted in), then memory_failure() or
// soft_offline_page(). On device-dax the caller gets SIGBUS for its mapping of the folio at once, the folio's entries
// are gone from all page tables, and the next touch maps it again: MADV_HWPOISON marks no memory bad (guest, poison.*).
Result<void> AddressSpace::inject_failure(std::uint64_t start, std::uint64_t end, bool soft, PoisonHit* hit) {
  if (!may_administer()) {
    return fail(EPERM);
  }
  bool failed = false;
  for (std::uint64_t at = start; at < end;) {
    const auto vma = table_.find(at);
    if (!vma) {
      return fail(ENOTSUP); // an ordinary page behind ours: not for us to offline
    }
    if (auto present = prefault(at, at + 1); !present) {
      return present;
    }
    if (soft) {
      return fail(EIO);
    }
    const std::uint64_t unit = vma->view->align();
    const std::uint64_t head = vma->start + (align_down(vma->offset_of(at), unit) - vma->offset);
    {
      const TableGuard guard(lock_);
      drop_extents(*vma, head, head + unit);
    }
    vma->view->failures().note(vma->view->extent_at(vma->offset_of(head)), sys::getpid());
    failed = true;
    if (hit->address == nullptr) { // a second SIGBUS would be dropped while the first is pending
      *hit = {reinterpret_cast<void*>(head), static_cast<short>(log2_of(unit))};
    }
    at += unit;
  }
  if (failed) { // other processes: their entries go, and who asked is told (guest, early kill)
    store::await_followers(*store_, store::announce(store_->platform()));
  }
  return {};
}

} // namespace daxemu::fault
