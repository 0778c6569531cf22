#include "emu/gup/gup.hpp"

#include <algorithm>

#include "emu/base/clock.hpp"
#include "emu/gup/walk.hpp"

namespace daxemu::gup {
namespace {

thread_local WalkStats last_stats;

mm::HoldStamp stamp_of(const Caller& caller, std::uint32_t flags) {
  return {.tid = caller.tid,
          .since_ns = clock_ns(CLOCK_REALTIME_COARSE),
          .site = caller.site,
          .longterm = (flags & FOLL_LONGTERM) != 0};
}

} // namespace

const WalkStats& Gup::last_walk() {
  return last_stats;
}

// check_and_migrate_movable_pages() unpins the whole batch when one page cannot be moved.
void Gup::take_back(Walk& walk, std::uint64_t nr_pages) {
  walk.done -= nr_pages;
  walk.address -= nr_pages << kPageShift;
  if (walk.pages != nullptr) {
    walk.pages -= nr_pages;
    (void)release(walk.pages, nr_pages, true, false);
  }
  while (!walk.ranges.empty() && nr_pages > 0) {
    PageRange& last = walk.ranges[walk.nr_ranges - 1];
    const std::uint64_t pages = std::min(last.nr_pages, nr_pages);
    last.nr_pages -= pages;
    nr_pages -= pages;
    (void)release_range(mm::pfn_to_page(mm::page_to_pfn(last.first) + last.nr_pages), pages, true, false);
    walk.nr_ranges -= last.nr_pages == 0 ? 1 : 0;
  }
}

Result<std::uint64_t> Gup::run(Walk& walk, bool fast) {
  last_stats = {};
  walk.address = align_down(walk.address, kPageSize);
  const std::uint64_t nr_pages = walk.end; // as passed in; becomes an address now
  if (nr_pages == 0) {
    return 0;
  }
  const std::uint64_t task_size = walk.view.task_size();
  if (nr_pages > task_size >> kPageShift || walk.address > task_size - (nr_pages << kPageShift)) {
    return fail(EFAULT); // access_ok()
  }
  walk.end = walk.address + (nr_pages << kPageShift);
  if (fast) {
    walk_fast(walk);
    last_stats.fast_pages = walk.done;
    if (walk.left() == 0 || !walk.has_room() || walk.has(FOLL_FAST_ONLY)) {
      return walk.done;
    }
  }
  const int error = walk_slow(walk);
  if (error != 0 && walk.migration_failed) {
    take_back(walk, walk.done - last_stats.fast_pages);
  }
  last_stats.slow_pages = walk.done - last_stats.fast_pages;
  if (walk.done == 0 && error != 0) {
    return fail(error);
  }
  return walk.done;
}

Result<std::uint64_t> Gup::into_array(Call call, AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                      std::uint32_t flags, mm::PagePtr* pages, const Caller& caller) {
  const auto checked = checked_flags(call, flags, pages != nullptr);
  if (!checked) {
    return tl::unexpected(checked.error());
  }
  Walk walk{.view = view,
            .address = start,
            .end = nr_pages,
            .flags = *checked,
            .stamp = stamp_of(caller, flags),
            .pages = pages};
  return run(walk, is_fast(call));
}

Result<std::uint64_t> Gup::get_user_pages(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                          std::uint32_t flags, mm::PagePtr* pages, const Caller& caller) {
  return into_array(Call::get, view, start, nr_pages, flags, pages, caller);
}

Result<std::uint64_t> Gup::get_user_pages_fast(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                               std::uint32_t flags, mm::PagePtr* pages, const Caller& caller) {
  return into_array(Call::get_fast, view, start, nr_pages, flags, pages, caller);
}

Result<std::uint64_t> Gup::pin_user_pages(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                          std::uint32_t flags, mm::PagePtr* pages, const Caller& caller) {
  return into_array(Call::pin, view, start, nr_pages, flags, pages, caller);
}

Result<std::uint64_t> Gup::pin_user_pages_fast(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                               std::uint32_t flags, mm::PagePtr* pages, const Caller& caller) {
  return into_array(Call::pin_fast, view, start, nr_pages, flags, pages, caller);
}

Result<Gup::PinnedRanges> Gup::pin_user_folios(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                               std::uint32_t flags, std::span<PageRange> ranges, const Caller& caller) {
  const auto checked = checked_flags(Call::pin_folios, flags, !ranges.empty());
  if (!checked) {
    return tl::unexpected(checked.error());
  }
  Walk walk{.view = view,
            .address = start,
            .end = nr_pages,
            .flags = *checked,
            .stamp = stamp_of(caller, flags),
            .ranges = ranges};
  const auto done = run(walk, true);
  if (!done) {
    return tl::unexpected(done.error());
  }
  return PinnedRanges{*done, walk.nr_ranges};
}

Result<void> Gup::release(const mm::PagePtr* pages, std::uint64_t nr_pages, bool pin, bool dirty) {
  Result<void> outcome;
  for (std::uint64_t at = 0; at < nr_pages;) {
    const std::size_t together = mm::consecutive_pages(pages + at, nr_pages - at);
    if (auto released = release_range(pages[at], together, pin, dirty); !released && outcome) {
      outcome = released;
    }
    at += together;
  }
  return outcome;
}

Result<void> Gup::release_range(mm::PagePtr first, std::uint64_t nr_pages, bool pin, bool dirty) {
  Result<void> outcome;
  while (nr_pages > 0) {
    mm::DevicePages* device = mm::is_page(first) ? map_.find(mm::page_to_pfn(first)) : nullptr;
    if (device == nullptr) {
      return fail(EINVAL);
    }
    const mm::PfnRange run = *device->run_of(mm::page_to_pfn(first));
    const std::uint64_t together = std::min(run.nr_pages, nr_pages);
    if (auto dropped = drop_run({device, run.pgoff, together}, pin, dirty); !dropped && outcome) {
      outcome = dropped;
    }
    first = mm::pfn_to_page(mm::page_to_pfn(first) + together);
    nr_pages -= together;
  }
  return outcome;
}

Result<void> Gup::unpin_user_pages(const mm::PagePtr* pages, std::uint64_t nr_pages) {
  return release(pages, nr_pages, true, false);
}
Result<void> Gup::unpin_user_pages_dirty_lock(const mm::PagePtr* pages, std::uint64_t nr_pages, bool make_dirty) {
  return release(pages, nr_pages, true, make_dirty);
}
Result<void> Gup::unpin_user_page_range_dirty_lock(mm::PagePtr first, std::uint64_t nr_pages, bool make_dirty) {
  return release_range(first, nr_pages, true, make_dirty);
}
Result<void> Gup::unpin_user_folios(std::span<const PageRange> ranges, bool make_dirty) {
  Result<void> outcome;
  for (const PageRange& range : ranges) {
    if (auto released = release_range(range.first, range.nr_pages, true, make_dirty); !released && outcome) {
      outcome = released;
    }
  }
  return outcome;
}
Result<void> Gup::put_pages(const mm::PagePtr* pages, std::uint64_t nr_pages) {
  return release(pages, nr_pages, false, false);
}

} // namespace daxemu::gup
