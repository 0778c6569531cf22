// What the model does to mappings from outside: entries go because memory failed, a file was truncated or a device
// goes.
#include <algorithm>

#include "runtime/api/mm/process_mm.hpp"
#include "runtime/api/mm/vma_rights.hpp"
#include "runtime/fault/process/early_kill.hpp"

namespace daxemu::api {

// Where this process can have the folio mapped: a rmap walk.
std::vector<ProcessMm::Place> ProcessMm::places_of(const mm::Folio& folio) const {
  std::vector<Place> places;
  const std::uint64_t page = folio.extent().value() << folio.order();
  for (const auto& vma : vmas_.all()) {
    if (vma->kind == Vma::Kind::special || vma->device.get() != &folio.device()) {
      continue;
    }
    const bool of_file = vma->kind == Vma::Kind::file;
    const std::uint64_t at = of_file ? folio.index() : page;
    if ((of_file && folio.mapping() != vma->file) || at < vma->pgoff) {
      continue;
    }
    const std::uint64_t extent = (at - vma->pgoff) >> vma->order;
    if (extent < vma->extents()) {
      places.push_back({vma.get(), extent});
    }
  }
  return places;
}

bool ProcessMm::take_out(const Place& place, const mm::Folio& folio) {
  Vma& vma = *place.vma;
  bool was = false;
  if (vma.entries == nullptr) {
    was = vma.clear_present(place.extent);
  } else {
    std::uint64_t entry = (folio.extent().value() << folio.order()) + 1;
    was = vma.entries[place.extent].compare_exchange_strong(entry, 0);
  }
  if (was && folio.device().pgmap != nullptr) {
    folio.device().pgmap->note_unmapped(folio);
  }
  return was;
}

void ProcessMm::unmap(const mm::Folio& folio) {
  const std::lock_guard tables(page_tables_);
  for (const Place& place : places_of(folio)) {
    if (take_out(place, folio)) {
      close(*place.vma, place.extent);
    }
  }
  sequence_.fetch_add(1);
}

void ProcessMm::unmap_and_kill(const mm::Folio& folio, Pfn, unsigned lsb) {
  fault::PoisonHit hit;
  {
    const std::lock_guard tables(page_tables_);
    for (const Place& place : places_of(folio)) {
      if (take_out(place, folio) && hit.address == nullptr) { // who has not touched it is not told (guest, early kill)
        hit = {reinterpret_cast<void*>(place.vma->address_of(place.extent)), static_cast<short>(lsb)};
      }
      fill(*place.vma, place.extent, 1);
    }
    sequence_.fetch_add(1);
  }
  if (hit.address != nullptr) {
    fault::kill_early(hit);
  }
}

void ProcessMm::restore(const mm::Folio& folio) {
  const std::lock_guard tables(page_tables_);
  if (!is_live(folio.device())) {
    return; // buried, or about to be: it would be there for a touch until it is watched
  }
  for (const Place& place : places_of(folio)) {
    show(*place.vma, place.extent, 1, folio.extent().value() << folio.order());
  }
  sequence_.fetch_add(1);
}

void ProcessMm::blocks_changed(const pgmap::BlockChange& change) {
  const std::lock_guard tables(page_tables_);
  for (const auto& vma : vmas_.all()) {
    if (vma->kind != Vma::Kind::file || vma->file != change.file) {
      continue;
    }
    const std::uint64_t base = vma->pgoff >> vma->order;
    const std::uint64_t first = std::max(change.first, base);
    const std::uint64_t last = std::min(change.last, base + vma->extents());
    if (first >= last) {
      continue;
    }
    const std::uint64_t extent = first - base;
    switch (change.kind) {
    case pgmap::BlockChange::gone:
      fill(*vma, extent, last - first);
      break;
    case pgmap::BlockChange::hole:
      for (std::uint64_t at = extent; at < extent + (last - first); ++at) {
        // What is there is closed since its page was unmapped; mapping anew would let a touch slip through.
        if (!vma->backed[at] || !vma->watched) {
          hide(*vma, at, 1);
        }
      }
      break;
    case pgmap::BlockChange::here:
      show(*vma, extent, last - first, (change.extent.value() + (first - change.first)) << vma->order);
      break;
    }
  }
  sequence_.fetch_add(1);
}

void ProcessMm::bury(const mm::DevicePages& device) {
  std::vector<mm::Folio> handed_out;
  {
    const std::lock_guard tables(page_tables_);
    for (const auto& vma : vmas_.all()) {
      if (vma->device.get() != &device) {
        continue;
      }
      for (std::uint64_t extent = 0; extent < vma->extents(); ++extent) {
        const std::uint64_t entry = vma->entries == nullptr ? 0 : vma->entries[extent].load();
        if (vma->is_present(extent)) {
          const std::uint64_t page = vma->entries == nullptr ? vma->page_of(extent) : entry - 1;
          const mm::Folio folio = *mm::folio_of(*vma->device, device.folio_at(page));
          if (take_out({vma.get(), extent}, folio) && is_handed_out(folio) && folio.record().mapcount.load() <= 0) {
            handed_out.push_back(folio);
          }
        }
        if (vma->entries != nullptr && (entry & Vma::kInRam) == 0) {
          fill(*vma, extent, 1); // what has moved to RAM stays the process's
        }
      }
      if (vma->entries == nullptr) {
        fill(*vma, 0, vma->extents());
      }
    }
    sequence_.fetch_add(1);
  }
  for (const mm::Folio& folio : handed_out) {
    (void)device.pgmap->put_folio(folio);
  }
}

} // namespace daxemu::api
