#include <daxemu/sg.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include <daxemu/gup.h>

#include "emu/base/units.hpp"
#include "runtime/api/c/last_error.hpp"
#include "runtime/api/c/pin_ranges.hpp"
#include "runtime/api/platform.hpp"

using namespace daxemu;

namespace {

constexpr std::size_t kRuns = 16; // at once

std::uint64_t pages_of(const daxemu_scatterlist& entry) {
  return (entry.offset + entry.length + kPageSize - 1) >> kPageShift;
}

// Appends pinned bytes to a table, in entries of consecutive pages.
class Appender {
public:
  Appender(daxemu_sg_table& table, std::uint64_t max_segment, api::Platform* platform)
      : table_(table), most_(max_segment == 0 ? std::numeric_limits<std::uint64_t>::max() : max_segment),
        map_(platform == nullptr ? nullptr : &platform->mem_map()) {}

  [[nodiscard]] std::size_t entries_left() const { return table_.max - table_.nents; }

  // `length` bytes, `offset` bytes into `page`. Returns how many of them have a place.
  std::uint64_t append(mm::PagePtr page, std::uint32_t offset, std::uint64_t length) {
    std::uint64_t done = 0;
    while (done < length) {
      const std::uint64_t at = offset + done;
      const mm::PagePtr here = mm::pfn_to_page(mm::page_to_pfn(page) + (at >> kPageShift));
      const auto in_page = static_cast<std::uint32_t>(at & (kPageSize - 1));
      const std::uint64_t wanted = std::min(length - done, bytes_of_device(here) - in_page);
      const std::uint64_t taken = longer(here, in_page, wanted);
      if (taken != 0) {
        done += taken;
        continue;
      }
      if (entries_left() == 0) {
        break;
      }
      // An entry that ends at its limit ends at the end of a page, so that the next one has its pages to itself.
      const std::uint64_t some = std::min(wanted, most_ - in_page);
      table_.sgl[table_.nents++] = {here, in_page, 0, some, 0};
      done += some;
    }
    return done;
  }

private:
  // From the beginning of `page` to where another device's pages may begin.
  [[nodiscard]] std::uint64_t bytes_of_device(mm::PagePtr page) const {
    const Pfn pfn = mm::page_to_pfn(page);
    const mm::DevicePages* device = map_ == nullptr ? nullptr : map_->find(pfn);
    const auto run = device == nullptr ? std::nullopt : device->run_of(pfn);
    return run ? run->nr_pages << kPageShift : std::numeric_limits<std::uint64_t>::max();
  }
  // zone_device_pages_have_same_pgmap() of include/linux/mmzone.h, which pages_are_mergeable() of lib/scatterlist.c
  // asks since 6.2 (extract_iter_to_sg() itself is younger). What is no device's has none.
  [[nodiscard]] bool have_same_pgmap(Pfn one, Pfn other) const {
    const auto pgmap_of = [this](Pfn pfn) {
      const mm::DevicePages* device = map_->find(pfn);
      return device == nullptr ? nullptr : device->pgmap;
    };
    return map_ == nullptr || pgmap_of(one) == pgmap_of(other);
  }
  // Bytes by which the last entry was made longer.
  std::uint64_t longer(mm::PagePtr page, std::uint32_t offset, std::uint64_t length) {
    if (table_.nents == 0) {
      return 0;
    }
    daxemu_scatterlist& last = table_.sgl[table_.nents - 1];
    const std::uint64_t end = last.offset + last.length;
    const Pfn next = mm::page_to_pfn(last.page) + (end >> kPageShift);
    if (offset != 0 || end % kPageSize != 0 || end >= most_ || next != mm::page_to_pfn(page) ||
        !have_same_pgmap(mm::page_to_pfn(last.page) + ((end >> kPageShift) - 1), next)) {
      return 0;
    }
    const std::uint64_t some = std::min(length, most_ - end);
    last.length += some;
    return some;
  }

  daxemu_sg_table& table_;
  std::uint64_t most_;
  const mm::MemMap* map_; // nullptr: there is no platform, and nothing will be appended
};

} // namespace

extern "C" {

ssize_t daxemu_extract_iter_to_sg(daxemu_iov_iter* iter, size_t maxsize, daxemu_sg_table* table, size_t max_segment,
                                  unsigned int gup_flags) {
  const void* const site = __builtin_return_address(0);
  if (max_segment % kPageSize != 0) {
    return api::guarded([&]() -> ssize_t {
      return api::report({EINVAL, "max_segment is " + std::to_string(max_segment), "give a multiple of 4096, or 0"});
    });
  }
  std::size_t left = std::min(maxsize, iter->count);
  constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max() - kPageSize;
  if (left > kTop - std::min<std::uint64_t>(iter->address, kTop)) { // access_ok() of import_ubuf()
    return api::guarded([]() -> ssize_t { return api::report(Errno{EFAULT}, "daxemu_extract_iter_to_sg"); });
  }
  Appender appender(*table, max_segment, api::current_platform());
  std::size_t done = 0;
  while (left > 0 && appender.entries_left() > 0) {
    const auto offset = static_cast<std::uint32_t>(iter->address & (kPageSize - 1));
    std::uint64_t pages = (offset + left + kPageSize - 1) >> kPageShift;
    if (max_segment != 0) { // no more than there is room for, if they are consecutive
      pages = std::min<std::uint64_t>(pages, appender.entries_left() * (max_segment >> kPageShift));
    }
    std::array<gup::PageRange, kRuns> runs{};
    const std::size_t room = std::min(runs.size(), appender.entries_left());
    const long pinned = api::pin_ranges(iter->address, pages, gup_flags, std::span(runs).first(room), site);
    if (pinned < 0) {
      return done > 0 ? static_cast<ssize_t>(done) : pinned;
    }
    std::uint32_t in = offset;
    bool fits = pinned > 0;
    for (const gup::PageRange& run : std::span(runs).first(static_cast<std::size_t>(pinned))) {
      const std::uint64_t length = std::min<std::uint64_t>((run.nr_pages << kPageShift) - in, left);
      const std::uint64_t placed = fits ? appender.append(run.first, in, length) : 0;
      const std::uint64_t kept = placed == 0 ? 0 : (in + placed + kPageSize - 1) >> kPageShift;
      if (kept < run.nr_pages) { // runs that begin or end within a segment may need more entries than they are
        daxemu_unpin_user_page_range_dirty_lock(mm::pfn_to_page(mm::page_to_pfn(run.first) + kept), run.nr_pages - kept,
                                                false);
      }
      fits = fits && placed == length;
      iter->address += placed;
      iter->count -= placed;
      left -= placed;
      done += placed;
      in = 0;
    }
    if (!fits) {
      break;
    }
  }
  return static_cast<ssize_t>(done);
}

int daxemu_dma_map_sg(daxemu_bus_master* master, daxemu_sg_table* table, daxemu_dma_direction direction) {
  for (unsigned at = 0; at < table->nents; ++at) {
    daxemu_scatterlist& entry = table->sgl[at];
    std::uint64_t bus_address = 0;
    const int mapped = entry.length == 0 || entry.offset >= kPageSize
                           ? api::guarded([] { return api::report(Errno{EINVAL}, "daxemu_dma_map_sg"); })
                           : daxemu_dma_map(master, entry.page, pages_of(entry), direction, &bus_address);
    if (mapped != 0) {
      daxemu_sg_table done{table->sgl, at, table->max};
      daxemu_dma_unmap_sg(master, &done);
      return mapped;
    }
    entry.dma_address = bus_address + entry.offset;
  }
  return 0;
}
void daxemu_dma_unmap_sg(daxemu_bus_master* master, daxemu_sg_table* table) {
  for (unsigned at = 0; at < table->nents; ++at) {
    daxemu_scatterlist& entry = table->sgl[at];
    (void)daxemu_dma_unmap(master, entry.dma_address - entry.offset);
    entry.dma_address = 0;
  }
}

void daxemu_unpin_sg(daxemu_sg_table* table, bool make_dirty) {
  for (unsigned at = 0; at < table->nents; ++at) {
    const daxemu_scatterlist& entry = table->sgl[at];
    daxemu_unpin_user_page_range_dirty_lock(entry.page, pages_of(entry), make_dirty);
  }
  table->nents = 0;
}

} // extern "C"
