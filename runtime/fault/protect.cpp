// mprotect(2) and pkey_mprotect(2) on ranges that have mappings of ours.
#include <algorithm>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/fault/address_space.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint32_t kAccess = PROT_READ | PROT_WRITE | PROT_EXEC;

Result<void> ask_kernel(std::uint64_t start, std::uint64_t length, int prot, int pkey) {
  if (pkey < 0) {
    return sys::mprotect(reinterpret_cast<void*>(start), length, prot);
  }
  if (auto done = sys::call(SYS_pkey_mprotect, static_cast<long>(start), static_cast<long>(length), prot, pkey);
      !done) {
    return tl::unexpected(done.error());
  }
  return {};
}

} // namespace

// Where the mappings of ours end that follow each other from `start` on, at most `limit`.
std::uint64_t AddressSpace::contiguous_end(std::uint64_t start, std::uint64_t limit) const {
  std::uint64_t at = start;
  for (auto vma = table_.find(at); vma && at < limit; vma = table_.find(at)) {
    at = std::min(vma->end, limit);
  }
  return at;
}

// do_mprotect_pkey goes from mapping to mapping and stops at the first that refuses; those before it are changed.
Result<void> AddressSpace::protect(void* address, std::size_t length, int prot, int pkey) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const auto wanted = static_cast<std::uint32_t>(prot) & kAccess;
  const TableGuard guard(lock_);
  if (!is_aligned(start, kPageSize) || end <= start) {
    return ask_kernel(start, length, prot, pkey);
  }
  std::uint64_t stop = end;
  int refusal = 0;
  for (auto vma = table_.first_from(start, end); vma && refusal == 0; vma = table_.first_from(vma->end, end)) {
    const std::uint64_t from = std::max(start, vma->start);
    const std::uint64_t to = std::min(end, vma->end);
    if ((wanted & PROT_WRITE) != 0 && !vma->has(kMayWrite)) {
      refusal = EACCES;
    } else if ((vma->prot != wanted || pkey > 0) && cuts(from, to)) { // the same protection needs no split
      refusal = EINVAL;
    }
    if (refusal != 0) {
      stop = from;
    }
  }
  if (stop > start) {
    if (auto done = ask_kernel(start, stop - start, prot, pkey); !done) {
      if (done.error() != Errno{ENOMEM}) {
        return done;
      }
      refusal = ENOMEM; // a hole: what lies before it has changed
      stop = contiguous_end(start, stop);
    }
  }
  for (auto vma = table_.first_from(start, stop); vma && start < stop; vma = table_.first_from(vma->end, stop)) {
    if (vma->prot == wanted) {
      continue;
    }
    (void)table_.split(start);
    (void)table_.split(stop);
    Vma changed = *table_.find(std::max(start, vma->start));
    changed.prot = wanted;
    table_.update(changed);
  }
  if (start < stop) {
    for (auto vma = table_.first_from(start, stop); vma; vma = table_.first_from(vma->end, stop)) {
      table_.merge(vma->start);
    }
    table_.merge(stop);
  }
  if (refusal != 0) {
    return fail(refusal);
  }
  return {};
}

} // namespace daxemu::fault
