#include "runtime/api/device/kernel_consent.hpp"

#include <algorithm>

namespace daxemu::api {

void KernelConsent::add(const mm::DevicePages& pages, Ask ask) {
  const std::lock_guard lock(mutex_);
  devices_.push_back({&pages, std::move(ask)});
  needed_.store(true, std::memory_order_release);
}

void KernelConsent::remove(const mm::DevicePages& pages) {
  const std::lock_guard lock(mutex_);
  std::erase_if(devices_, [&](const Device& device) { return device.pages == &pages; });
  needed_.store(!devices_.empty(), std::memory_order_release);
}

Outcome<void> KernelConsent::of_folio(const mm::Folio& folio, bool longterm) {
  Ask ask;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(devices_.begin(), devices_.end(),
                                    [&](const Device& device) { return device.pages == &folio.device(); });
    if (found == devices_.end()) {
      return {}; // emulated
    }
    ask = found->ask;
  }
  return ask(folio.extent().value(), longterm);
}

Outcome<std::uint64_t> KernelConsent::of_pages(const mm::MemMap& map, const mm::PagePtr* pages, std::uint64_t nr_pages,
                                               bool longterm) {
  std::uint64_t done = 0;
  mm::PagePtr asked = nullptr; // the head of the folio that was asked for last
  for (; done < nr_pages && needed(); ++done) {
    const auto folio = mm::page_folio(map, pages[done]);
    if (!folio || folio->page() == asked) {
      continue;
    }
    if (auto held = of_folio(*folio, longterm); !held) {
      return done > 0 ? Outcome<std::uint64_t>(done) : tl::unexpected(held.error());
    }
    asked = folio->page();
  }
  return nr_pages;
}

Outcome<std::uint64_t> KernelConsent::of_range(const mm::MemMap& map, const gup::PageRange& range, bool longterm) {
  std::uint64_t done = 0;
  while (done < range.nr_pages && needed()) {
    const Pfn pfn = mm::page_to_pfn(range.first) + done;
    const auto folio = mm::page_folio(map, mm::pfn_to_page(pfn));
    if (!folio) {
      break;
    }
    if (auto held = of_folio(*folio, longterm); !held) {
      return done > 0 ? Outcome<std::uint64_t>(done) : tl::unexpected(held.error());
    }
    done += folio->nr_pages() - (pfn - folio->pfn());
  }
  return range.nr_pages;
}

} // namespace daxemu::api
