// Calls that only ask or advise about pages of devices: mincore(2), move_pages(2), and a userfaultfd of the program's
// own.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <linux/userfaultfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/base/units.hpp"
#include "runtime/preload/procfs/present.hpp"
#include "runtime/supervise/answers/mappings.hpp"
#include "runtime/supervise/install/filter.hpp"

namespace daxemu::supervise {

// What this process has faulted in (mincore_pte_range); the kernel would answer for the memory file, which others fill.
std::optional<Result<long>> Mappings::in_core(const Target& target, const Call& call,
                                              const std::vector<Piece>& pieces) {
  if (std::none_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.view != nullptr; })) {
    return std::nullopt;
  }
  const std::uint64_t start = call.word[0];
  const std::uint64_t end = start + align_up(call.word[1], kPageSize);
  // Before the kernel is asked, which would bring pages in. One byte each.
  std::vector<std::pair<const Piece*, std::vector<std::uint8_t>>> answers;
  for (const Piece& piece : pieces) {
    if (piece.view == nullptr) {
      continue;
    }
    const std::uint64_t unit = piece.view->align();
    const bool seen = unit < kPudSize || context_->store().profile().mincore_sees_1G;
    const std::uint64_t from = std::max(piece.start, start);
    const std::uint64_t to = std::min(piece.end, end);
    std::vector<std::uint8_t> here((to - from) / kPageSize);
    for (std::uint64_t at = from; at < to;) {
      const std::uint64_t head = align_down(at, unit);
      const std::uint64_t next = std::min(head + unit, to);
      const bool present =
          seen && preload::any_present(target.process(), std::max(head, piece.start), std::min(head + unit, piece.end));
      std::fill(here.begin() + static_cast<std::ptrdiff_t>((at - from) / kPageSize),
                here.begin() + static_cast<std::ptrdiff_t>((next - from) / kPageSize), present ? 1 : 0);
      at = next;
    }
    answers.emplace_back(&piece, std::move(here));
  }
  auto injection = Injection::into(*listener_, call);
  if (!injection) {
    return tl::unexpected(injection.error());
  }
  // It finds bad arguments, and answers for the others.
  auto asked = injection->make(SYS_mincore, {start, call.word[1], call.word[2], 0, 0, kOwnCall});
  for (const auto& [piece, here] : answers) {
    const std::uint64_t from = std::max(piece->start, start);
    if (asked && !target.write(call.word[2] + (from - start) / kPageSize, here.data(), here.size())) {
      asked = fail(EFAULT);
    }
  }
  injection->set_result(asked);
  return asked;
}

// A device's pages are of no node that they could leave (move_pages.* of tests/conformance): what do_pages_move() and
// do_pages_stat() say of each.
std::optional<Result<long>> Mappings::move_pages(const Target& target, const Call& call) {
  constexpr std::size_t kMost = 1U << 20U;
  const std::size_t count = call.word[1];
  const auto process = static_cast<pid_t>(call.word[0]);
  const bool own = process == 0 || process == target.process();
  std::vector<std::uint64_t> pages(count <= kMost ? count : 0);
  if (ranges_.empty() || !own || pages.empty() || call.word[4] == 0 ||
      !target.read(pages.data(), call.word[2], count * sizeof pages[0])) {
    return std::nullopt;
  }
  const auto [least, most] = std::minmax_element(pages.begin(), pages.end());
  const auto pieces = was_mapped(*least, *most + 1) ? pieces_in(target, *least, *most + 1) : std::vector<Piece>();
  const auto is_ours = [&](std::uint64_t at) {
    return std::any_of(pieces.begin(), pieces.end(), [at](const Piece& piece) {
      return (piece.view != nullptr || piece.filler) && at >= piece.start && at < piece.end;
    });
  };
  if (std::none_of(pages.begin(), pages.end(), is_ours)) {
    return std::nullopt;
  }
  const bool moves = call.word[3] != 0;
  std::vector<int> nodes(moves ? count : 0);
  std::vector<int> status(count);
  if (moves && !target.read(nodes.data(), call.word[3], count * sizeof nodes[0])) {
    return Result<long>(fail(EFAULT));
  }
  const long moved =
      ::syscall(SYS_move_pages, static_cast<long>(target.process()), static_cast<long>(count), pages.data(),
                moves ? nodes.data() : nullptr, status.data(), static_cast<long>(call.word[5]));
  if (moved < 0) {
    return Result<long>(fail(errno));
  }
  for (std::size_t at = 0; at < count; ++at) {
    status[at] = is_ours(pages[at]) ? (moves ? -EFAULT : -ENOENT) : status[at];
  }
  const auto told = target.write(call.word[4], status.data(), count * sizeof status[0]);
  return told ? Result<long>(moved) : Result<long>(tl::unexpected(told.error()));
}

// vma_can_userfault(): a device's mapping cannot be registered, nor be taken for one that is. Both requests begin with
// struct uffdio_range.
bool Mappings::refuses_userfault(const Target& target, std::uint64_t request, std::uint64_t argument) {
  uffdio_range range{};
  if ((request != UFFDIO_REGISTER && request != UFFDIO_UNREGISTER) || ranges_.empty() ||
      !target.read(&range, argument, sizeof range) || !was_mapped(range.start, range.start + range.len)) {
    return false;
  }
  const auto pieces = pieces_in(target, range.start, range.start + range.len);
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const Piece& piece) { return piece.view != nullptr || piece.filler; });
}

} // namespace daxemu::supervise
