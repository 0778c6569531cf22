#include "runtime/fault/touches/map_ahead.hpp"

#include <algorithm>
#include <optional>

#include "emu/trace/trace.hpp"
#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/touches/refusal.hpp"

namespace daxemu::fault {
namespace {

// Zeroing takes the handler thread away from faults of other threads: a tenth of a millisecond for 2M, far too long
// for 1G.
constexpr std::uint64_t kMostPrepared = 16; // extents
constexpr std::uint64_t kSureWindow = 4;    // extents: who has touched four in order will touch the next ones
constexpr std::uint64_t kAwaitedOf = 2;     // a touch waits for one in so many of its window
constexpr std::uint64_t kMostAwaited = 16;  // extents: one and a half milliseconds of zeroing
constexpr std::uint64_t kMostExpected = 4;  // of them, that the disk is told of at one touch
// The handler thread looks again whether the disk is done: soon, for that is the rule; a disk that has much else to do
// gets three seconds.
constexpr unsigned kSoon = 100;
constexpr unsigned kMostWaits = 400;
constexpr int kSoonMs = 1;
constexpr int kLaterMs = 10;

} // namespace

std::uint64_t MapAhead::remaining(const Vma& vma, ExtentIndex extent) {
  const DeviceView& view = *vma.view;
  const std::uint64_t end = std::min(vma.offset_of(vma.end), data_end(vma));
  const std::uint64_t next = (extent.value() + 1) * view.align();
  return next >= end ? 0 : (end - next) / view.align();
}

bool MapAhead::is_ready(const Vma& vma, ExtentIndex extent) {
  DeviceView& view = *vma.view;
  const bool done = !view.one_page_extents() && view.faulted().test(extent.value()); // of one page the kernel knows
  return !done && !refuses(vma, extent) && view.has_bytes(extent) && (!view.hugetlb() || view.is_allocated(extent));
}

std::uint64_t MapAhead::ready(const Vma& vma, ExtentIndex extent, std::uint64_t most) {
  std::uint64_t count = 0;
  while (count < most && is_ready(vma, ExtentIndex(extent.value() + 1 + count))) {
    ++count;
  }
  return count;
}

MapAhead::Guess MapAhead::guess(const Vma& vma, ExtentIndex extent) {
  DeviceView& view = *vma.view;
  const std::uint64_t behind = view.streams().touched(extent.value(), vma.has(kSequential));
  // Another one costs an entry in the page table, or nothing where the hole that is made in what is watched is larger
  // by it. A small page that nobody asked for would cost memory.
  const bool is_cheap = view.hugetlb() || !view.one_page_extents();
  return {behind, behind == 0 && is_cheap ? view.streams().around() : 0};
}

std::uint64_t MapAhead::map_run(const UffdCalls& uffd, const Vma& vma, ExtentIndex touched, ExtentIndex first,
                                std::uint64_t count) {
  DeviceView& view = *vma.view;
  const std::uint64_t start = vma.start + (first.value() * view.align() - vma.offset);
  const std::uint64_t mapped =
      count == 0 ? 0 : resolver_.resolve_ahead(uffd, vma, view.faulted(), touched, start, count);
  for (std::uint64_t at = 0; at < mapped; ++at) {
    view.note_ahead(ExtentIndex(first.value() + at));
  }
  return mapped;
}

void MapAhead::map_around(const UffdCalls& uffd, const Vma& vma, ExtentIndex extent, std::uint64_t block) {
  const std::uint64_t unit = vma.view->align();
  const std::uint64_t middle = extent.value();
  const std::uint64_t block_begin = align_down(middle, block);
  const std::uint64_t begin = std::max(block_begin, align_up(vma.offset, unit) / unit);
  const std::uint64_t end = std::min(block_begin + block, middle + 1 + remaining(vma, extent));
  // What faulted before is mapped; in another mapping perhaps, but then in this one it is not worth an attempt.
  const auto fits = [&](std::uint64_t at) { return !vma.view->faulted().test(at) && is_ready(vma, ExtentIndex(at)); };
  std::uint64_t first = middle;
  while (first > begin && fits(first - 1)) {
    --first;
  }
  std::uint64_t last = middle + 1;
  while (last < end && fits(last)) {
    ++last;
  }
  (void)map_run(uffd, vma, extent, ExtentIndex(first), middle - first);
  (void)map_run(uffd, vma, extent, ExtentIndex(middle + 1), last - middle - 1);
}

void MapAhead::map(const UffdCalls& uffd, const Vma& vma, std::uint64_t address, bool handler) {
  if (!allowed_.load(std::memory_order_relaxed) || vma.has(kRandom) || trace::on() || vma.view->hooks() != nullptr) {
    return;
  }
  DeviceView& view = *vma.view;
  const ExtentIndex extent = view.extent_at(vma.offset_of(address));
  const auto [window, block] = guess(vma, extent);
  if (window == 0 && block == 0) {
    return;
  }
  if (handler) {
    await(uffd, vma, extent, window);
  }
  // Locked, so that what is mapped is what was looked at. Whoever has the lock may be about to change it: no guess is
  // worth waiting for that.
  std::optional<SignalsBlocked> quiet;
  if (!handler) { // which blocks them always
    quiet.emplace();
  }
  if (!lock_.try_lock()) {
    return;
  }
  std::uint64_t mapped = 0;
  const auto now = table_.find(address);
  if (now && now->view == vma.view && now->offset_of(address) == vma.offset_of(address)) {
    const ExtentIndex next(extent.value() + 1);
    mapped = map_run(uffd, *now, extent, next, ready(*now, extent, std::min(window, remaining(*now, extent))));
    if (block != 0) {
      map_around(uffd, *now, extent, block);
    } else if (handler && (view.hugetlb() || view.has_image()) && view.align() <= kPmdSize) {
      plan(view, extent.value() + mapped + 1,
           std::min({window, kMostPrepared, remaining(*now, ExtentIndex(extent.value() + mapped))}));
    }
  }
  lock_.unlock();
  if (window == 0) {
    return;
  }
  if (handler && view.has_image()) {
    expect_next();
  }
  view.streams().mapped_ahead(extent.value(), mapped);
}

// To wake a program and be woken takes a third of the time that zeroing an extent does, and one that does nothing but
// touch is woken for each of them. So it waits for some more and finds them all at once; who works in between finds
// them zeroed anyway. Nobody else waits for that.
void MapAhead::await(const UffdCalls& uffd, const Vma& vma, ExtentIndex extent, std::uint64_t window) const {
  DeviceView& view = *vma.view;
  if (others_wait_ || window < kSureWindow || !view.hugetlb() || view.has_image() || view.align() > kPmdSize) {
    return;
  }
  const std::uint64_t most = std::min({kMostAwaited, window / kAwaitedOf, remaining(vma, extent)});
  for (std::uint64_t at = 0; at <= most; ++at) { // what is touched has the first page
    const ExtentIndex next(extent.value() + at);
    if (refuses(vma, next) || (!view.is_allocated(next) && (uffd.is_asked() || !view.allocate(next)))) {
      return;
    }
  }
}

void MapAhead::plan(DeviceView& view, std::uint64_t first, std::uint64_t count) {
  const bool goes_on = view_ == &view && next_ >= first && next_ <= first + count; // those before next_ are prepared
  next_ = goes_on ? next_ : first;
  near_ = goes_on ? std::max(near_, first) : first;
  end_ = first + count;
  waits_ = 0;
  view_ = &view;
}

// A program that waits for the disk touches the next extent at once, and we are never idle: the disk has to know now.
void MapAhead::expect_next() {
  for (std::uint64_t count = 0; count < kMostExpected && prepare_one(); ++count) {
  }
}

bool MapAhead::prepare_one() {
  while (next_ < end_ && view_->alive()) {
    const ExtentIndex extent(next_);
    if (view_->has_image() && !view_->has_bytes(extent)) {
      if (!view_->expect(extent)) {
        return false; // when one of those that are on their way has been brought
      }
      ++next_;
      return true;
    }
    ++next_;
    if (!view_->has_image() && !view_->is_allocated(extent)) {
      if (view_->allocate(extent)) {
        return true;
      }
      break;
    }
  }
  next_ = end_;
  return false;
}

std::optional<ExtentIndex> MapAhead::next_of(const DeviceView& view, ExtentIndex extent) const {
  const std::uint64_t next = extent.value() + 1;
  const bool is_planned = view_ == &view && next < end_ && next + kMostPrepared >= end_;
  return is_planned ? std::optional(ExtentIndex(next)) : std::nullopt;
}

bool MapAhead::bring_one() {
  waits_for_disk_ = false;
  for (; near_ < next_ && view_->alive() && view_->has_image(); ++near_) {
    const ExtentIndex extent(near_);
    const bool has_failed = (view_->folio(extent).flags.load() & mm::kFolioHwpoison) != 0;
    if (has_failed || view_->has_bytes(extent)) {
      continue;
    }
    const auto near = view_->near(extent);
    waits_for_disk_ = near == ImageAhead::Near::coming && waits_ < kMostWaits;
    if (near != ImageAhead::Near::here) {
      return false;
    }
    waits_ = 0;
    const bool brought = view_->bring(extent, next_of(*view_, extent)).has_value();
    if (brought && view_->hugetlb() &&
        !view_->is_allocated(extent)) { // nothing but zeros: to be mapped it has to be there
      (void)view_->allocate(extent);
    }
    near_ = brought ? near_ + 1 : next_;
    return brought;
  }
  return false;
}

int MapAhead::wait_for_disk() {
  if (!waits_for_disk_) {
    return 0;
  }
  return ++waits_ <= kSoon ? kSoonMs : kLaterMs;
}

} // namespace daxemu::fault
