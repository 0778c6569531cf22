#include "emu/gup/grab.hpp"

#include <algorithm>

#include "emu/gup/trace_points.hpp"
#include "emu/pgmap/pgmap.hpp"

namespace daxemu::gup {
namespace {

constexpr std::uint64_t word_of(bool pin, std::uint32_t pages) {
  return pin ? mm::hold_word(0, pages) : mm::hold_word(pages, 0);
}
constexpr mm::FolioCounts counts_of(unsigned order, bool pin, std::uint32_t pages) {
  return pin ? mm::counts_for(order, 0, pages) : mm::counts_for(order, pages, 0);
}

bool is_live(const mm::DevicePages& device) {
  return device.pgmap == nullptr || device.pgmap->is_live(); // ordinary RAM of the model has no pgmap
}

// DevPagemap::put(), without looking the folio up where nobody wants to hear of its idle transition.
Result<void> put(mm::DevicePages& device, std::uint64_t extent, mm::FolioCounts counts) {
  const auto dropped = mm::drop_counts(device.folios()[ExtentIndex(extent)], counts);
  if (!dropped) {
    return tl::unexpected(dropped.error());
  }
  if (*dropped && device.pgmap != nullptr && device.pgmap->hears_idle()) {
    device.pgmap->became_idle(*mm::folio_of(device, ExtentIndex(extent)));
  }
  return {};
}

Result<void> drop_folio(mm::DevicePages& device, mm::HolderRecord* holder, std::uint64_t extent, bool pin,
                        std::uint32_t pages) {
  const std::uint64_t word = word_of(pin, pages);
  if (holder != nullptr) {
    if (auto begun = mm::begin_drop(*holder, word); !begun) {
      device.folios().control().refused.fetch_add(1);
      return begun;
    }
  }
  auto dropped = put(device, extent, counts_of(device.order(), pin, pages));
  if (!dropped) {
    device.folios().control().refused.fetch_add(1);
  }
  if (holder != nullptr) {
    mm::end_drop(*holder, word);
  }
  return dropped;
}

// How far ahead of the folio being counted its records are asked for: a miss costs as much as counting a few folios.
constexpr std::uint64_t kAhead = 6;
void prefetch(const mm::FolioRecord* folios, const mm::HolderRecord* holders, std::uint64_t extent) {
  __builtin_prefetch(folios + extent + kAhead, 1);
  if (holders != nullptr) {
    __builtin_prefetch(holders + extent + kAhead, 1);
  }
}

// Calls visit(extent, pages of it in the run) for each folio of the run; stops when it returns false.
template <class Visit>
void for_each_folio(const PageRun& run, Visit visit) {
  const unsigned order = run.device->order();
  const std::uint64_t each = 1ULL << order;
  std::uint64_t pgoff = run.pgoff;
  std::uint64_t left = run.nr_pages;
  while (left > 0) {
    const std::uint64_t pages = std::min(each - (pgoff & (each - 1)), left);
    if (!visit(pgoff >> order, static_cast<std::uint32_t>(pages))) {
      return;
    }
    pgoff += pages;
    left -= pages;
  }
}

Result<mm::HolderRecord*> holders_of(mm::DevicePages& device) {
  if (device.holders() == nullptr) {
    return nullptr;
  }
  if (mm::HolderRecord* const mine = device.holders()->mine_if_any(); mine != nullptr) {
    return mine;
  }
  return device.holders()->mine(device.folios(), device.order());
}

} // namespace

Grabbed grab_run(const PageRun& run, bool pin, const mm::HoldStamp& stamp) {
  mm::DevicePages& device = *run.device;
  if (!is_live(device)) {
    return {0, EFAULT}; // get_dev_pagemap() finds none, and the fault that follows is SIGBUS
  }
  const auto holders = holders_of(device);
  if (!holders) {
    return {0, ENOMEM};
  }
  mm::FolioRecord* const folios = device.folios().records().data();
  const unsigned order = device.order();
  Grabbed grabbed;
  for_each_folio(run, [&](std::uint64_t extent, std::uint32_t pages) {
    prefetch(folios, *holders, extent);
    mm::FolioRecord& folio = folios[extent];
    if ((folio.flags.load(std::memory_order_relaxed) & mm::kFolioHwpoison) != 0) {
      grabbed.error = EHWPOISON;
      return false;
    }
    mm::HolderRecord* const holder = *holders == nullptr ? nullptr : *holders + extent;
    const std::uint64_t word = word_of(pin, pages);
    if (holder != nullptr) {
      mm::claim(*holder, word, stamp);
    }
    const auto added = mm::add_counts(folio, counts_of(order, pin, pages));
    if (!added) {
      if (holder != nullptr) {
        mm::end_drop(*holder, word);
      }
      device.folios().control().refused.fetch_add(1);
      grabbed.error = added.error().value;
      return false;
    }
    if (holder != nullptr) {
      mm::confirm(*holder, word);
    }
    grabbed.nr_pages += pages;
    return true;
  });
  if (pin && grabbed.nr_pages > 0) {
    trace_pin(trace::Kind::pin, run, grabbed.nr_pages);
  }
  // Whoever kills the pgmap looks for references afterwards, whoever takes references looks for the killer afterwards:
  // one of the two sees the other.
  if (!is_live(device)) {
    (void)drop_run({run.device, run.pgoff, grabbed.nr_pages}, pin, false);
    return {0, EFAULT};
  }
  return grabbed;
}

Result<void> drop_run(const PageRun& run, bool pin, bool dirty) {
  mm::DevicePages& device = *run.device;
  const auto holders = holders_of(device);
  if (!holders) {
    return tl::unexpected(holders.error());
  }
  Result<void> outcome;
  for_each_folio(run, [&](std::uint64_t extent, std::uint32_t pages) {
    prefetch(device.folios().records().data(), *holders, extent);
    mm::FolioRecord& folio = device.folios()[ExtentIndex(extent)];
    if (dirty && (folio.flags.load(std::memory_order_relaxed) & mm::kFolioDirty) == 0) {
      folio.flags.fetch_or(mm::kFolioDirty);
    }
    if (auto dropped = drop_folio(device, *holders == nullptr ? nullptr : *holders + extent, extent, pin, pages);
        !dropped && outcome) {
      outcome = dropped;
    }
    return true;
  });
  if (pin && outcome && run.nr_pages > 0) {
    trace_pin(trace::Kind::unpin, run, run.nr_pages);
  }
  return outcome;
}

} // namespace daxemu::gup
