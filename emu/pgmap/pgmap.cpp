#include "emu/pgmap/pgmap.hpp"

#include <algorithm>

#include "emu/pgmap/trace_points.hpp"

namespace daxemu::pgmap {

namespace {

Problem explained(Errno error, const std::string& what) {
  return {error.value, what, "see errno"};
}

} // namespace

Outcome<std::unique_ptr<DevPagemap>> DevPagemap::memremap_pages(mm::MemMap& map, Spec spec) {
  const SetContext context{.order = spec.pages->order(),
                           .has_folio_free = spec.ops.folio_free || spec.ops.page_free,
                           .has_migrate_to_ram = static_cast<bool>(spec.ops.migrate_to_ram),
                           .has_owner = spec.owner != nullptr};
  if (auto fine = check_set(spec.behaviours, context); !fine) {
    return tl::unexpected(fine.error());
  }
  if ((spec.pages->idle_count() == 1) != spec.behaviours.has(Behaviour::count_from_one)) {
    return refuse(EINVAL, "the pages' idle count and count_from_one disagree",
                  "make the pages with starts_at_one as the set has it");
  }
  auto& shared = spec.pages->folios().control().pgmap_state;
  auto was = static_cast<std::uint32_t>(State::dead);
  shared.compare_exchange_strong(was, static_cast<std::uint32_t>(State::live));
  if (was == static_cast<std::uint32_t>(State::dying)) {
    return refuse(EBUSY, "the device is being unbound and something is still referenced", "wait until it is dead");
  }
  auto pages = spec.pages;
  pages->counts_entries = spec.behaviours.has(Behaviour::entry_references);
  std::unique_ptr<DevPagemap> pgmap(new DevPagemap(map, std::move(spec)));
  pages->pgmap = pgmap.get();
  if (auto added = map.add(pages); !added) {
    pages->pgmap = nullptr;
    return refuse(added.error().value, "another device has some of these page frames", "choose other frames");
  }
  return pgmap;
}

DevPagemap::DevPagemap(mm::MemMap& map, Spec spec)
    : map_(map), pages_(std::move(spec.pages)), behaviours_(spec.behaviours), owner_(spec.owner),
      ops_(std::move(spec.ops)) {}

DevPagemap::~DevPagemap() {
  if (pages_->pgmap == this) {
    map_.remove(*pages_);
  }
}

void DevPagemap::free_hook(const mm::Folio& folio) const {
  if (has(Behaviour::device_swap_entries)) {
    folio.set_mapping(0, 0); // a stale value would make it look anonymous (free_zone_device_page)
  }
  const bool page = ops_.page_free && (has(Behaviour::page_free_hook) || !ops_.folio_free);
  const std::uint64_t since = trace::begin();
  if (page) {
    ops_.page_free(folio.page());
  } else {
    ops_.folio_free(folio);
  }
  trace_callback(since, page ? "page_free" : "folio_free", folio.pfn(), folio.nr_pages());
}

void DevPagemap::became_idle(const mm::Folio& folio) {
  // With entries that hold references the last one may be an entry's or another's: whoever of the two finds it idle
  // first calls the hook, once.
  const bool first =
      !has(Behaviour::entry_references) || (folio.ref_count() == pages_->idle_count() &&
                                            (folio.record().flags.fetch_and(~mm::kFolioInUse) & mm::kFolioInUse) != 0);
  if (first && has(Behaviour::free_hook_on_idle)) {
    free_hook(folio);
  }
  if (waiters_.load() > 0) {
    const std::lock_guard lock(waiting_);
    idle_.notify_all();
  }
}

Result<void> DevPagemap::put(const mm::Folio& folio, mm::FolioCounts counts) {
  const auto dropped = mm::drop_counts(folio.record(), counts);
  if (!dropped) {
    control().refused.fetch_add(1);
    return tl::unexpected(dropped.error());
  }
  if (*dropped) {
    became_idle(folio);
  }
  return {};
}

Result<void> DevPagemap::init_folio(const mm::Folio& folio) {
  if (!driver_hands_out(behaviours_)) {
    return fail(EINVAL);
  }
  if ((folio.record().flags.fetch_or(mm::kFolioAllocated) & mm::kFolioAllocated) != 0) {
    return fail(EBUSY);
  }
  if (auto added = mm::add_counts(folio.record(), {1, 0}); !added) {
    folio.record().flags.fetch_and(~mm::kFolioAllocated);
    return tl::unexpected(added.error());
  }
  if (!is_live()) {
    (void)put_folio(folio);
    return fail(ENODEV);
  }
  return {};
}

Result<void> DevPagemap::put_folio(const mm::Folio& folio) {
  if ((folio.record().flags.fetch_and(~mm::kFolioAllocated) & mm::kFolioAllocated) == 0) {
    return fail(EINVAL);
  }
  return put(folio, {1, 0});
}

void DevPagemap::note_mapped(const mm::Folio& folio) {
  folio.record().mapcount.fetch_add(1);
  if (has(Behaviour::entry_references)) {
    folio.record().flags.fetch_or(mm::kFolioInUse);
  }
  if (ops_.mapped) {
    const std::uint64_t since = trace::begin();
    ops_.mapped(folio);
    trace_callback(since, "mapped", folio.pfn(), folio.nr_pages());
  }
}
void DevPagemap::note_unmapped(const mm::Folio& folio) {
  folio.record().mapcount.fetch_sub(1);
  if (ops_.unmapped) {
    const std::uint64_t since = trace::begin();
    ops_.unmapped(folio);
    trace_callback(since, "unmapped", folio.pfn(), folio.nr_pages());
  }
  if (has(Behaviour::entry_references) && hears_idle()) {
    became_idle(folio);
  }
}

std::string DevPagemap::BusyReport::text() const {
  std::string text;
  for (const mm::Hold& hold : holds) {
    text += "process " + std::to_string(hold.pid) + " thread " + std::to_string(hold.tid) + " holds extents " +
            std::to_string(hold.first.value()) + " to " + std::to_string(hold.first.value() + hold.folios - 1) + ": " +
            std::to_string(hold.pins) + (hold.longterm ? " long-term pins, " : " pins, ") + std::to_string(hold.gets) +
            " references each\n";
  }
  if (holds.empty()) {
    for (const Busy& folio : folios) {
      text += "extents " + std::to_string(folio.first.value()) + " to " +
              std::to_string(folio.first.value() + folio.folios - 1) + " have " + std::to_string(folio.counts.refs) +
              " references each\n";
    }
  }
  return text;
}

Result<DevPagemap::BusyReport> DevPagemap::busy() const {
  const mm::FolioTable& folios = pages_->folios();
  BusyReport report;
  std::vector<mm::FolioTable::Piece> pieces = {{0, pages_->folio_count()}};
  if (const mm::HolderTable* holders = pages_->holders(); holders != nullptr) {
    auto touched = folios.touched(holders->fd());
    if (!touched) {
      return tl::unexpected(touched.error());
    }
    pieces = std::move(*touched);
    auto holds = holders->list(folios);
    if (!holds) {
      return tl::unexpected(holds.error());
    }
    report.holds = std::move(*holds);
  }
  for (const auto& piece : pieces) {
    for (std::uint64_t at = piece.first; at < std::min(piece.last, pages_->folio_count()); ++at) {
      const mm::FolioCounts counts = mm::counts_of(folios[ExtentIndex(at)]);
      if (counts.refs == 0) {
        continue;
      }
      if (!report.folios.empty() && report.folios.back().first + report.folios.back().folios == ExtentIndex(at) &&
          report.folios.back().counts.refs == counts.refs) {
        ++report.folios.back().folios;
      } else {
        report.folios.push_back({ExtentIndex(at), 1, counts});
      }
    }
  }
  return report;
}

void DevPagemap::kill_dax() {
  if (holder_.who() != nullptr) {
    holder_.kill(has(Behaviour::pre_remove_notice) ? kMfMemPreRemove : 0);
  }
}

void DevPagemap::kill() {
  auto was = static_cast<std::uint32_t>(State::live);
  control().pgmap_state.compare_exchange_strong(was, static_cast<std::uint32_t>(State::dying));
}

bool DevPagemap::wait_idle(std::chrono::milliseconds most, const std::function<bool()>& idle) {
  const auto until = std::chrono::steady_clock::now() + most;
  constexpr std::chrono::milliseconds kLookAgain{2}; // other processes' transitions wake nobody here
  waiters_.fetch_add(1);
  bool is_idle = idle();
  while (!is_idle && std::chrono::steady_clock::now() < until) {
    {
      std::unique_lock lock(waiting_);
      idle_.wait_for(lock, kLookAgain);
    }
    is_idle = idle();
  }
  waiters_.fetch_sub(1);
  return is_idle;
}

Outcome<void> DevPagemap::wait_dead(std::chrono::milliseconds most) {
  if (state() == State::live) {
    return refuse(EINVAL, "the pgmap is live", "kill it first");
  }
  if (state() == State::dead) {
    return {};
  }
  if (has(Behaviour::wait_for_folios)) {
    Result<BusyReport> report;
    int look = 0;
    const bool idle = wait_idle(most, [&] {
      constexpr int kReapEvery = 16; // a dead holder costs a look at /proc for each process
      if (look++ % kReapEvery == 0 && pages_->holders() != nullptr) {
        (void)pages_->holders()->reap(pages_->folios(), pages_->order(), [&](const mm::Hold& hold, bool became) {
          if (became) {
            became_idle(*mm::folio_of(*pages_, hold.first));
          }
        });
      }
      report = busy();
      return !report || report->folios.empty();
    });
    if (!report) {
      return tl::unexpected(explained(report.error(), "the device's folio file cannot be read"));
    }
    if (!idle) {
      return refuse(EBUSY, "still referenced:\n" + report->text(), "unpin or end the processes named, then try again");
    }
  }
  control().pgmap_state.store(static_cast<std::uint32_t>(State::dead));
  // The kernel's struct pages are gone with it: who gives one back later writes to freed memory (6.1 panics in
  // free_pipe_info). Here pages that somebody still holds can be found, so that he can.
  if (const auto held = busy(); !held || held->folios.empty()) {
    map_.remove(*pages_);
  }
  return {};
}

} // namespace daxemu::pgmap
