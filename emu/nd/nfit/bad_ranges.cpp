#include "emu/nd/nfit/bad_ranges.hpp"

#include <algorithm>

namespace daxemu::nd {
namespace {

using store::NfitBadRange;

std::uint64_t end_of(const NfitBadRange& range) {
  return range.start + range.length;
}

Result<void> insert(const BadRanges& ranges, std::size_t at, const NfitBadRange& range) {
  if (ranges.count >= ranges.room.size()) {
    return fail(ENOMEM);
  }
  const auto place = ranges.room.begin() + static_cast<std::ptrdiff_t>(at);
  const auto end = ranges.room.begin() + ranges.count;
  std::move_backward(place, end, end + 1);
  *place = range;
  ++ranges.count;
  return {};
}

void erase(const BadRanges& ranges, std::size_t at) {
  const auto place = ranges.room.begin() + static_cast<std::ptrdiff_t>(at);
  std::move(place + 1, ranges.room.begin() + ranges.count, place);
  --ranges.count;
}

} // namespace

Result<void> add_range(const BadRanges& ranges, std::uint64_t start, std::uint64_t length) {
  std::size_t at = 0;
  while (at < ranges.all().size() && end_of(ranges.room[at]) < start) {
    ++at;
  }
  NfitBadRange whole{start, length};
  if (at == ranges.all().size() || ranges.room[at].start > end_of(whole)) {
    return insert(ranges, at, whole);
  }
  while (at < ranges.all().size() && ranges.room[at].start <= end_of(whole)) {
    const std::uint64_t end = std::max(end_of(whole), end_of(ranges.room[at]));
    whole.start = std::min(whole.start, ranges.room[at].start);
    whole.length = end - whole.start;
    erase(ranges, at);
  }
  return insert(ranges, at, whole);
}

Result<void> forget_range(const BadRanges& ranges, std::uint64_t start, std::uint64_t length) {
  const std::uint64_t end = start + length;
  for (std::size_t at = 0; at < ranges.all().size();) {
    NfitBadRange& range = ranges.room[at];
    const std::uint64_t behind = end_of(range);
    if (behind <= start || range.start >= end) {
      ++at;
    } else if (range.start < start && behind > end) {
      if (auto made = insert(ranges, at + 1, {end, behind - end}); !made) {
        return made;
      }
      range.length = start - range.start;
      return {};
    } else if (range.start < start) {
      range.length = start - range.start;
      ++at;
    } else if (behind > end) {
      range = {end, behind - end};
      ++at;
    } else {
      erase(ranges, at);
    }
  }
  return {};
}

} // namespace daxemu::nd
