#include "runtime/api/mm/process_mm.hpp"

#include <algorithm>
#include <bit>
#include <memory>

#include <linux/memfd.h>
#include <sys/mman.h>

#include "emu/pgmap/pgmap.hpp"
#include "runtime/api/mm/vma_rights.hpp"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace daxemu::api {
namespace {

using pgmap::Behaviour;

// check_vma() in drivers/dax/device.c.
bool is_mappable(std::uint64_t length, std::uint64_t offset, std::uint64_t align, int prot) {
  return length != 0 && is_aligned(length | offset, align) && (prot & ~(PROT_READ | PROT_WRITE)) == 0;
}

// Address space for `length` bytes, aligned, nothing in it yet. Errors: mmap(2)'s.
Result<std::uint64_t> reserve(std::uint64_t length, std::uint64_t align, int prot) {
  const auto reserved = sys::mmap(nullptr, length + align, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!reserved) {
    return tl::unexpected(reserved.error());
  }
  const auto from = reinterpret_cast<std::uint64_t>(*reserved);
  const std::uint64_t start = align_up(from, align);
  if (start > from) {
    (void)sys::munmap(*reserved, start - from);
  }
  if (const std::uint64_t behind = from + align - start; behind > 0) {
    (void)sys::munmap(pointer(start + length), behind);
  }
  return start;
}

std::unique_ptr<std::atomic<std::uint64_t>[]> words(std::uint64_t count) {
  return std::make_unique<std::atomic<std::uint64_t>[]>(count);
}

} // namespace

ProcessMm::~ProcessMm() {
  for (const auto& vma : vmas_.all()) {
    (void)sys::munmap(pointer(vma->start), vma->end - vma->start);
  }
}

std::string ProcessMm::engine() {
  const std::unique_lock lock(mmap_lock_);
  server_.start();
  return server_.engine();
}

// Under mmap_lock_ for writing.
Result<void*> ProcessMm::publish(std::shared_ptr<Vma> vma) {
  auto* const address = pointer(vma->start);
  const std::lock_guard tables(page_tables_);
  vmas_.add(std::move(vma));
  sequence_.fetch_add(1);
  return address;
}

Result<void*> ProcessMm::map(const DeviceMemory& device, std::uint64_t length, int prot, std::uint64_t offset) {
  const std::uint64_t align = kPageSize << device.pages->order();
  if (!is_mappable(length, offset, align, prot)) {
    return fail(EINVAL);
  }
  const std::unique_lock lock(mmap_lock_);
  server_.start();
  const bool swaps = has(*device.pages, Behaviour::device_swap_entries);
  const auto start = reserve(length, align, swaps && server_.serves() ? prot : PROT_NONE);
  if (!start) {
    return tl::unexpected(start.error());
  }
  if (swaps) {
    // A forked child would find zeroes where the data is on the device.
    (void)sys::madvise(pointer(*start), length, MADV_DONTFORK);
  } else if (auto mapped = sys::mmap(pointer(*start), length, prot, MAP_SHARED | MAP_FIXED, device.fd, offset);
             !mapped) {
    (void)sys::munmap(pointer(*start), length);
    return mapped;
  }
  auto vma = std::make_shared<Vma>();
  vma->start = *start;
  vma->end = *start + length;
  vma->pgoff = offset >> kPageShift;
  vma->device = device.pages;
  vma->fd = device.fd;
  vma->order = device.pages->order();
  vma->hugetlb = device.hugetlb;
  vma->prot = prot;
  if (swaps || has(*device.pages, Behaviour::migrate_before_longterm)) {
    vma->entries = words(vma->extents());
  } else {
    vma->present = words((vma->extents() + 63) / 64);
  }
  const fault::UffdCalls& uffd = server_.uffd();
  vma->watched =
      server_.serves() && (swaps ? uffd.watch_anonymous(*start, length) : uffd.watch(*start, length)).has_value();
  return publish(std::move(vma));
}

Result<void*> ProcessMm::map_file(const DeviceMemory& device, pgmap::FileLayout& layout, pgmap::FileId file,
                                  std::uint64_t length, int prot, std::uint64_t offset) {
  const std::uint64_t align = kPageSize << device.pages->order();
  if (!is_mappable(length, offset, align, prot)) {
    return fail(EINVAL);
  }
  const std::unique_lock lock(mmap_lock_);
  server_.start();
  const auto start = reserve(length, align, PROT_NONE);
  if (!start) {
    return tl::unexpected(start.error());
  }
  auto vma = std::make_shared<Vma>();
  vma->kind = Vma::Kind::file;
  vma->start = *start;
  vma->end = *start + length;
  vma->pgoff = offset >> kPageShift;
  vma->device = device.pages;
  vma->fd = device.fd;
  vma->layout = &layout;
  vma->file = file;
  vma->order = device.pages->order();
  vma->hugetlb = device.hugetlb;
  vma->prot = prot;
  vma->watched = server_.serves();
  vma->entries = words(vma->extents());
  vma->backed.resize(vma->extents());
  // Known before it is filled: a change of the layout in between finds it.
  auto address = publish(vma);
  layout.survey(file, vma->pgoff >> vma->order, vma->extents(),
                [&](const pgmap::BlockChange& run) { blocks_changed(run); });
  return address;
}

Result<void*> ProcessMm::map_special(std::uint64_t length, unsigned order, int prot) {
  const std::uint64_t align = kPageSize << order;
  if (!is_mappable(length, 0, align, prot)) {
    return fail(EINVAL);
  }
  const std::unique_lock lock(mmap_lock_);
  const auto start = reserve(length, align, prot);
  if (!start) {
    return tl::unexpected(start.error());
  }
  auto vma = std::make_shared<Vma>();
  vma->kind = Vma::Kind::special;
  vma->start = *start;
  vma->end = *start + length;
  vma->order = order;
  vma->prot = prot;
  return publish(std::move(vma));
}

// The mapping that is exactly that, or nullptr. Under mmap_lock_ for writing.
Vma* ProcessMm::exactly(void* address, std::uint64_t length) const {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  Vma* const vma = vmas_.find(start);
  return vma != nullptr && vma->start == start && vma->end - vma->start == length ? vma : nullptr;
}

Result<void> ProcessMm::unmap(void* address, std::uint64_t length) {
  std::vector<mm::Folio> idle;
  std::shared_ptr<mm::DevicePages> device;
  {
    const std::unique_lock lock(mmap_lock_);
    Vma* const vma = exactly(address, length);
    if (vma == nullptr) {
      return fail(EINVAL);
    }
    const std::lock_guard tables(page_tables_);
    const std::shared_ptr<Vma> kept = vmas_.remove(*vma);
    sequence_.fetch_add(1);
    (void)sys::munmap(address, length);
    device = kept->device;
    for (std::uint64_t extent = 0; device != nullptr && extent < kept->extents(); ++extent) {
      const std::uint64_t entry = kept->entries == nullptr ? 0 : kept->entries[extent].load();
      if ((entry & Vma::kInRam) != 0) {
        if (const std::uint64_t page = entry - 1 - Vma::kInRam; ram_.unmapped(page)) {
          ram_.release(page);
        }
      } else if (kept->is_present(extent)) {
        const std::uint64_t page = kept->entries == nullptr ? kept->page_of(extent) : entry - 1;
        const mm::Folio folio = *mm::folio_of(*device, device->folio_at(page));
        if (take_out({kept.get(), extent}, folio) && is_handed_out(folio) && folio.record().mapcount.load() <= 0) {
          idle.push_back(folio);
        }
      } else if (kept->has_swapped) {
        const mm::Folio folio = *mm::folio_of(*device, device->folio_at(kept->page_of(extent)));
        if (is_handed_out(folio) && places_of(folio).empty()) {
          idle.push_back(folio);
        }
      }
    }
  }
  for (const mm::Folio& folio : idle) { // the entry's reference: the last one, unless somebody pins it
    (void)device->pgmap->put_folio(folio);
  }
  return {};
}

Result<void> ProcessMm::protect(void* address, std::uint64_t length, int prot) {
  const std::unique_lock lock(mmap_lock_);
  Vma* const vma = exactly(address, length);
  if (vma == nullptr || (prot & ~(PROT_READ | PROT_WRITE)) != 0) {
    return fail(EINVAL);
  }
  const std::lock_guard tables(page_tables_);
  const bool unreachable = vma->device != nullptr && has(*vma->device, Behaviour::device_swap_entries) && !vma->watched;
  if (!unreachable) {
    if (auto done = sys::mprotect(address, length, prot); !done) {
      return done;
    }
  }
  vma->prot = prot;
  sequence_.fetch_add(1);
  return {};
}

bool ProcessMm::contains(const void* address) const {
  const VmaList::Reading reading(vmas_);
  return vmas_.find(reinterpret_cast<std::uint64_t>(address)) != nullptr;
}

bool ProcessMm::is_mapped(const mm::DevicePages& device) const {
  const VmaList::Reading reading(vmas_);
  const VmaList::List& list = vmas_.all();
  return std::any_of(list.begin(), list.end(), [&](const auto& vma) { return vma->device.get() == &device; });
}

bool ProcessMm::is_mapped(const pgmap::FileLayout& layout, pgmap::FileId file) const {
  const VmaList::Reading reading(vmas_);
  const VmaList::List& list = vmas_.all();
  return std::any_of(list.begin(), list.end(),
                     [&](const auto& vma) { return vma->layout == &layout && vma->file == file; });
}

gup::Entry ProcessMm::lookup(std::uint64_t address, std::uint64_t wanted) const {
  const VmaList::Reading reading(vmas_);
  gup::Entry entry;
  const Vma* const vma = vmas_.find(address);
  if (vma == nullptr) {
    return entry;
  }
  const std::uint64_t left = std::min(wanted, (vma->end - address) >> kPageShift);
  entry.rights = rights_of(vma->prot.load());
  entry.vma_start = vma->start;
  entry.vma_end = vma->end;
  if (vma->kind == Vma::Kind::special) {
    entry.kind = gup::EntryKind::special;
    entry.rights |= gup::kVmIo;
    entry.present = true;
    entry.nr_pages = left;
    return entry;
  }
  entry.kind = gup::EntryKind::device;
  entry.rights |= vma->kind == Vma::Kind::file ? std::uint32_t{gup::kVmFsDax} : 0;
  entry.device = vma->device.get();
  entry.pgoff = vma->pgoff + ((address - vma->start) >> kPageShift);
  const std::uint64_t first = vma->extent_at(address);
  const std::uint64_t last = vma->extent_at(address + ((left - 1) << kPageShift)) + 1;
  const std::uint64_t in_first = ((address - vma->start) >> kPageShift) & ((1ULL << vma->order) - 1);
  std::uint64_t next = first + 1;
  if (vma->entries != nullptr) { // one by one: each may lie elsewhere
    const std::uint64_t word = vma->entries[first].load(std::memory_order_acquire);
    entry.present = word != 0 && word != Vma::kMoving;
    if (entry.present) {
      entry.pgoff = ((word & ~Vma::kInRam) - 1) + in_first;
      entry.device = (word & Vma::kInRam) != 0 ? &ram_.pages() : entry.device;
    }
  } else {
    entry.present = vma->is_present(first);
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
  entry.nr_pages = std::min(left, ((next - first) << vma->order) - in_first);
  return entry;
}

fault::PoisonHit ProcessMm::poison_at(const void* address) const {
  const VmaList::Reading reading(vmas_);
  const Vma* const vma = vmas_.find(reinterpret_cast<std::uint64_t>(address));
  if (vma == nullptr || vma->kind == Vma::Kind::special || !is_live(*vma->device)) {
    return {};
  }
  const std::uint64_t extent = vma->extent_at(reinterpret_cast<std::uint64_t>(address));
  // Of a file's block the entry is gone with the poison, but the folio still says whose it is.
  std::uint64_t page = vma->page_of(extent);
  if (vma->kind == Vma::Kind::file) {
    const std::uint64_t block = page >> vma->order;
    const auto records = vma->device->folios().records();
    const auto hit =
        std::find_if(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(vma->device->folio_count()),
                     [&](const mm::FolioRecord& record) {
                       return (record.flags.load() & mm::kFolioHwpoison) != 0 && record.mapping.load() == vma->file &&
                              record.index.load() >> vma->order == block;
                     });
    return hit == records.begin() + static_cast<std::ptrdiff_t>(vma->device->folio_count())
               ? fault::PoisonHit{}
               : fault::PoisonHit{pointer(vma->address_of(extent)), static_cast<short>(kPageShift + vma->order)};
  }
  const mm::FolioRecord& record = vma->device->folios()[vma->device->folio_at(page)];
  if ((record.flags.load() & mm::kFolioHwpoison) == 0) {
    return {};
  }
  return {pointer(vma->address_of(extent)), static_cast<short>(kPageShift + vma->order)};
}

namespace {

// A lock that the forking thread has taken, in the child.
template <class Lock>
void begin_anew(Lock& lock) {
#if defined(__SANITIZE_THREAD__) // which sees the unlocking only
  __tsan_mutex_pre_unlock(lock.native_handle(), 0);
  __tsan_mutex_post_unlock(lock.native_handle(), 0);
#endif
  std::construct_at(&lock);
}

} // namespace

void ProcessMm::before_fork() {
  mmap_lock_.lock();
  moving_.lock();
  page_tables_.lock();
}
void ProcessMm::after_fork() {
  page_tables_.unlock();
  moving_.unlock();
  mmap_lock_.unlock();
}
void ProcessMm::after_fork_in_child() {
  // Nobody else is here, and of those who were about to read nobody will ever be done.
  mmap_lock_.unlock();
  std::construct_at(&mmap_lock_);
  begin_anew(moving_);
  begin_anew(page_tables_);
}

} // namespace daxemu::api
