#include "runtime/fault/write_back/dirty_tracker.hpp"

#include <algorithm>
#include <string>

#include <fcntl.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"
#include "emu/mm/folio_counts.hpp"
#include "emu/store/processes/process_identity.hpp"
#include "runtime/fault/write_back/page_scan.hpp"

namespace daxemu::fault {
namespace {

// One mapping may be many to the kernel: the touched extents of it are watched otherwise than the others.
std::vector<MappedPiece> joined(const std::vector<MappedPiece>& pieces) {
  std::vector<MappedPiece> all;
  for (const MappedPiece& piece : pieces) {
    if (!all.empty() && all.back().process == piece.process && all.back().end == piece.start &&
        all.back().offset + (all.back().end - all.back().start) == piece.offset) {
      all.back().end = piece.end;
    } else {
      all.push_back(piece);
    }
  }
  return all;
}

bool is_touched(const mm::FolioTable& folios, std::uint64_t extent) {
  return (folios[ExtentIndex(extent)].flags.load(std::memory_order_acquire) & mm::kFolioTouched) != 0;
}

} // namespace

Result<std::unique_ptr<DirtyTracker>> DirtyTracker::start(const store::Store& store, store::DeviceRecord& device) {
  const std::uint64_t me = store::identity_of(sys::getpid());
  std::uint64_t other = device.tracker.load();
  do {
    if (other != 0 && store::is_alive(other)) {
      return fail(EBUSY);
    }
  } while (!device.tracker.compare_exchange_weak(other, me));
  return std::unique_ptr<DirtyTracker>(new DirtyTracker(store, device));
}

DirtyTracker::~DirtyTracker() {
  std::uint64_t me = store::identity_of(sys::getpid());
  device_.tracker.compare_exchange_strong(me, 0);
}

void DirtyTracker::look(const mm::FolioTable& folios) {
  dirty_.resize(folios.size());
  held_.resize(folios.size());
  heat_.resize(folios.size());
  Surroundings now;
  now.incarnation = device_.incarnation.load(std::memory_order_acquire);
  now.changes = device_.mapping_changes.load(std::memory_order_acquire); // before anything is looked at
  const auto pieces = mapped_pieces(store_, device_);
  if (!pieces) {
    everything_ = true;
    seen_ = {};
    note_held(folios);
    return;
  }
  now.pieces = joined(*pieces);
  const bool same = now == seen_;
  everything_ = everything_ || !same;
  seen_ = std::move(now);
  begin_look();
  for (auto at = pieces->begin(); at != pieces->end();) {
    const std::uint64_t process = at->process;
    const auto pagemap = sys::open(("/proc/" + std::to_string(at->pid()) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC);
    const UniqueFd fd(pagemap.value_or(-1));
    for (; at != pieces->end() && at->process == process; ++at) {
      look_into(*at, fd.get(), folios);
    }
  }
  end_look(same);
  note_held(folios);
}

void DirtyTracker::begin_look() {
  for (std::size_t extent = 0; extent < heat_.size(); ++extent) {
    Heat& heat = heat_[extent];
    heat.found = false;
    heat.resting = heat.rest > 0;
    if (heat.resting) {
      --heat.rest;
      dirty_[extent] = true;
    }
  }
}

// `judge`: what was found has been written to since the last look, not mapped anew.
void DirtyTracker::end_look(bool judge) {
  for (Heat& heat : heat_) {
    if (heat.resting) {
      continue;
    }
    heat.streak = heat.found && judge ? std::min<std::uint8_t>(heat.streak + 1, kLongestStreak) : 0;
    heat.rest = static_cast<std::uint8_t>(heat.streak == 0 ? 0 : (1U << (heat.streak - 1U)) - 1);
  }
}

// Only extents that were touched: nobody has written to another, and marks for it would cost page tables.
void DirtyTracker::look_into(const MappedPiece& piece, int pagemap, const mm::FolioTable& folios) {
  const std::uint64_t align = device_.align;
  const std::uint64_t end = piece.offset + (piece.end - piece.start);
  const std::uint64_t last = std::min(folios.size(), (end + align - 1) / align);
  const auto is_asked = [&](std::uint64_t extent) { return is_touched(folios, extent) && !heat_[extent].resting; };
  for (std::uint64_t extent = piece.offset / align; extent < last; ++extent) {
    if (!is_asked(extent)) {
      continue;
    }
    const std::uint64_t first = extent;
    while (extent + 1 < last && is_asked(extent + 1)) {
      ++extent;
    }
    const std::uint64_t from = std::max(piece.offset, first * align);
    const std::uint64_t to = std::min(end, (extent + 1) * align);
    const auto address = [&](std::uint64_t offset) { return piece.start + (offset - piece.offset); };
    const auto found = [&](std::uint64_t begin, std::uint64_t behind) {
      mark((begin - piece.start + piece.offset) / align, (behind - piece.start + piece.offset + align - 1) / align);
    };
    // In this order a page that is dropped in between is found as one of none at the next look.
    for (const PageKind kind : {PageKind::none, PageKind::written}) {
      // No entry of hugetlb goes by itself, and what takes one away is a change of the mappings.
      if (kind == PageKind::none && device_.backing.kind == store::BackingKind::hugetlb) {
        continue;
      }
      // Of larger hugetlb pages than 2M the kernel protects none (pagemap_scan_hugetlb_entry takes each for a part of
      // one).
      const bool too_large = device_.backing.page_size > kPmdSize;
      if (too_large || pagemap < 0 || !protect_pages(pagemap, address(from), address(to), kind, found)) {
        mark(first, extent + 1); // not tracked there, or just gone
        break;
      }
    }
  }
}

// What was pinned at the last look may have been written to by a device since, whoever has let go of it meanwhile.
void DirtyTracker::note_held(const mm::FolioTable& folios) {
  for (std::uint64_t extent = 0; extent < folios.size(); ++extent) {
    const bool was = held_[extent];
    const mm::FolioCounts counts = mm::counts_of(folios[ExtentIndex(extent)]);
    held_[extent] = counts.refs != 0 || counts.pins != 0;
    if (was || held_[extent]) {
      dirty_[extent] = true;
    }
  }
}

void DirtyTracker::mark(std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t extent = first; extent < std::min<std::uint64_t>(last, dirty_.size()); ++extent) {
    dirty_[extent] = true;
    heat_[extent].found = true;
  }
}

void DirtyTracker::settled() {
  everything_ = false;
  dirty_.assign(dirty_.size(), false);
}

} // namespace daxemu::fault
