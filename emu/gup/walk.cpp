#include "emu/gup/walk.hpp"

#include <algorithm>

namespace daxemu::gup {

PageRun Gup::Walk::run_of(const Entry& entry, Pfn& first) const {
  const auto frames = entry.device->run_at(entry.pgoff);
  if (!frames) {
    return {entry.device, entry.pgoff, 0}; // beyond the end of the device
  }
  first = frames->first;
  return {entry.device, entry.pgoff, std::min({entry.nr_pages, frames->nr_pages, left()})};
}

void Gup::Walk::deliver(Pfn first, std::uint64_t nr_pages) {
  if (pages != nullptr) {
    mm::fill_pages(pages, mm::pfn_to_page(first), nr_pages);
    pages += nr_pages;
  }
  if (!ranges.empty()) {
    PageRange* last = nr_ranges > 0 ? &ranges[nr_ranges - 1] : nullptr;
    if (last != nullptr && mm::page_to_pfn(last->first) + last->nr_pages == first) {
      last->nr_pages += nr_pages;
    } else {
      ranges[nr_ranges++] = {mm::pfn_to_page(first), nr_pages};
    }
  }
  address += nr_pages << kPageShift;
  done += nr_pages;
}

} // namespace daxemu::gup
