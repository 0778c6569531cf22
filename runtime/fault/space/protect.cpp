// mprotect(2) and pkey_mprotect(2) on ranges that have mappings of ours.
#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/fault/mappings/range_walk.hpp"
#include "runtime/fault/process/whole_process.hpp"
#include "runtime/fault/space/address_space.hpp"

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

// do_mprotect_pkey goes from mapping to mapping and stops at the first that refuses, or at a hole; what lies before is
// changed.
Result<void> AddressSpace::protect(void* address, std::size_t length, int prot, int pkey) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const auto wanted = static_cast<std::uint32_t>(prot) & kAccess;
  const TableGuard guard(lock_);
  if (!is_aligned(start, kPageSize) || end <= start || static_cast<std::uint32_t>(prot) != wanted) {
    return ask_kernel(start, length, prot, pkey); // nothing, or an error that needs no mapping
  }
  if (pkey >= 0) { // is it allocated? A page of our own tells
    Reservation trial;
    if (auto taken = trial.take(0, kPageSize, 0); !taken) {
      return taken;
    }
    if (auto done = ask_kernel(trial.start(), kPageSize, PROT_NONE, pkey); !done) {
      return done;
    }
  }
  const auto given = static_cast<std::uint32_t>(WholeProcess::rights(prot));
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    auto done = part->vma ? protect_one(*part->vma, part->start, part->end, given, pkey)
                          : ask_kernel(part->start, part->end - part->start, prot, pkey);
    if (!done) {
      return done;
    }
  }
  return {};
}

Result<void> AddressSpace::protect_one(const Vma& vma, std::uint64_t from, std::uint64_t to, std::uint32_t prot,
                                       int pkey) {
  if ((prot & PROT_WRITE) != 0 && !vma.has(kMayWrite)) {
    return trace::because(EACCES, {.reason = trace::Reason::protect_not_writable, .minor = vma.view->device().minor});
  }
  if (vma.has(kSealed)) { // whatever would change
    return refuse_sealed();
  }
  Vma like = vma;
  like.prot = prot;
  if (pkey >= 0) {
    like.flags = (like.flags & ~kPkeyMask) | static_cast<std::uint32_t>(pkey) << kPkeyShift;
  }
  if (like.prot == vma.prot && like.flags == vma.flags) { // mprotect_fixup: nothing changes, nothing is split
    return {};
  }
  if (auto done = modify(vma, from, to, like); !done) {
    return done;
  }
  auto done = ask_kernel(from, to - from, static_cast<int>(prot), pkey);
  if (vma.view->align() == kPudSize) {
    if (!profile().mprotect_keeps_1G) {
      drop_extents(*table_.find(from), from, to);
    }
    take_out_cut(from, to);
  }
  return done;
}

} // namespace daxemu::fault
