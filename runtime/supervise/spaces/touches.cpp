#include "runtime/supervise/spaces/touches.hpp"

#include <algorithm>

#include "emu/trace/trace.hpp"

namespace daxemu::supervise {

bool Touches::is_poisoned(const Piece& piece, ExtentIndex extent) {
  return (piece.view->folio(extent).flags.load() & mm::kFolioHwpoison) != 0;
}

bool Touches::refuses(Space& space, const Piece& piece, std::uint64_t address, ExtentIndex extent) {
  return (piece.view->align() > kPageSize && space.is_without_huge(address)) || !piece.view->alive() ||
         is_poisoned(piece, extent) || !is_whole(space, piece);
}

// check_vma(), asked again by every fault. What is one mapping of device-dax may be several here, as after mlock(2) of
// a part.
bool Touches::is_whole(Space& space, const Piece& piece) {
  const std::uint64_t unit = piece.view->align();
  const auto continues = [&](const std::optional<Piece>& other) {
    return other && other->view == piece.view && other->start - other->offset == piece.start - piece.offset;
  };
  std::uint64_t start = piece.start;
  while (!is_aligned(start, unit)) {
    const auto before = space.at(start - 1, 0);
    if (!continues(before)) {
      return false;
    }
    start = before->start;
  }
  std::uint64_t end = piece.end;
  while (!is_aligned(end, unit)) {
    const auto behind = space.at(end, 0);
    if (!continues(behind)) {
      return false;
    }
    end = behind->end;
  }
  return true;
}

void Touches::serve(const std::shared_ptr<Space>& space, const uffd_msg& message) {
  if (message.event == UFFD_EVENT_PAGEFAULT) {
    serve(space, Touch{message.arg.pagefault.address, (message.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR) == 0,
                       static_cast<pid_t>(message.arg.pagefault.feat.ptid)});
  }
}

void Touches::serve(const std::shared_ptr<Space>& space, const Touch& touch) {
  const auto piece = space->at(touch.address, touch.thread);
  if (!piece || piece->view == nullptr || piece->offset_of(touch.address) >= piece->view->size()) {
    space->calls().wake(align_down(touch.address, kPageSize), kPageSize); // it finds out by itself what is there now
    return;
  }
  fault::DeviceView& view = *piece->view;
  const ExtentIndex extent = view.extent_at(piece->offset_of(touch.address));
  Space::Touched* const touched = space->touched(view);
  const auto refuse = [&] {
    view.counters().sigbus.fetch_add(1, std::memory_order_relaxed);
    Refusal refusal{space, touch.thread, touch.address, view.hugetlb() ? view.align() : kPageSize, {}};
    if (view.alive() && is_poisoned(*piece, extent)) {
      const std::uint64_t back = piece->offset_of(touch.address) % view.align();
      refusal.failed = {reinterpret_cast<void*>(touch.address - back), static_cast<short>(log2_of(view.align()))};
    }
    refusals_.add(std::move(refusal));
  };
  if (touched == nullptr || refuses(*space, *piece, touch.address, extent) || !view.bring(extent)) {
    refuse();
    return;
  }
  const bool fresh = !touched->faulted.set(extent.value());
  if (view.note_touch(extent)) { // the mark first: who poisons it looks at the mark afterwards
    view.note_index(extent, piece->offset_of(align_down(touch.address, view.align())));
  }
  if (refuses(*space, *piece, touch.address, extent)) {
    refuse();
    return;
  }
  view.counters().faults.fetch_add(1, std::memory_order_relaxed);
  if (ahead_ && !trace::on()) {
    map_ahead(*space, *touched, *piece, extent);
  }
  if (space->resolver().resolve(space->calls(), piece->vma(), touched->faulted, touch.address, touch.missing, fresh) !=
          fault::Resolver::Outcome::resolved &&
      !fault::Resolver::leave_to_kernel(space->calls(), touch.address)) {
    refuse();
  }
}

// As MapAhead, without a look at whether the program has changed the mapping meanwhile: what is mapped then is another
// extent of what it has mapped there, a touch too early.
void Touches::map_ahead(Space& space, Space::Touched& touched, const Piece& piece, ExtentIndex extent) const {
  fault::DeviceView& view = *piece.view;
  const std::uint64_t window = touched.streams.touched(extent.value(), false);
  const std::uint64_t end = std::min(piece.offset_of(piece.end), view.size()) / view.align();
  const std::uint64_t first = extent.value() + 1;
  std::uint64_t count = 0;
  while (count < window && first + count < end) {
    const ExtentIndex next(first + count);
    if (space.is_without_huge(piece.start + (next.value() * view.align() - piece.offset)) ||
        touched.faulted.test(next.value()) || is_poisoned(piece, next) || !view.has_bytes(next) ||
        (view.hugetlb() && !view.is_allocated(next))) {
      break;
    }
    ++count;
  }
  const std::uint64_t start = piece.start + (first * view.align() - piece.offset);
  const std::uint64_t mapped =
      count == 0 ? 0
                 : space.resolver().resolve_ahead(space.calls(), piece.vma(), touched.faulted, extent, start, count);
  for (std::uint64_t at = 0; at < mapped; ++at) {
    (void)touched.faulted.set(first + at);
    view.note_ahead(ExtentIndex(first + at));
  }
  if (window != 0) {
    touched.streams.mapped_ahead(extent.value(), mapped);
  }
}

} // namespace daxemu::supervise
