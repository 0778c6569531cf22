// Where a mapping of a device is placed in a program.
#include <algorithm>
#include <optional>

#include <sys/mman.h>

#include "emu/base/units.hpp"
#include "runtime/fault/mappings/vma.hpp"
#include "runtime/supervise/answers/mappings.hpp"
#include "runtime/supervise/install/filter.hpp"

namespace daxemu::supervise {
namespace {

constexpr std::uint64_t kLowGap =
    0x200'0000; // arch_rnd() of find_start_end(): MAP_32BIT does not begin at the very start

} // namespace

// Where the lowest gap of the arena begins, if the search before said so and nothing has changed since: programs map
// one after the other, and a search goes by all that is there.
std::optional<std::uint64_t> Mappings::place_behind(const Target& target, const fault::MapRequest& request,
                                                    std::uint64_t align) {
  const std::uint64_t at = filled_.end;
  if (at < kArenaStart || filled_.process != target.process() || !is_aligned(at, align) ||
      request.offset % align != 0 || request.length > kArenaEnd - at) {
    return std::nullopt;
  }
  const auto near =
      pieces_in(target, at - 1, at + request.length); // another program, behind an exec: nothing ends there
  if (near.size() != 1 || near.front().end != at) {
    return std::nullopt;
  }
  filled_.end = at + align_up(request.length, kPageSize);
  return at;
}

Result<std::uint64_t> Mappings::place_of(const Target& target, const fault::MapRequest& request, std::uint64_t align) {
  if (request.fixed()) {
    const bool keeps = (request.flags & MAP_FIXED_NOREPLACE) != 0;
    if (keeps && !pieces_in(target, request.hint, request.hint + request.length).empty()) {
      return fail(EEXIST);
    }
    return request.hint;
  }
  if (request.hint != 0) { // get_unmapped_area() without the driver: the hint, or an address that no extent begins at
    const std::uint64_t wish = request.hint & ~(kPageSize - 1);
    if (wish <= fault::kTaskSize - request.length && pieces_in(target, wish, wish + request.length).empty()) {
      return wish;
    }
    // The search ends beneath the lowest mapping: a device's, if there is one.
    const auto others = pieces_of(target.proc_file("maps"), *devices_, kArenaStart, kArenaEnd);
    if (align > kPageSize &&
        std::none_of(others.begin(), others.end(), [](const Piece& piece) { return piece.view != nullptr; })) {
      return fail(EINVAL);
    }
  }
  // dax_get_unmapped_area(): the address has the file offset's remainder.
  const bool low = (request.flags & MAP_32BIT) != 0;
  if (const auto place = low ? std::nullopt : place_behind(target, request, align); place) {
    return *place;
  }
  const std::uint64_t begin = low ? kLowStart + kLowGap : kArenaStart;
  const std::uint64_t limit = low ? kLowEnd : kArenaEnd;
  std::uint64_t at = align_up(begin, align) + request.offset % align;
  std::uint64_t filled = begin;
  for (const Piece& piece : pieces_of(target.proc_file("maps"), *devices_, begin, limit)) {
    filled = piece.start <= filled ? std::max(filled, piece.end) : filled;
    if (piece.start >= at + request.length) {
      break;
    }
    while (at < piece.end) {
      at = align_up(piece.end, align) + request.offset % align;
    }
  }
  if (at > limit || request.length > limit - at) {
    return fail(ENOMEM);
  }
  if (!low) {
    filled_ = {target.process(), at == filled ? at + align_up(request.length, kPageSize) : filled};
  }
  return at;
}

} // namespace daxemu::supervise
