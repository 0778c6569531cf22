// mlock, msync, mincore and mbind on ranges that have mappings of ours: calls that only look at them, or at their data.
#include <algorithm>
#include <cstring>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/fault/mappings/range_walk.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/locked_memory.hpp"
#include "runtime/fault/memory/residence.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {
namespace {

constexpr int kOnFault = 1; // MLOCK_ONFAULT

Result<void> quiet(const Result<long>& result) {
  if (!result) {
    return tl::unexpected(result.error());
  }
  return {};
}
Result<void> kernel_lock(std::uint64_t start, std::uint64_t end, int flags) {
  return quiet(sys::call(SYS_mlock2, static_cast<long>(start), static_cast<long>(end - start), flags));
}
Result<void> kernel_sync(std::uint64_t start, std::uint64_t length, int flags) {
  return quiet(sys::call(SYS_msync, static_cast<long>(start), static_cast<long>(length), flags));
}

} // namespace

void AddressSpace::locked_all(int flags) {
  LockedMemory::note(flags);
  if ((flags & MCL_CURRENT) == 0) {
    return;
  }
  {
    const TableGuard guard(lock_);
    for (std::size_t at = 0; at < table_.size(); ++at) {
      const Vma vma = table_.at(at);
      (void)sys::call(SYS_munlock, static_cast<long>(vma.start), static_cast<long>(vma.end - vma.start));
    }
  }
  // With MCL_ONFAULT too (LockedMemory).
  RangeWalk walk(table_, 0, kTaskSize);
  while (const auto part = walk.next()) {
    if (part->vma) {
      (void)prefault(part->start, part->end); // as mm_populate: what cannot be faulted in is no error
      trace::forget_why();
    }
  }
}

// mlock_fixup leaves dax mappings alone and counts nothing, but the range is populated all the same, and the limit is
// looked at first.
Result<void> AddressSpace::lock_memory(const void* address, std::size_t length, int flags) {
  if ((flags & ~kOnFault) != 0) {
    return fail(EINVAL);
  }
  const auto given = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t start = align_down(given, kPageSize);
  const std::uint64_t end = align_up(given + length, kPageSize);
  if (end <= start) {
    return kernel_lock(given, given + length, flags);
  }
  {
    Reservation trial;
    if (auto allowed = trial.take(0, end - start, MAP_LOCKED); !allowed) {
      return fail(allowed.error() == Errno{EPERM} ? EPERM : ENOMEM);
    }
  }
  // apply_vma_lock_flags first, for all of it: at a hole that ends it, and nothing is faulted in.
  RangeWalk flags_first(table_, start, end);
  while (const auto part = flags_first.next()) {
    if (!part->vma) {
      if (auto done = kernel_lock(part->start, part->end, kOnFault); !done) {
        return done;
      }
    }
  }
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    if (!part->vma) {
      if (auto done = kernel_lock(part->start, part->end, flags); !done) {
        return done;
      }
    } else if (!prefault(part->start, part->end)) {
      return trace::because(ENOMEM,
                            {.reason = trace::Reason::mlock_refused, .a = part->start}); // __mlock_posix_error_return
    }
  }
  return {};
}

Result<void> AddressSpace::sync(void* address, std::size_t length, int flags) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  constexpr int kKnown = MS_ASYNC | MS_INVALIDATE | MS_SYNC;
  if ((flags & ~kKnown) != 0 || !is_aligned(start, kPageSize) || end <= start ||
      ((flags & MS_ASYNC) != 0 && (flags & MS_SYNC) != 0)) {
    return kernel_sync(start, length, flags);
  }
  Result<void> outcome;
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    if (!part->vma) {
      auto done = kernel_sync(part->start, part->end - part->start, flags);
      if (!done && (done.error() != Errno{ENOMEM} || flags == MS_ASYNC)) {
        return done;
      }
      outcome = done ? outcome : done; // a hole is remembered and passed over
    } else if ((flags & MS_SYNC) != 0 && part->vma->has(kMayWrite)) {
      return trace::because(EINVAL, {.reason = trace::Reason::no_fsync, .minor = part->vma->view->device().minor});
      // vfs_fsync_range: device-dax has no fsync. VM_SHARED is not set if read-only
    }
  }
  return outcome;
}

// What this process has faulted in. The kernel would answer for the page cache, which other processes fill too.
Result<void> AddressSpace::in_core(void* address, std::size_t length, unsigned char* vector) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  auto asked = sys::call(SYS_mincore, static_cast<long>(start), static_cast<long>(length),
                         reinterpret_cast<long>(vector)); // finds bad arguments, and answers for the others
  if (!asked) {
    return tl::unexpected(asked.error());
  }
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    const std::uint64_t unit = vma->view->align();
    for (std::uint64_t at = std::max(start, vma->start); at < std::min(end, vma->end);) {
      const std::uint64_t offset = vma->offset_of(at);
      const std::uint64_t head = align_down(at, unit);
      const std::uint64_t to = std::min({head + unit, vma->end, end});
      const bool seen = unit < kPudSize || profile().mincore_sees_1G;
      const bool here = offset < data_end(*vma) && seen &&
                        (!vma->has(kRegistered) || vma->view->faulted().test(vma->view->extent_at(offset).value())) &&
                        (unit == kPudSize ? is_present(*vma, at)
                                          : any_present(std::max(head, vma->start), std::min(head + unit, vma->end)));
      std::memset(vector + (at - start) / kPageSize, here ? 1 : 0, (to - at) / kPageSize);
      if (!seen) { // walk_pud_range splits the entry: the next touch faults it in again, if it can be
        const TableGuard guard(lock_);
        drop_extents(*vma, at, to);
      }
      at = to;
    }
  }
  return {};
}

std::uint64_t AddressSpace::present_bytes(const Vma& vma) const noexcept {
  const std::uint64_t unit = vma.view->align();
  const std::uint64_t end = vma.start + backed_length(vma);
  std::uint64_t present = 0;
  for (std::uint64_t at = vma.start; at < end;) {
    const std::uint64_t offset = vma.offset_of(at);
    const std::uint64_t next = std::min(at + unit - (offset & (unit - 1)), vma.end);
    const bool touched = !server_.uffd() || vma.view->faulted().test(vma.view->extent_at(offset).value());
    present += touched && any_present(at, next) ? unit : 0;
    at = next;
  }
  return present;
}

// A policy splits mappings where it begins and ends (mbind_range).
Result<void> AddressSpace::check_policy(const void* address, std::size_t length, std::uint32_t policy) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  if (!is_aligned(start, kPageSize)) {
    return {}; // the kernel's to refuse
  }
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    if (part->vma && part->vma->policy != policy && cuts(part->start, part->end)) {
      return refuse_cut(may_split(part->start) ? part->end : part->start);
    }
  }
  return {};
}

void AddressSpace::note_policy(const void* address, std::size_t length, std::uint32_t policy) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const TableGuard guard(lock_);
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    if (part->vma && part->vma->policy != policy) {
      Vma like = *part->vma;
      like.policy = policy;
      (void)modify(*part->vma, part->start, part->end, like);
    }
  }
}

} // namespace daxemu::fault
