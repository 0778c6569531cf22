// mmap(2) of a device: do_mmap() and mmap_region() of mm/mmap.c with the driver's part in them.
#include <algorithm>

#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/dax/drivers.hpp"
#include "runtime/fault/mappings/core_filter.hpp"
#include "runtime/fault/mappings/trace_points.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/memory/locked_memory.hpp"
#include "runtime/fault/memory/pointer.hpp"
#include "runtime/fault/process/whole_process.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint32_t kProtBits = PROT_READ | PROT_WRITE | PROT_EXEC;

} // namespace

Result<void> AddressSpace::start(const store::DeviceRecord& device) {
  if (auto table = table_.reserve(); !table) {
    return table;
  }
  if (auto filler = filler_.prepare(); !filler) {
    return filler;
  }
  if (table_.size() == 0) {
    (void)CoreFilter::read();
  }
  server_.ahead().allow(store_->platform().exact == 0);
  engine_.start(store_->platform().engine, store_->platform().exact != 0, device.cpus);
  watcher_.start(engine_.kind());
  return {};
}

Result<void*> AddressSpace::map(store::DeviceRecord& device, int fd, void* hint, std::size_t length, int prot,
                                int flags, std::uint64_t offset) {
  if (table_.size() == 0) {
    WholeProcess::look();
  }
  MapRequest request{reinterpret_cast<std::uint64_t>(hint), length, WholeProcess::rights(prot), flags, offset};
  const auto open_flags = sys::call(SYS_fcntl, fd, F_GETFL);
  if (!open_flags) {
    return tl::unexpected(open_flags.error());
  }
  const int open = static_cast<int>(*open_flags);
  if (auto fine = check_place(request, open); !fine) {
    trace::refused_of(device.minor);
    return tl::unexpected(fine.error());
  }
  Result<std::uint64_t> mapped = fail(ENOMEM);
  {
    const TableGuard guard(lock_);
    mapped = map_locked(device, fd, request, open);
  }
  if (!mapped) {
    trace::refused_of(device.minor);
    return tl::unexpected(mapped.error());
  }
  if (request.populates() || LockedMemory::future()) {
    (void)prefault(*mapped, *mapped + request.length); // as mm_populate: what cannot be faulted in is no error
    trace::forget_why();
  }
  return pointer(*mapped);
}

Result<std::uint64_t> AddressSpace::map_locked(store::DeviceRecord& device, int fd, const MapRequest& request,
                                               int open_flags) {
  const std::uint64_t since = trace::begin();
  // First of all the place is taken, so that nothing we map for ourselves gets there.
  Reservation reserved;
  auto address = find_place(request, device.align, reserved);
  if (!address) {
    return address;
  }
  if (auto fine = check_file(request, open_flags, dax::driver_of(device) != &dax::kFsdevDax); !fine) {
    return tl::unexpected(fine.error());
  }
  if (auto ready = start(device); !ready) {
    return tl::unexpected(ready.error());
  }
  const bool replaces = request.fixed() && !reserved;
  auto view = views_.get(*store_, device, hooks_);
  if (!view) { // no driver has it: dax_mmap says so
    return tl::unexpected(refuse_late(*address, *address + request.length, replaces, view.error()));
  }
  Vma vma = vma_of(request, *address, **view);
  vma.flags |= (open_flags & O_ACCMODE) == O_RDWR ? kMayWrite : 0U;
  const HeldFile file(files_, table_, fd);
  vma.file = file.number();
  if (auto mapped = map_region(request, vma, reserved); !mapped) {
    return tl::unexpected(mapped.error());
  }
  trace_map(since, vma);
  return address;
}

Vma AddressSpace::vma_of(const MapRequest& request, std::uint64_t address, DeviceView& view) const {
  Vma vma{
      address, address + request.length, request.offset, &view, static_cast<std::uint32_t>(request.prot) & kProtBits,
      kHuge};
  vma.skew = static_cast<std::uint32_t>((request.offset - address) & (view.align() - 1));
  vma.offset -= vma.skew;
  vma.flags |= (request.flags & MAP_NORESERVE) != 0 ? kNoReserve : 0U;
  vma.flags |= (request.flags & MAP_SYNC) != 0 ? kSync : 0U;
  vma.flags |= (request.flags & MAP_STACK) != 0 && store_->profile().stack_without_huge_pages ? kNoHuge : 0U;
  return vma;
}

// mmap_region(): what is there goes before the driver is asked, and does not come back; what cannot go is said in
// that kernel's word.
Errno AddressSpace::refuse_late(std::uint64_t start, std::uint64_t end, bool replaces, Errno why) {
  const auto gone = replaces ? unmap_range(start, end) : Result<void>();
  return gone ? why : not_replaced(gone.error());
}

Result<void> AddressSpace::map_region(const MapRequest& request, const Vma& vma, Reservation& reserved) {
  const bool replaces = request.fixed() && !reserved;
  if (auto fine = check_vma(request, vma.start, vma.view->align(), vma.view->alive()); !fine) {
    return tl::unexpected(refuse_late(vma.start, vma.end, replaces, fine.error()));
  }
  if (replaces) {
    if (auto done = cut(vma.start, vma.end); !done) {
      return tl::unexpected(not_replaced(done.error()));
    }
    drop(vma.start, vma.end);
  }
  // VM_LOCKED goes again from a mapping of device-dax, but not before it was compared with the neighbours.
  if (auto placed = place(vma, (request.flags & MAP_LOCKED) == 0); !placed) {
    if (replaces) {
      (void)sys::munmap(pointer(vma.start), request.length);
    }
    return placed;
  }
  reserved.keep(vma.start, vma.end);
  freeze(vma.start); // MAP_STACK, or a process that is to have no huge pages
  vma.view->note_change();
  vma.view->counters().maps.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Result<void> AddressSpace::place(Vma vma, bool may_join) {
  DeviceView& view = *vma.view;
  const std::uint64_t length = vma.end - vma.start;
  const std::uint64_t backed = backed_length(vma);
  if (backed > 0) {
    if (auto mapped = map_bytes(vma, backed); !mapped) {
      return mapped;
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
  if (backed > 0 && LockedMemory::future()) {
    (void)sys::mprotect(pointer(vma.start), backed, static_cast<int>(vma.prot));
  }
  vma.flags |= vma.has(kBroken) ? kPatched : 0U;
  if (!may_join || !table_.join(vma)) {
    if (auto known = table_.insert(vma); !known) {
      return known;
    }
  }
  if (backed > 0 && !vma.has(kRegistered)) {
    adopt_all(vma, backed);
  }
  settle(vma.start, vma.end);
  refuse_joined(vma.start);
  return {};
}

Result<void> AddressSpace::map_bytes(const Vma& vma, std::uint64_t length) {
  const bool locked = LockedMemory::future(); // then the kernel would allocate it all, for the memory file's mapping
  auto mapped = sys::mmap(pointer(vma.start), length, locked ? PROT_NONE : static_cast<int>(vma.prot),
                          MAP_SHARED | MAP_FIXED | MAP_NORESERVE, vma.view->fd(), vma.offset);
  if (!mapped) {
    return tl::unexpected(mapped.error());
  }
  CoreFilter::hide(vma, vma.start, vma.start + length);
  if (locked) {
    (void)sys::call(SYS_munlock, static_cast<long>(vma.start), static_cast<long>(length));
  }
  return {};
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
      view.note_index(extent, vma.file_offset() + at); // as if all of it were touched now
      view.tell_mapped(extent);
    }
  }
}

} // namespace daxemu::fault
