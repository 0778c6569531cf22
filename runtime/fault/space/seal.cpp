// mseal(2) on ranges that have mappings of ours. Only the table knows of it: what we do to the memory of a sealed
// mapping changes nothing that the program sees.
#include <sys/syscall.h>

#include "emu/base/kernel/mseal.hpp"
#include "runtime/fault/mappings/range_walk.hpp"
#include "runtime/fault/memory/others_memory.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {
namespace {

Result<void> seal_others(std::uint64_t start, std::uint64_t end) {
  if (auto done = sys::call(kMseal, static_cast<long>(start), static_cast<long>(end - start), 0); !done) {
    return tl::unexpected(done.error());
  }
  return {};
}

} // namespace

// do_mseal(): first all has to be mapped (check_mm_seal), then mapping by mapping is sealed until one refuses to be
// cut.
Result<void> AddressSpace::seal(void* address, std::size_t length, unsigned long flags) {
  if (!profile().has_mseal) {
    return fail(ENOSYS);
  }
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  if (flags != 0 || !is_aligned(start, kPageSize) || end < start || (length != 0 && end == start)) {
    return fail(EINVAL);
  }
  const TableGuard guard(lock_);
  RangeWalk look(table_, start, end);
  while (const auto part = look.next()) {
    if (!part->vma && !all_mapped(part->start, part->end)) {
      return fail(ENOMEM);
    }
  }
  RangeWalk walk(table_, start, end);
  while (const auto part = walk.next()) {
    if (part->vma && part->vma->has(kSealed)) {
      continue;
    }
    Vma like = part->vma.value_or(Vma());
    like.flags |= kSealed;
    auto done = part->vma ? modify(*part->vma, part->start, part->end, like) : seal_others(part->start, part->end);
    if (!done) {
      return done;
    }
  }
  return {};
}

} // namespace daxemu::fault
