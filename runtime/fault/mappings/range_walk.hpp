// A range of addresses as the kernel's calls walk it: mapping by mapping. What is not ours is one part as far as the
// next mapping of ours; what of it is mapped at all, the kernel knows, which is asked to do the same with that part.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "runtime/fault/mappings/vma_table.hpp"

namespace daxemu::fault {

struct RangePart {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::optional<Vma> vma; // the whole mapping; none: others' memory, or nothing
};

class RangeWalk {
public:
  RangeWalk(const VmaTable& table, std::uint64_t start, std::uint64_t end) : table_(table), at_(start), end_(end) {}

  // The next part. The table may have changed since the last one, as in the kernel, which looks again.
  std::optional<RangePart> next() {
    if (at_ >= end_) {
      return std::nullopt;
    }
    const auto vma = table_.first_from(at_, end_);
    RangePart part{at_, end_, std::nullopt};
    if (vma && vma->start <= at_) {
      part.end = std::min(vma->end, end_);
      part.vma = vma;
    } else if (vma) {
      part.end = vma->start;
    }
    at_ = part.end;
    return part;
  }

private:
  const VmaTable& table_;
  std::uint64_t at_;
  std::uint64_t end_;
};

} // namespace daxemu::fault
