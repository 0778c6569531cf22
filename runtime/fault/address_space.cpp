#include "runtime/fault/address_space.hpp"

#include <algorithm>

#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/fault/trace_points.hpp"

namespace daxemu::fault {
namespace {

void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(address);
}

constexpr std::uint32_t kProtBits = PROT_READ | PROT_WRITE | PROT_EXEC;

} // namespace

Result<void> AddressSpace::start(const store::DeviceRecord& device) {
  if (auto table = table_.reserve(); !table) {
    return table;
  }
  if (auto filler = filler_.prepare(); !filler) {
    return filler;
  }
  server_.ahead().allow(store_->platform().exact == 0);
  engine_.start(store_->platform().engine, device.cpus);
  watcher_.start(engine_.kind());
  return {};
}

Result<void*> AddressSpace::map(store::DeviceRecord& device, int fd, void* hint, std::size_t length, int prot,
                                int flags, std::uint64_t offset) {
  MapRequest request{reinterpret_cast<std::uint64_t>(hint), length, prot, flags, offset};
  const auto open_flags = sys::call(SYS_fcntl, fd, F_GETFL);
  if (!open_flags) {
    return tl::unexpected(open_flags.error());
  }
  if (auto fine = check_request(request, static_cast<int>(*open_flags)); !fine) {
    return tl::unexpected(fine.error());
  }
  const bool may_write = (*open_flags & O_ACCMODE) == O_RDWR;
  Result<std::uint64_t> mapped = fail(ENOMEM);
  {
    const TableGuard guard(lock_);
    mapped = map_locked(device, fd, request, may_write);
  }
  if (!mapped) {
    return tl::unexpected(mapped.error());
  }
  if (request.populates()) {
    (void)prefault(*mapped, *mapped + request.length); // as mm_populate: what cannot be faulted in is no error
  }
  return pointer(*mapped);
}

Result<std::uint64_t> AddressSpace::map_locked(store::DeviceRecord& device, int fd, const MapRequest& request,
                                               bool may_write) {
  const std::uint64_t since = trace::begin();
  // First of all the place is taken, so that nothing we map for ourselves gets there.
  Reservation reserved;
  auto address = find_place(request, device.align, reserved);
  if (!address) {
    return address;
  }
  if (auto ready = start(device); !ready) {
    return tl::unexpected(ready.error());
  }
  const std::uint64_t end = *address + request.length;
  const bool replaces = request.fixed() && !reserved;
  if (replaces && cuts(*address, end)) {
    return fail(ENOMEM); // whatever munmap says, mmap_region says this
  }
  const bool alive = device.state.load(std::memory_order_acquire) == store::DeviceState::enabled;
  if (auto fine = check_vma(request, *address, device.align, alive); !fine) {
    if (replaces) { // mmap_region has unmapped what was there before it asks the driver
      if (sys::munmap(pointer(*address), request.length)) {
        drop(*address, end);
      }
    }
    return tl::unexpected(fine.error());
  }
  auto view = views_.get(device, fd, hooks_);
  if (!view) {
    return tl::unexpected(view.error());
  }
  if (replaces) {
    drop(*address, end);
  }
  Vma vma{*address, end, request.offset, *view, static_cast<std::uint32_t>(request.prot) & kProtBits, kHuge};
  vma.flags |= may_write ? kMayWrite : 0U;
  // The guest: a misaligned file offset is accepted when start and end of the VMA are aligned; its faults are SIGBUS.
  vma.flags |= is_aligned(request.offset, device.align) ? 0U : kBroken;
  if (auto placed = place(vma); !placed) {
    if (replaces) {
      sys::munmap(pointer(*address), request.length);
    }
    return tl::unexpected(placed.error());
  }
  reserved.keep(*address, end);
  (*view)->note_change();
  (*view)->counters().maps.fetch_add(1, std::memory_order_relaxed);
  trace_map(since, vma);
  return address;
}

Result<std::uint64_t> AddressSpace::find_place(const MapRequest& request, std::uint64_t align, Reservation& reserved) {
  constexpr int kPassedOn = MAP_32BIT | MAP_LOCKED; // limits of locked memory are checked even where nothing is locked
  const int flags = request.flags & kPassedOn;
  if ((request.flags & MAP_FIXED_NOREPLACE) != 0) {
    if (auto taken = reserved.take(request.hint, request.length, flags | MAP_FIXED_NOREPLACE); !taken) {
      return tl::unexpected(taken.error());
    }
    return request.hint;
  }
  if (request.fixed()) {
    if ((flags & MAP_LOCKED) != 0) {
      Reservation trial;
      if (auto taken = trial.take(0, request.length, flags); !taken) {
        return tl::unexpected(taken.error());
      }
    }
    (void)reserved.take(request.hint, request.length, MAP_FIXED_NOREPLACE); // if it is free
    return request.hint;
  }
  // A hint that lies in a mapping of the device finds the hole beside that mapping, as aligned as it is (guest,
  // place.hint=own-mapping); any other is the kernel's to judge.
  const bool chosen = request.hint == 0 || table_.find(request.hint).has_value();
  const std::uint64_t hint = chosen ? 0 : request.hint;
  const std::uint64_t length = chosen ? hole_length(request, align) : request.length;
  if (auto taken = reserved.take(hint, length, flags); !taken) {
    return tl::unexpected(taken.error());
  }
  std::uint64_t address = reserved.start();
  if (chosen && length == request.length && is_aligned(address, align) && align > kPageSize) {
    // The driver left the choice to the kernel, which in 6.1 knows of no alignment but pages; today's aligns large
    // anonymous memory such as our reservation.
    return address + kPageSize;
  }
  if (length != request.length) {
    address += (request.offset - address) & (align - 1);
  }
  return address;
}

Result<void> AddressSpace::place(Vma vma) {
  DeviceView& view = *vma.view;
  const std::uint64_t length = vma.end - vma.start;
  const std::uint64_t backed = backed_length(vma);
  if (backed > 0) {
    auto mapped = sys::mmap(pointer(vma.start), backed, static_cast<int>(vma.prot),
                            MAP_SHARED | MAP_FIXED | MAP_NORESERVE, view.fd(), vma.offset);
    if (!mapped) {
      return tl::unexpected(mapped.error());
    }
  }
  if (backed < length) {
    if (auto filled = filler_.place(vma.start + backed, length - backed, vma.prot); !filled) {
      return filled;
    }
  }
  if (backed > 0 && engine_.watch(view, vma.start, backed)) {
    vma.flags |= kRegistered;
  }
  if (auto known = table_.insert(vma); !known) {
    return known;
  }
  if (backed > 0 && !vma.has(kRegistered)) {
    adopt_all(vma, backed);
  }
  table_.merge(vma.start);
  table_.merge(vma.end);
  return {};
}

// Never past the end of the file: hugetlbfs grows it to fit a mapping.
std::uint64_t AddressSpace::backed_length(const Vma& vma) {
  const std::uint64_t size = vma.view->size();
  return vma.has(kBroken) || vma.offset >= size ? 0 : std::min(vma.end - vma.start, size - vma.offset);
}

// The kernel serves the touches of this mapping: what can be known of them is known now. Poisoned extents are taken
// out; the others count as touched once.
void AddressSpace::adopt_all(const Vma& vma, std::uint64_t backed) {
  DeviceView& view = *vma.view;
  for (std::uint64_t at = 0; at < backed; at += view.align()) {
    const ExtentIndex extent = view.extent_at(vma.offset + at);
    const bool fresh = view.note_touch(extent);
    const bool there = view.bring(extent).has_value();
    if (!there || (view.folio(extent).flags.load() & mm::kFolioHwpoison) != 0) {
      (void)server_.patch(vma, vma.start + at, true);
    } else if (fresh) {
      view.tell_mapped(extent);
    }
  }
}

bool AddressSpace::cuts(std::uint64_t start, std::uint64_t end) const {
  for (const std::uint64_t edge : {start, end}) {
    const auto vma = table_.find(edge);
    if (vma && vma->start != edge && !is_aligned(edge, vma->view->align())) {
      return true;
    }
  }
  return false;
}

void AddressSpace::drop(std::uint64_t start, std::uint64_t end) {
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    const std::uint64_t from = std::max(start, vma->start);
    const std::uint64_t to = std::min(end, vma->end);
    DeviceView& view = *vma->view;
    trace_unmap(*vma, from, to);
    if (from == vma->start && to == vma->end) {
      view.counters().unmaps.fetch_add(1, std::memory_order_relaxed);
    }
    (void)table_.erase(from, to); // as many entries as the kernel has mappings fit
    forget_extents(view, vma->offset_of(from), vma->offset_of(to), 0);
    view.note_change();
  }
}

// What another mapping shows stays known as faulted in: its page table entries are there, and poison has to find them.
void AddressSpace::forget_extents(DeviceView& view, std::uint64_t begin, std::uint64_t end, std::uint64_t but) {
  while (begin < end) {
    std::uint64_t shown = end;
    std::uint64_t shown_end = end;
    for (std::size_t at = 0; at < table_.size(); ++at) {
      const Vma vma = table_.at(at);
      const std::uint64_t from = std::max(begin, vma.offset);
      const std::uint64_t to = std::min(end, vma.offset_of(vma.end));
      if (vma.view == &view && vma.start != but && from < to && from < shown) {
        shown = from;
        shown_end = to;
      }
    }
    server_.resolver().forget(view, view.extent_at(begin).value(), (shown - begin) / view.align());
    begin = shown_end;
  }
}

Result<void> AddressSpace::unmap(void* address, std::size_t length) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const TableGuard guard(lock_);
  if (is_aligned(start, kPageSize) && end > start && cuts(start, end)) {
    return fail(EINVAL);
  }
  auto done = sys::munmap(address, length);
  if (done) {
    drop(start, end);
  }
  return done;
}

Result<void*> AddressSpace::map_foreign(void* address, std::size_t length, int prot, int flags, int fd,
                                        std::uint64_t offset) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + align_up(length, kPageSize);
  const TableGuard guard(lock_);
  if (is_aligned(start, kPageSize) && end > start && cuts(start, end)) {
    return fail(ENOMEM); // as in map_locked
  }
  auto mapped = sys::mmap(address, length, prot, flags, fd, offset);
  if (mapped) {
    drop(start, end);
  }
  return mapped;
}

bool AddressSpace::would_cut(const void* address, std::size_t length) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  return cuts(start, start + align_up(length, kPageSize));
}

void AddressSpace::replaced(const void* address, std::size_t length) {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const TableGuard guard(lock_);
  drop(start, start + align_up(length, kPageSize));
}

std::optional<Place> AddressSpace::find(const void* address) const noexcept {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = table_.find(at);
  if (!vma) {
    return std::nullopt;
  }
  return Place{&vma->view->device(), ByteOffset(vma->offset_of(at)), vma->prot, vma->has(kMayWrite),
               vma->start,           vma->end - vma->start};
}

std::optional<Piece> AddressSpace::first_piece(std::uint64_t start, std::uint64_t end) const noexcept {
  const auto vma = start < end ? table_.first_from(start, end) : std::nullopt;
  if (!vma) {
    return std::nullopt;
  }
  const std::uint64_t from = std::max(start, vma->start);
  return Piece{vma->view, from, std::min(end, vma->end), vma->offset_of(from), vma->prot};
}

bool AddressSpace::resolve(const void* address) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = table_.find(at);
  return vma && vma->has(kRegistered) && !lock_.held_by_me() &&
         server_.serve(at, false, FaultServer::Caller::toucher) == FaultServer::Served::present;
}

PoisonHit AddressSpace::poison_at(const void* address) const noexcept {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto vma = table_.find(at);
  if (!vma || vma->has(kBroken) || vma->offset_of(at) >= vma->view->size()) {
    return {};
  }
  const std::uint64_t offset = align_down(vma->offset_of(at), vma->view->align());
  if (!vma->view->alive() || (vma->view->folio(vma->view->extent_at(offset)).flags.load() & mm::kFolioHwpoison) == 0) {
    return {};
  }
  return {pointer(vma->start + (offset - vma->offset)), static_cast<short>(log2_of(vma->view->align()))};
}

void AddressSpace::pretouch(const void* address, std::size_t length) noexcept {
  const auto start = reinterpret_cast<std::uint64_t>(address);
  const std::uint64_t end = start + length < start ? UINT64_MAX : start + length;
  const bool alone = table_.size() == 1; // else what was faulted in may have been so by another mapping
  for (auto vma = table_.first_from(start, end); vma; vma = table_.first_from(vma->end, end)) {
    DeviceView& view = *vma->view;
    const std::uint64_t to = std::min(vma->end, end);
    for (std::uint64_t at = std::max(start, vma->start); at < to;) {
      const std::uint64_t offset = vma->offset_of(at);
      if (!alone || offset >= view.size() || !view.faulted().test(view.extent_at(offset).value())) {
        (void)server_.serve(at, false, FaultServer::Caller::populate);
      }
      at += view.align() - (offset & (view.align() - 1));
    }
  }
}

Result<void> AddressSpace::prefault(std::uint64_t start, std::uint64_t end) {
  for (std::uint64_t at = start; at < end;) {
    const auto vma = table_.find(at);
    if (!vma) {
      return fail(ENOMEM);
    }
    const std::uint64_t unit = vma->view->align();
    const std::uint64_t offset = vma->offset_of(at);
    if (offset >= vma->view->size() || vma->has(kBroken) || vma->prot == PROT_NONE || !vma->view->alive()) {
      return fail(EFAULT);
    }
    if (server_.uffd()) {
      if (server_.serve(at, true, FaultServer::Caller::populate) != FaultServer::Served::present) {
        return fail(EFAULT);
      }
    } else if ((vma->view->folio(vma->view->extent_at(offset)).flags.load() & mm::kFolioHwpoison) != 0) {
      return fail(EFAULT);
    }
    at += unit - (offset & (unit - 1));
  }
  return {};
}

} // namespace daxemu::fault
