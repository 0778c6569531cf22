#include "emu/gup/grab.hpp"

#include <algorithm>

#include "emu/gup/trace_points.hpp"
#include "emu/mm/holder_turns.hpp"
#include "emu/pgmap/pgmap.hpp"

namespace daxemu::gup {
namespace {

bool is_live(const mm::DevicePages& device) {
  return device.pgmap == nullptr || device.pgmap->is_live(); // ordinary RAM of the model has no pgmap
}

// What a page that is held adds to the words of its folio, of any order; as many times for more.
struct PerPage {
  PerPage(unsigned order, bool pin)
      : hold(pin ? mm::hold_word(0, 1) : mm::hold_word(1, 0)),
        counts(mm::pack_counts(pin ? mm::counts_for(order, 0, 1) : mm::counts_for(order, 1, 0))) {}
  std::uint64_t hold;
  std::uint64_t counts;
};

// How far ahead of the folio being counted its records are asked for: a miss costs as much as counting a few folios.
constexpr std::uint64_t kAhead = 6;

// The records of one device as one call goes through them.
struct Records {
  mm::FolioRecord* folios = nullptr;
  mm::HolderRecord* holders = nullptr; // nullptr: nobody accounts who holds what
  mm::HolderTurns* turns = nullptr;    // and who may change them

  void prefetch(std::uint64_t extent) const {
    __builtin_prefetch(folios + extent + kAhead, 1);
    if (holders != nullptr) {
      __builtin_prefetch(holders + extent + kAhead, 1);
    }
  }
};

// Errors: ENOMEM, mmap(2)'s.
Result<Records> records_of(mm::DevicePages& device) {
  Records records{.folios = device.folios().records().data()};
  if (mm::HolderTable* const table = device.holders(); table != nullptr) {
    records.turns = &table->turns();
    records.holders = table->mine_if_any();
    if (records.holders == nullptr) {
      const auto joined = table->mine(device.folios(), device.order());
      if (!joined) {
        return tl::unexpected(joined.error());
      }
      records.holders = *joined;
    }
  }
  return records;
}

// Calls visit(extent, pages of it in the run) for each folio of the run; stops when it returns false.
template <class Visit>
void for_each_folio(const PageRun& run, Visit visit) {
  const unsigned order = run.device->order();
  const std::uint64_t each = 1ULL << order;
  std::uint64_t extent = run.pgoff >> order;
  std::uint64_t pages = each - (run.pgoff & (each - 1)); // only the first folio may begin in its middle
  for (std::uint64_t left = run.nr_pages; left > 0; ++extent) {
    pages = std::min(pages, left);
    if (!visit(extent, pages)) {
      return;
    }
    left -= pages;
    pages = each;
  }
}

} // namespace

Grabbed grab_run(const PageRun& run, bool pin, const mm::HoldStamp& stamp) {
  mm::DevicePages& device = *run.device;
  if (!is_live(device)) {
    return {0, EFAULT}; // get_dev_pagemap() finds none, and the fault that follows is SIGBUS
  }
  const auto found = records_of(device);
  if (!found) {
    return {0, ENOMEM};
  }
  const Records records = *found;
  const PerPage each(device.order(), pin);
  Grabbed grabbed;
  mm::HolderTurn turn(records.turns);
  for_each_folio(run, [&, records, each](std::uint64_t extent, std::uint64_t pages) {
    records.prefetch(extent);
    turn.at(extent);
    mm::FolioRecord& folio = records.folios[extent];
    if ((folio.flags.load(std::memory_order_relaxed) & mm::kFolioHwpoison) != 0) {
      grabbed.error = EHWPOISON;
      return false;
    }
    if (records.holders != nullptr) {
      mm::claim<mm::InTurn>(records.holders[extent], each.hold * pages, stamp);
    }
    std::uint64_t before = 0;
    const bool added = mm::add_packed(folio, each.counts * pages, before);
    if (records.holders != nullptr) {
      added ? mm::confirm<mm::InTurn>(records.holders[extent], each.hold * pages)
            : mm::end_drop<mm::InTurn>(records.holders[extent], each.hold * pages);
    }
    if (!added) {
      device.folios().control().refused.fetch_add(1);
      grabbed.error = ENOMEM;
      return false;
    }
    grabbed.nr_pages += pages;
    return true;
  });
  turn.leave();
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
  const auto found = records_of(device);
  if (!found) {
    return tl::unexpected(found.error());
  }
  const Records records = *found;
  const PerPage each(device.order(), pin);
  std::uint64_t refused = 0;
  mm::HolderTurn turn(records.turns);
  for_each_folio(run, [&, records, each](std::uint64_t extent, std::uint64_t pages) {
    records.prefetch(extent);
    turn.at(extent);
    mm::FolioRecord& folio = records.folios[extent];
    if (dirty && (folio.flags.load(std::memory_order_relaxed) & mm::kFolioDirty) == 0) {
      folio.flags.fetch_or(mm::kFolioDirty);
    }
    if (records.holders != nullptr && !mm::begin_drop<mm::InTurn>(records.holders[extent], each.hold * pages)) {
      ++refused;
      return true;
    }
    std::uint64_t before = 0;
    const bool dropped = mm::drop_packed(folio, each.counts * pages, before);
    if (records.holders != nullptr) {
      mm::end_drop<mm::InTurn>(records.holders[extent], each.hold * pages);
    }
    if (!dropped) {
      ++refused;
    } else if (mm::became_idle(before, each.counts * pages) && device.pgmap != nullptr && device.pgmap->hears_idle()) {
      turn.leave(); // before the driver is called
      device.pgmap->became_idle(*mm::folio_of(device, ExtentIndex(extent)));
    }
    return true;
  });
  turn.leave();
  if (refused > 0) {
    device.folios().control().refused.fetch_add(refused);
    return fail(ERANGE);
  }
  if (pin && run.nr_pages > 0) {
    trace_pin(trace::Kind::unpin, run, run.nr_pages);
  }
  return {};
}

} // namespace daxemu::gup
