// Data moves between a device's pages and RAM (mm/migrate_device.c): out of device-private memory when the processor
// touches it, out of coherent memory before it is pinned for long, and back when the driver asks.
#include <algorithm>

#include "emu/pgmap/trace_points.hpp"
#include "runtime/api/mm/process_mm.hpp"
#include "runtime/api/mm/vma_rights.hpp"

namespace daxemu::api {
namespace {

using pgmap::Behaviour;

std::byte* bytes_of(const mm::Folio& folio) {
  return folio.device().address_of(folio.extent().value() << folio.order());
}

} // namespace

Result<void> ProcessMm::copy_out(const mm::Folio& folio, std::byte* ram) const {
  const pgmap::PagemapOps& ops = folio.device().pgmap->ops();
  if (ops.migrate_to_ram) {
    const std::uint64_t since = trace::begin();
    auto moved = ops.migrate_to_ram(folio, ram);
    pgmap::trace_callback(since, "migrate_to_ram", folio.pfn(), folio.nr_pages());
    return moved;
  }
  if (const std::byte* bytes = bytes_of(folio); bytes != nullptr) {
    std::copy_n(bytes, kPageSize << folio.order(), ram);
  }
  return {};
}

Result<void> ProcessMm::copy_in(const mm::Folio& folio, const std::byte* ram) const {
  const pgmap::DevPagemap& pgmap = *folio.device().pgmap;
  if (pgmap.ops().migrate_to_device) {
    const std::uint64_t since = trace::begin();
    auto moved = pgmap.ops().migrate_to_device(folio, ram);
    pgmap::trace_callback(since, "migrate_to_device", folio.pfn(), folio.nr_pages());
    return moved;
  }
  if (!pgmap.has(Behaviour::direct_map)) {
    return fail(EOPNOTSUPP);
  }
  std::copy_n(ram, kPageSize << folio.order(), bytes_of(folio));
  return {};
}

Result<void> ProcessMm::migrate_to_ram(std::uint64_t address) {
  const Vma* const vma = vmas_.find(address);
  if (vma == nullptr || vma->entries == nullptr) {
    return fail(EFAULT);
  }
  const auto folio = mm::folio_of(*vma->device, vma->device->folio_at(vma->page_of(vma->extent_at(address))));
  return folio ? move_out(*folio) : fail(EFAULT);
}

// Under mmap_lock_ for reading. The device's page ends unmapped and freed, a page of RAM has its place in every
// mapping.
Result<void> ProcessMm::move_out(const mm::Folio& folio) {
  pgmap::DevPagemap& pgmap = *folio.device().pgmap;
  const std::lock_guard moving(moving_);
  std::vector<Place> places;
  std::vector<std::uint64_t> before;
  const auto set_all = [&](std::uint64_t entry) {
    for (const Place& place : places) {
      place.vma->entries[place.extent].store(entry, std::memory_order_release);
      if ((entry & Vma::kInRam) != 0 && entry != Vma::kMoving) {
        ram_.mapped(entry - 1 - Vma::kInRam);
        if (!place.vma->watched || !server_.serves()) { // nobody will come and ask for it
          open(*place.vma, place.extent, {});
        }
      }
    }
    sequence_.fetch_add(1);
  };
  {
    const std::lock_guard tables(page_tables_);
    places = places_of(folio);
    const auto moved = std::find_if(places.begin(), places.end(), [](const Place& place) {
      return (place.vma->entries[place.extent].load() & Vma::kInRam) != 0;
    });
    if (moved != places.end()) { // another thread was here first; a mapping made since joins those it has
      const std::uint64_t entry = moved->vma->entries[moved->extent].load();
      std::erase_if(places, [&](const Place& place) { return place.vma->entries[place.extent].load() == entry; });
      set_all(entry);
      return {};
    }
    for (const Place& place : places) {
      before.push_back(place.vma->entries[place.extent].load());
      place.vma->entries[place.extent].store(Vma::kMoving);
      close(*place.vma, place.extent);
    }
    sequence_.fetch_add(1);
  }
  const auto give_up = [&](int error) {
    const std::lock_guard tables(page_tables_);
    for (std::size_t at = 0; at < places.size(); ++at) {
      places[at].vma->entries[places[at].extent].store(before[at], std::memory_order_release);
    }
    return fail(error);
  };
  // No new reference can come: folio_migrate_mapping() compares with those it expects.
  if (mm::counts_of(folio.record()).refs > (is_handed_out(folio) ? 1U : 0U)) {
    return give_up(EBUSY);
  }
  if (!is_handed_out(folio) && !pgmap.has(Behaviour::count_from_one)) {
    if (auto mine = pgmap.init_folio(folio); !mine) { // what a swap entry holds
      return give_up(EFAULT);
    }
  }
  const auto page = ram_.allocate();
  const auto copied =
      page ? copy_out(folio, ram_.pages().address_of(*page)) : Result<void>(tl::unexpected(page.error()));
  if (!copied) {
    if (page) {
      ram_.release(*page);
    }
    return give_up(copied.error().value);
  }
  {
    const std::lock_guard tables(page_tables_);
    for (const std::uint64_t entry : before) {
      if (entry != 0) {
        pgmap.note_unmapped(folio);
      }
    }
    set_all((*page + 1) | Vma::kInRam);
  }
  if (is_handed_out(folio)) {
    (void)pgmap.put_folio(folio);
  }
  return {};
}

Result<std::uint64_t> ProcessMm::migrate_to_device(void* address, std::uint64_t length) {
  const std::shared_lock lock(mmap_lock_);
  const auto start = reinterpret_cast<std::uint64_t>(address);
  Vma* const vma = vmas_.find(start);
  if (vma == nullptr || vma->kind != Vma::Kind::device || vma->entries == nullptr || length == 0 ||
      !is_aligned(start | length, vma->extent_size()) || length > vma->end - start) {
    return fail(EINVAL);
  }
  std::uint64_t pages = 0;
  for (std::uint64_t at = start; at < start + length; at += vma->extent_size()) {
    const auto moved = move_in(*vma, vma->extent_at(at));
    if (!moved) {
      return pages > 0 ? Result<std::uint64_t>(pages) : tl::unexpected(moved.error());
    }
    pages += *moved ? 1ULL << vma->order : 0;
  }
  return pages;
}

// False: it is not in RAM, or referenced there.
Result<bool> ProcessMm::move_in(Vma& vma, std::uint64_t extent) {
  const std::lock_guard moving(moving_);
  const mm::Folio folio = *mm::folio_of(*vma.device, vma.device->folio_at(vma.page_of(extent)));
  pgmap::DevPagemap& pgmap = *vma.device->pgmap;
  const bool swaps = pgmap.has(Behaviour::device_swap_entries);
  const std::uint64_t entry = vma.entries[extent].load();
  if ((entry & Vma::kInRam) == 0) {
    return false;
  }
  const std::uint64_t page = entry - 1 - Vma::kInRam;
  std::vector<Place> places;
  {
    const std::lock_guard tables(page_tables_);
    places = places_of(folio);
    std::erase_if(places, [&](const Place& place) { return place.vma->entries[place.extent].load() != entry; });
    for (const Place& place : places) {
      place.vma->entries[place.extent].store(Vma::kMoving);
      close(*place.vma, place.extent);
    }
    sequence_.fetch_add(1);
  }
  Result<bool> done = mm::counts_of(ram_.pages().folios()[ExtentIndex(page)]).refs == 0 && !folio.hwpoison();
  if (*done) {
    done = pgmap.init_folio(folio).has_value();
  }
  if (*done) {
    if (auto copied = copy_in(folio, ram_.pages().address_of(page)); !copied) {
      (void)pgmap.put_folio(folio);
      done = tl::unexpected(copied.error());
    }
  }
  const bool moved = done.value_or(false);
  const std::lock_guard tables(page_tables_);
  for (const Place& place : places) {
    if (!moved) {
      place.vma->entries[place.extent].store(entry, std::memory_order_release);
      continue;
    }
    (void)ram_.unmapped(page);
    place.vma->entries[place.extent].store(0, std::memory_order_release);
    if (swaps) {
      place.vma->has_swapped = true;
      if (!place.vma->watched || !server_.serves()) {
        hide(*place.vma, place.extent, 1);
      }
    } else {
      show(*place.vma, place.extent, 1, place.vma->page_of(place.extent));
      enter(*place.vma, place.extent, folio);
    }
  }
  if (moved) {
    ram_.release(page);
  }
  return done;
}

} // namespace daxemu::api
