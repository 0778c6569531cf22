// mremap(2) as kernels do it that look before they unmap, and move what a range has of several mappings
// (Profile::mremap_checks_first, mremap_moves_several).
#include <algorithm>

#include "runtime/fault/memory/others_memory.hpp"
#include "runtime/fault/memory/pointer.hpp"
#include "runtime/fault/space/remap_call.hpp"

namespace daxemu::fault {

// check_prep_vma() of the mapping at the start, which exists. What else is wrong with others' memory the kernel says
// when it is asked.
std::optional<Errno> AddressSpace::cannot_remap(const Remap& call) const {
  if (!call.has_target() && call.length <= call.old_length) {
    return std::nullopt; // nothing new is mapped
  }
  Remap part = call;
  part.old_length = std::min(call.old_length, call.length); // what is cut off may be of several mappings
  if (table_.find(call.start)) {
    return cannot_resize(part);
  }
  if (table_.overlaps(part.start, part.old_end()) || spans_several(part)) {
    return Errno{EFAULT};
  }
  const auto others = others_mapping_from(call.start);
  if (call.old_length == 0 && others && !others->shared) {
    return Errno{EINVAL};
  }
  return std::nullopt;
}

// The first mapping, of ours or others, that has bytes of [start, end).
std::optional<AddressSpace::NextMapping> AddressSpace::next_mapping(std::uint64_t start, std::uint64_t end) const {
  const auto ours = table_.first_from(start, end);
  const std::uint64_t limit = ours ? ours->start : end;
  if (limit <= start) {
    return NextMapping{ours->start, ours->end, true};
  }
  const auto any = others_mapping_from(start);
  if (!any && all_mapped(start, start + kPageSize)) {
    return NextMapping{start, limit, false}; // the kernel cannot be asked where it ends
  }
  if (any && any->start < limit) {
    return NextMapping{any->start, std::min(any->end, limit), false};
  }
  return ours ? std::optional(NextMapping{ours->start, ours->end, true}) : std::nullopt;
}

// remap_move(): mapping by mapping; what was moved before a refusal stays moved.
Result<void*> AddressSpace::remap_several(const Remap& call) {
  bool moved_one = false;
  for (std::uint64_t at = call.start; at < call.old_end();) {
    const auto next = next_mapping(at, call.old_end());
    if (!next) {
      break;
    }
    if (!moved_one && next->start > at) {
      return fail(EFAULT); // no hole at the start
    }
    if (next->ours && (moved_one || next->end < call.old_end())) {
      return fail(EFAULT); // vma_multi_allowed
    }
    if (is_sealed(next->start, next->end) || (!next->ours && is_sealed_others(next->start))) {
      return fail(EPERM); // check_prep_vma
    }
    Remap part = call;
    part.start = std::max(at, next->start);
    part.old_length = part.length = std::min(next->end, call.old_end()) - part.start;
    part.target = call.target + (part.start - call.start);
    auto moved = next->ours || table_.overlaps(part.target, part.target + part.length) ? remap_to(part)
                                                                                       : ask_kernel_to_remap(part);
    if (!moved) {
      return moved;
    }
    moved_one = true;
    at = part.old_end();
  }
  return moved_one ? Result<void*>(pointer(call.target)) : fail(EFAULT);
}

} // namespace daxemu::fault
