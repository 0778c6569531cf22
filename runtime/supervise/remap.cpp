// mremap(2) of mappings of devices, and how /proc/PID/maps shows them.
#include <algorithm>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "emu/base/units.hpp"
#include "runtime/preload/procfs/device_node.hpp"
#include "runtime/preload/procfs/maps_line.hpp"
#include "runtime/supervise/filter.hpp"
#include "runtime/supervise/mappings.hpp"

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

std::optional<Result<long>> Mappings::remap(const Target& target, const Call& call, const std::vector<Piece>& pieces) {
  const std::uint64_t start = call.word[0];
  const std::uint64_t end = end_of_pages(start, call.word[1]);
  const std::uint64_t kept = end_of_pages(start, call.word[2]);
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
  return std::nullopt;
}

std::optional<UniqueFd> Mappings::maps_of(pid_t process) {
  if (ranges_.empty()) {
    return std::nullopt;
  }
  const preload::ProcSource source{context_->store(), context_->tree(), context_->mappings()};
  const std::string text = Target(process).proc_file("maps");
  preload::TextFile made("maps", true);
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end;
    preload::MapsLine mapping;
    const bool parsed = mapping.parse(line) && mapping.inode != 0;
    const auto* view =
        parsed ? devices_->of(::makedev(mapping.major_number, mapping.minor_number), mapping.inode) : nullptr;
    const auto node = view == nullptr ? std::nullopt : preload::node_of_device(source, view->device());
    if (!node) {
      made.put(line);
      continue;
    }
    any = true;
    mapping.major_number = ::major(node->about.st_dev);
    mapping.minor_number = ::minor(node->about.st_dev);
    mapping.inode = node->about.st_ino;
    mapping.name = node->path.view();
    preload::LineText shown;
    mapping.put(shown);
    made.put(shown.view());
  }
  const auto file = any ? made.take() : Result<int>(fail(ENOENT));
  return file ? std::optional<UniqueFd>(UniqueFd(*file)) : std::nullopt;
}

} // namespace daxemu::supervise
