// The get_user_pages and pin_user_pages families with the kernel's contract (mm/gup.c): the number of pages taken, or
// an errno when not even the first could be. Fast calls walk without a lock and finish what is left the slow way.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emu/gup/address_space_view.hpp"
#include "emu/gup/foll.hpp"
#include "emu/gup/grab.hpp"

namespace daxemu::gup {

// Consecutive pages, as pin_user_folios() hands them out and unpin_user_page_range_dirty_lock() takes them.
struct PageRange {
  mm::PagePtr first = nullptr;
  std::uint64_t nr_pages = 0;
};

// On whose behalf: noted in the ledger.
struct Caller {
  std::uint32_t tid = 0;
  std::uint64_t site = 0; // return address; 0: not recorded
};

// How calls went, for tests and `daxemu top`: how many pages came the fast way.
struct WalkStats {
  std::uint64_t fast_pages = 0;
  std::uint64_t slow_pages = 0;
};

class Gup {
public:
  explicit Gup(mm::MemMap& map) : map_(map) {}

  // All: `start` is rounded down to a page; fewer pages than asked for are a success; 0 pages asked for are 0.
  // Errors: EINVAL (flags, see foll.hpp), EFAULT (not mapped, rights, no page behind it, the device is dying),
  // EHWPOISON, EOPNOTSUPP (FOLL_LONGTERM on a DAX file), EREMOTEIO (PCI memory without FOLL_PCI_P2PDMA), EBUSY or
  // ENOMEM (migration), ENOMEM (a count is full), ENODEV (memory of the process itself, which the model has no pages
  // of). A poisoned page is EHWPOISON for every caller; the kernel says EFAULT to those without FOLL_HWPOISON
  // (vm_fault_to_errno), which would tell a test less.

  // pages == nullptr: only faults them in.
  Result<std::uint64_t> get_user_pages(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                       std::uint32_t flags, mm::PagePtr* pages, const Caller& caller = {});
  Result<std::uint64_t> get_user_pages_fast(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                            std::uint32_t flags, mm::PagePtr* pages, const Caller& caller = {});
  // `view` may be another process's: then it is pin_user_pages_remote.
  Result<std::uint64_t> pin_user_pages(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                       std::uint32_t flags, mm::PagePtr* pages, const Caller& caller = {});
  Result<std::uint64_t> pin_user_pages_fast(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                            std::uint32_t flags, mm::PagePtr* pages, const Caller& caller = {});
  // pin_user_pages_fast without an entry per page: ranges[0..n) of consecutive pages. Stops when `ranges` is full.
  struct PinnedRanges {
    std::uint64_t nr_pages = 0;
    std::size_t nr_ranges = 0;
  };
  Result<PinnedRanges> pin_user_folios(AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                       std::uint32_t flags, std::span<PageRange> ranges, const Caller& caller = {});

  // Release. Errors: ERANGE (not held that often by this process; all others are released), EINVAL (no page of ours).
  Result<void> unpin_user_pages(const mm::PagePtr* pages, std::uint64_t nr_pages);
  Result<void> unpin_user_pages_dirty_lock(const mm::PagePtr* pages, std::uint64_t nr_pages, bool make_dirty);
  Result<void> unpin_user_page_range_dirty_lock(mm::PagePtr first, std::uint64_t nr_pages, bool make_dirty);
  // One pin each of the folios whose head (or other) pages are given.
  Result<void> unpin_folios(const mm::PagePtr* folios, std::uint64_t count) { return unpin_user_pages(folios, count); }
  Result<void> unpin_user_folios(std::span<const PageRange> ranges, bool make_dirty);
  // put_page() for what the get calls took.
  Result<void> put_pages(const mm::PagePtr* pages, std::uint64_t nr_pages);

  // Of the last call of this thread.
  [[nodiscard]] static const WalkStats& last_walk();

private:
  struct Walk;
  Result<std::uint64_t> into_array(Call call, AddressSpaceView& view, std::uint64_t start, std::uint64_t nr_pages,
                                   std::uint32_t flags, mm::PagePtr* pages, const Caller& caller);
  Result<std::uint64_t> run(Walk& walk, bool fast);
  void take_back(Walk& walk, std::uint64_t nr_pages);
  static void walk_fast(Walk& walk);
  static int walk_slow(Walk& walk);
  Result<void> release(const mm::PagePtr* pages, std::uint64_t nr_pages, bool pin, bool dirty);
  Result<void> release_range(mm::PagePtr first, std::uint64_t nr_pages, bool pin, bool dirty);

  mm::MemMap& map_;
};

} // namespace daxemu::gup
