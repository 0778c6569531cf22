// mremap(2) of mappings of devices.
#include <algorithm>

#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/units.hpp"
#include "runtime/preload/procfs/present.hpp"
#include "runtime/supervise/answers/mappings.hpp"
#include "runtime/supervise/install/filter.hpp"

namespace daxemu::supervise {
namespace {

std::uint64_t end_of_pages(std::uint64_t address, std::uint64_t length) {
  const std::uint64_t end = address + align_up(length, kPageSize);
  return end < address ? UINT64_MAX : end;
}

} // namespace

// A second mapping of the same: the kernel would not begin it where an extent can.
Result<long> Mappings::move_aligned(const Target& target, const Call& call, const Piece& piece) {
  const fault::MapRequest like{0, align_up(call.word[2], kPageSize), 0, 0, piece.offset + (call.word[0] - piece.start)};
  const auto address = place_of(target, like, piece.view->align());
  if (!address) {
    return tl::unexpected(address.error());
  }
  auto injection = Injection::into(*listener_, call);
  if (!injection) {
    return tl::unexpected(injection.error());
  }
  const auto moved = injection->make(
      SYS_mremap, {call.word[0], call.word[1], call.word[2], call.word[3] | MREMAP_FIXED, *address, kOwnCall});
  if (moved) {
    note(*address, *address + like.length);
  }
  injection->set_result(moved);
  return moved;
}

bool Mappings::is_one(const std::vector<Piece>& pieces, std::uint64_t end) {
  std::uint64_t at = pieces.front().end;
  for (std::size_t next = 1; next < pieces.size() && pieces[next].filler && pieces[next].start == at; ++next) {
    at = pieces[next].end;
  }
  return end <= at;
}

// An end inside an extent, or a beginning that no extent can have: nothing of the mapping can be faulted in any more
// (check_vma() in drivers/dax/device.c); what is present stays, unless it has moved. Touches of the filler are SIGBUS.
std::optional<Result<long>> Mappings::misplace(const Target& target, const Call& call,
                                               const std::vector<Piece>& pieces) {
  const std::uint64_t end = end_of_pages(call.word[0], call.word[1]);
  const std::uint64_t grown = end_of_pages(call.word[0], call.word[2]);
  const std::uint64_t unit = pieces.front().view->align();
  const bool fixed = (call.word[3] & MREMAP_FIXED) != 0;
  const bool leaves = fixed && !is_aligned(call.word[4] - call.word[0], unit);
  const bool is_whole = pieces.back().view != nullptr && pieces.back().end == end;
  const bool grows = !fixed && (call.word[3] & MREMAP_DONTUNMAP) == 0 && call.word[1] != 0 && is_whole && grown > end &&
                     !is_aligned(grown - pieces.front().start, unit);
  const auto filler = leaves || grows ? give_filler(call) : Result<int>(fail(ENOENT));
  if (!filler) {
    return std::nullopt;
  }
  auto injection = Injection::into(*listener_, call);
  if (!injection) {
    return tl::unexpected(injection.error());
  }
  const auto refuse = [&](std::uint64_t from, std::uint64_t to, std::uint64_t how) {
    return injection->make(SYS_mmap, {from, to - from, static_cast<std::uint64_t>(pieces.front().prot),
                                      MAP_SHARED | MAP_NORESERVE | how,
                                      (std::uint64_t{kOwnCall} << 32U) | static_cast<std::uint32_t>(*filler), 0});
  };
  const auto as_it_is = [&] {
    return injection->make(SYS_mremap,
                           {call.word[0], call.word[1], call.word[2], call.word[3], call.word[4], kOwnCall});
  };
  Result<long> done = leaves ? as_it_is() : refuse(end, grown, MAP_FIXED_NOREPLACE);
  if (!done && grows) { // something is behind it
    done = (call.word[3] & MREMAP_MAYMOVE) != 0 ? as_it_is() : Result<long>(fail(ENOMEM));
  } else if (done && grows) {
    done = static_cast<long>(call.word[0]);
    for (std::uint64_t at = pieces.front().start; at < end; at += unit) {
      if (!preload::any_present(target.process(), at, at + unit)) {
        (void)refuse(at, at + unit, MAP_FIXED);
      }
    }
  } else if (done) {
    (void)refuse(call.word[4], end_of_pages(call.word[4], call.word[2]), MAP_FIXED);
  }
  (void)injection->make(SYS_close, {static_cast<std::uint64_t>(*filler)});
  injection->set_result(done);
  return done;
}

std::optional<Result<long>> Mappings::remap(const Target& target, const Call& call, const std::vector<Piece>& pieces) {
  const std::uint64_t start = call.word[0];
  const std::uint64_t end = end_of_pages(start, call.word[1]);
  const std::uint64_t kept = end_of_pages(start, call.word[2]);
  const bool shrinks = (call.word[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP)) == 0 && kept <= end;
  if (!shrinks && !pieces.empty() && pieces.front().view != nullptr && !is_one(pieces, end)) {
    return Result<long>(fail(EFAULT)); // vma_to_resize(): across a boundary
  }
  if (cuts(pieces, start, end) || (kept < end && cuts(pieces, kept, end))) {
    return Result<long>(fail(EINVAL));
  }
  const bool is_device = !pieces.empty() && pieces.front().view != nullptr;
  const bool stays = call.word[1] != 0 && (call.word[3] & MREMAP_DONTUNMAP) == 0;
  if (is_device && !stays && (call.word[3] & (MREMAP_MAYMOVE | MREMAP_FIXED)) == MREMAP_MAYMOVE && call.word[2] != 0) {
    return move_aligned(target, call, pieces.front());
  }
  if ((call.word[3] & MREMAP_FIXED) != 0) {
    const std::uint64_t over = call.word[4];
    const std::uint64_t over_end = end_of_pages(over, call.word[2]);
    if (cuts(pieces_in(target, over, over_end), over, over_end)) {
      return Result<long>(fail(EINVAL));
    }
  }
  return is_device && pieces.front().view->align() > kPageSize ? misplace(target, call, pieces) : std::nullopt;
}

} // namespace daxemu::supervise
