#include "runtime/api/process_mm.hpp"

#include <algorithm>
#include <bit>

#include <linux/memfd.h>
#include <sys/mman.h>

#include "emu/pgmap/pgmap.hpp"

namespace daxemu::api {
namespace {

using pgmap::Behaviour;

std::uint32_t rights_of(int prot) {
  std::uint32_t rights = gup::kVmMayRead | gup::kVmMayWrite | gup::kVmShared;
  rights |= (prot & PROT_READ) != 0 ? std::uint32_t{gup::kVmRead} : 0;
  rights |= (prot & PROT_WRITE) != 0 ? std::uint32_t{gup::kVmWrite} : 0;
  return rights;
}

bool has(const mm::DevicePages& device, Behaviour one) {
  return device.pgmap != nullptr && device.pgmap->has(one);
}

} // namespace

ProcessMm::~ProcessMm() {
  if (const Vmas* vmas = current_.load(); vmas != nullptr) {
    for (const auto& vma : *vmas) {
      sys::munmap(reinterpret_cast<void*>(vma->start), vma->end - vma->start);
    }
  }
}

void ProcessMm::publish(Vmas vmas) {
  std::sort(vmas.begin(), vmas.end(), [](const auto& a, const auto& b) { return a->start < b->start; });
  auto next = std::make_unique<const Vmas>(std::move(vmas));
  current_.store(next.get(), std::memory_order_release);
  sequence_.fetch_add(1);
  lists_.push_back(std::move(next));
}

ProcessMm::Vma* ProcessMm::find(std::uint64_t address) const {
  const Vmas* vmas = current_.load(std::memory_order_acquire);
  if (vmas == nullptr) {
    return nullptr;
  }
  const auto after = std::upper_bound(vmas->begin(), vmas->end(), address,
                                      [](std::uint64_t at, const auto& vma) { return at < vma->start; });
  if (after == vmas->begin() || address >= (*(after - 1))->end) {
    return nullptr;
  }
  return (after - 1)->get();
}

Result<void*> ProcessMm::map(const std::shared_ptr<mm::DevicePages>& device, int fd, std::uint64_t length, int prot,
                             std::uint64_t offset) {
  const std::uint64_t align = kPageSize << device->order();
  if (length == 0 || !is_aligned(length | offset, align) || (prot & ~(PROT_READ | PROT_WRITE)) != 0) {
    return fail(EINVAL); // check_vma() in drivers/dax/device.c
  }
  // Private memory has no mapping a processor could use: it is there to be touched by daxemu_touch().
  const int real_prot = has(*device, Behaviour::device_swap_entries) ? PROT_NONE : prot;
  const auto reserved =
      sys::mmap(nullptr, length + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!reserved) {
    return tl::unexpected(reserved.error());
  }
  const auto from = reinterpret_cast<std::uint64_t>(*reserved);
  const std::uint64_t start = align_up(from, align);
  auto* const address = reinterpret_cast<void*>(start);
  if (auto mapped = sys::mmap(address, length, real_prot, MAP_SHARED | MAP_FIXED, fd, offset); !mapped) {
    sys::munmap(*reserved, length + align);
    return tl::unexpected(mapped.error());
  }
  if (start > from) {
    sys::munmap(*reserved, start - from);
  }
  if (const std::uint64_t behind = from + align - start; behind > 0) {
    sys::munmap(reinterpret_cast<void*>(start + length), behind);
  }
  auto vma = std::make_shared<Vma>();
  vma->start = start;
  vma->end = start + length;
  vma->pgoff = offset >> kPageShift;
  vma->device = device;
  vma->prot = prot;
  vma->present = std::make_unique<std::atomic<std::uint64_t>[]>((vma->extents() + 63) / 64);
  if (has(*device, Behaviour::device_swap_entries) || has(*device, Behaviour::migrate_before_longterm)) {
    vma->moved = std::make_unique<std::atomic<std::uint64_t>[]>(vma->extents());
  }
  const std::unique_lock lock(mmap_lock_);
  const Vmas* now = current_.load();
  Vmas next = now == nullptr ? Vmas() : *now;
  next.push_back(std::move(vma));
  publish(std::move(next));
  return address;
}

Result<void> ProcessMm::unmap(void* address, std::uint64_t length) {
  const std::unique_lock lock(mmap_lock_);
  Vma* const vma = find(reinterpret_cast<std::uint64_t>(address));
  if (vma == nullptr || vma->start != reinterpret_cast<std::uint64_t>(address) || vma->end - vma->start != length) {
    return fail(EINVAL);
  }
  Vmas next = *current_.load();
  const auto at = std::find_if(next.begin(), next.end(), [&](const auto& one) { return one.get() == vma; });
  const std::shared_ptr<Vma> kept = *at;
  next.erase(at);
  publish(std::move(next));
  sys::munmap(address, length);
  if (vma->device->pgmap != nullptr) {
    for (std::uint64_t extent = 0; extent < vma->extents(); ++extent) {
      if (vma->is_present(extent)) {
        vma->device->pgmap->note_unmapped(
            *mm::folio_of(*vma->device, vma->device->folio_at(vma->pgoff + (extent << vma->device->order()))));
      }
    }
  }
  return {};
}

Result<void> ProcessMm::protect(void* address, std::uint64_t length, int prot) {
  const std::unique_lock lock(mmap_lock_);
  Vma* const vma = find(reinterpret_cast<std::uint64_t>(address));
  if (vma == nullptr || vma->start != reinterpret_cast<std::uint64_t>(address) || vma->end - vma->start != length ||
      (prot & ~(PROT_READ | PROT_WRITE)) != 0) {
    return fail(EINVAL);
  }
  if (!has(*vma->device, Behaviour::device_swap_entries)) {
    if (auto done = sys::mprotect(address, length, prot); !done) {
      return done;
    }
  }
  vma->prot = prot;
  sequence_.fetch_add(1);
  return {};
}

bool ProcessMm::contains(const void* address) const {
  return find(reinterpret_cast<std::uint64_t>(address)) != nullptr;
}

bool ProcessMm::is_mapped(const mm::DevicePages& device) const {
  const Vmas* vmas = current_.load();
  return vmas != nullptr &&
         std::any_of(vmas->begin(), vmas->end(), [&](const auto& vma) { return vma->device.get() == &device; });
}

gup::Entry ProcessMm::lookup(std::uint64_t address, std::uint64_t wanted) const {
  gup::Entry entry;
  const Vma* const vma = find(address);
  if (vma == nullptr) {
    return entry;
  }
  entry.kind = gup::EntryKind::device;
  entry.rights = rights_of(vma->prot.load());
  entry.vma_start = vma->start;
  entry.vma_end = vma->end;
  entry.device = vma->device.get();
  entry.pgoff = vma->pgoff + ((address - vma->start) >> kPageShift);
  const std::uint64_t left = std::min(wanted, (vma->end - address) >> kPageShift);
  const unsigned order = entry.device->order();
  const std::uint64_t first = vma->extent_at(address);
  const std::uint64_t last = vma->extent_at(address + ((left - 1) << kPageShift)) + 1;
  entry.present = vma->is_present(first);
  std::uint64_t next = first + 1;
  if (vma->moved != nullptr) { // one by one: each may lie elsewhere
    if (const std::uint64_t moved = vma->moved[first].load(std::memory_order_acquire); moved != 0) {
      entry.pgoff = moved - 1 + (entry.pgoff & (entry.device->pages_per_folio() - 1));
      entry.device = &ram_.pages();
      entry.present = true;
    }
  } else {
    const std::uint64_t flip = entry.present ? ~0ULL : 0;
    while (next < last) { // whole words of extents alike
      const std::uint64_t word = (vma->present[next / 64].load(std::memory_order_acquire) ^ flip) >> (next % 64);
      next += word == 0 ? 64 - next % 64 : static_cast<std::uint64_t>(std::countr_zero(word));
      if (word != 0) {
        break;
      }
    }
    next = std::min(next, last);
  }
  const std::uint64_t in_first = ((address - vma->start) >> kPageShift) & ((1ULL << order) - 1);
  entry.nr_pages = std::min(left, ((next - first) << order) - in_first);
  return entry;
}

Result<void> ProcessMm::touch(void* address, bool write) {
  const std::shared_lock lock(mmap_lock_);
  return fault(align_down(reinterpret_cast<std::uint64_t>(address), kPageSize), write);
}

Result<void> ProcessMm::fault(std::uint64_t address, bool write) {
  Vma* const vma = find(address);
  if (vma == nullptr || (rights_of(vma->prot) & (write ? gup::kVmWrite : gup::kVmRead)) == 0) {
    return fail(EFAULT);
  }
  mm::DevicePages& device = *vma->device;
  const auto folio = mm::folio_of(device, device.folio_at(vma->pgoff + ((address - vma->start) >> kPageShift)));
  if (!folio || (device.pgmap != nullptr && !device.pgmap->is_live())) {
    return fail(EFAULT);
  }
  if (folio->hwpoison()) {
    return fail(EHWPOISON);
  }
  if (has(device, Behaviour::device_swap_entries)) {
    return move_out(*vma, *folio);
  }
  const std::uint64_t extent = vma->extent_at(address);
  if (has(device, Behaviour::file_mapping)) {
    folio->set_mapping(device.ranges()[0].first.value(), folio->extent().value() << folio->order());
  }
  folio->record().flags.fetch_or(mm::kFolioTouched);
  const std::uint64_t bit = 1ULL << (extent % 64);
  if ((vma->present[extent / 64].fetch_or(bit, std::memory_order_release) & bit) == 0 && device.pgmap != nullptr) {
    device.pgmap->note_mapped(*folio);
  }
  return {};
}

Result<void> ProcessMm::migrate_to_ram(std::uint64_t address) {
  Vma* const vma = find(address);
  if (vma == nullptr) {
    return fail(EFAULT);
  }
  const auto folio =
      mm::folio_of(*vma->device, vma->device->folio_at(vma->pgoff + ((address - vma->start) >> kPageShift)));
  if (!folio) {
    return fail(EFAULT);
  }
  const std::uint32_t driver = (folio->record().flags.load() & mm::kFolioAllocated) != 0 ? 1 : 0;
  if (mm::counts_of(folio->record()).refs > driver) {
    return fail(EBUSY); // folio_migrate_mapping(): references it did not expect
  }
  return move_out(*vma, *folio);
}

Result<void> ProcessMm::move_out(Vma& vma, const mm::Folio& folio) {
  const std::lock_guard lock(migrating_);
  const std::uint64_t extent = ((folio.extent().value() << folio.order()) - vma.pgoff) >> folio.order();
  if (vma.moved[extent].load() != 0) {
    return {}; // another thread was here first
  }
  const auto page = ram_.allocate(folio.nr_pages());
  if (!page) {
    return tl::unexpected(page.error());
  }
  std::byte* const ram = ram_.pages().address_of(*page);
  pgmap::DevPagemap& pgmap = *folio.device().pgmap;
  if (pgmap.ops().migrate_to_ram) {
    if (auto moved = pgmap.ops().migrate_to_ram(folio, ram); !moved) {
      return moved;
    }
  } else if (const std::byte* bytes = folio.device().address_of(folio.extent().value() << folio.order());
             bytes != nullptr) {
    std::copy_n(bytes, kPageSize << folio.order(), ram);
  }
  auto* const place = reinterpret_cast<void*>(vma.start + extent * vma.extent_size());
  if (auto mapped = ram_.map_at(place, *page, folio.nr_pages(), vma.prot); !mapped) {
    return mapped;
  }
  vma.moved[extent].store(*page + 1, std::memory_order_release);
  sequence_.fetch_add(1);
  return {};
}

// visit(vma, extent of the mapping, where it is mapped) for every mapping of the folio. Under the lock for writing.
template <class Visit>
void ProcessMm::for_each_mapping(const mm::Folio& folio, Visit visit) {
  const std::unique_lock lock(mmap_lock_);
  const Vmas* vmas = current_.load();
  const std::uint64_t pgoff = folio.extent().value() << folio.order();
  for (const auto& vma : vmas == nullptr ? Vmas() : *vmas) {
    if (vma->device.get() == &folio.device() && pgoff >= vma->pgoff &&
        (pgoff - vma->pgoff) << kPageShift < vma->end - vma->start) {
      const std::uint64_t extent = (pgoff - vma->pgoff) >> folio.order();
      visit(*vma, extent, reinterpret_cast<void*>(vma->start + extent * vma->extent_size()));
    }
  }
  sequence_.fetch_add(1);
}

void ProcessMm::unmap(const mm::Folio& folio) {
  for_each_mapping(folio, [&](Vma& vma, std::uint64_t extent, void*) {
    const std::uint64_t bit = 1ULL << (extent % 64);
    if ((vma.present[extent / 64].fetch_and(~bit) & bit) != 0 && vma.device->pgmap != nullptr) {
      vma.device->pgmap->note_unmapped(folio);
    }
  });
}

void ProcessMm::unmap_and_kill(const mm::Folio& folio, Pfn, unsigned) {
  unmap(folio);
  const auto empty = sys::memfd_create("daxemu-poison", MFD_CLOEXEC); // no bytes: every touch is beyond its end
  const UniqueFd fd(empty.value_or(-1));
  for_each_mapping(folio, [&](Vma& vma, std::uint64_t, void* place) {
    (void)sys::mmap(place, vma.extent_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(), 0);
  });
}

void ProcessMm::restore(const mm::Folio& folio, int fd) {
  for_each_mapping(folio, [&](Vma& vma, std::uint64_t extent, void* place) {
    const std::uint64_t offset = (vma.pgoff << kPageShift) + extent * vma.extent_size();
    (void)sys::mmap(place, vma.extent_size(), vma.prot, MAP_SHARED | MAP_FIXED, fd, offset);
  });
}

} // namespace daxemu::api
