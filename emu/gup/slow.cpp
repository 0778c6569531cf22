// The slow path: VMAs are checked, absent pages faulted in, memory that must not be pinned for long moved away first
// (__get_user_pages and __gup_longterm_locked in mm/gup.c).
#include <mutex>
#include <shared_mutex>

#include "emu/gup/walk.hpp"
#include "emu/pgmap/pgmap.hpp"

namespace daxemu::gup {
namespace {

using pgmap::Behaviour;

bool device_has(const Entry& entry, Behaviour one) {
  return entry.device != nullptr && entry.device->pgmap != nullptr && entry.device->pgmap->has(one);
}

// check_vma_flags(), in its order.
int check_vma_flags(const Entry& entry, std::uint32_t flags) {
  if (entry.kind == EntryKind::special || (entry.rights & kVmIo) != 0) {
    return EFAULT;
  }
  if ((flags & FOLL_ANON) != 0 && entry.kind == EntryKind::device) {
    return EFAULT;
  }
  // Who is asked for each folio does not refuse the whole VMA.
  const bool fsdax = device_has(entry, Behaviour::deny_longterm) ||
                     ((entry.rights & kVmFsDax) != 0 && !device_has(entry, Behaviour::ask_before_longterm));
  if ((flags & FOLL_LONGTERM) != 0 && fsdax) {
    return EOPNOTSUPP;
  }
  const bool force = (flags & FOLL_FORCE) != 0;
  if ((flags & FOLL_WRITE) != 0) {
    if ((entry.rights & kVmWrite) == 0 && (!force || (entry.rights & kVmMayCow) == 0)) {
      return EFAULT;
    }
  } else if ((entry.rights & kVmRead) == 0 && (!force || (entry.rights & kVmMayRead) == 0)) {
    return EFAULT;
  }
  return 0;
}

// faultin_page(): device memory needs no I/O, so FOLL_NOWAIT has nothing to refuse (dev_dax_huge_fault never retries).
int fault_in(AddressSpaceView& view, std::uint64_t address, std::uint32_t flags) {
  if ((flags & FOLL_NOFAULT) != 0) {
    return EFAULT;
  }
  const auto faulted = view.fault(address, (flags & FOLL_WRITE) != 0);
  return faulted ? 0 : faulted.error().value;
}

// What a page of this entry may not be used for, once the VMA has been checked.
int check_page(const Entry& entry, std::uint32_t flags) {
  if (entry.kind == EntryKind::ordinary || entry.device == nullptr) {
    return ENODEV;
  }
  if ((flags & FOLL_PCI_P2PDMA) == 0 && device_has(entry, Behaviour::peer_to_peer)) {
    return EREMOTEIO; // follow_page_pte()
  }
  return 0;
}

constexpr int kMaxFaults = 64; // how often one address may need faulting before we stop believing in it

} // namespace

int Gup::walk_slow(Walk& walk) {
  const std::shared_lock lock(walk.view);
  int faults = 0;
  while (walk.left() > 0 && walk.has_room()) {
    const Entry entry = walk.view.lookup(walk.address, walk.left());
    if (entry.kind == EntryKind::no_vma) {
      return EFAULT;
    }
    if (const int error = check_vma_flags(entry, walk.flags); error != 0) {
      return error;
    }
    const bool numa_fault = entry.protnone && walk.has(FOLL_HONOR_NUMA_FAULT);
    if (entry.kind == EntryKind::device && (!entry.present || numa_fault)) {
      if (const int error = ++faults > kMaxFaults ? EFAULT : fault_in(walk.view, walk.address, walk.flags);
          error != 0) {
        return error;
      }
      continue; // goto retry in __get_user_pages
    }
    if (const int error = check_page(entry, walk.flags); error != 0) {
      return error;
    }
    if (walk.has(FOLL_LONGTERM) && device_has(entry, Behaviour::migrate_before_longterm)) {
      // The kernel pins first, finds the page unsuitable, drops the pin and migrates; nobody can tell the difference.
      const auto migrated = ++faults > kMaxFaults ? fail(EBUSY) : walk.view.migrate_to_ram(walk.address);
      if (!migrated) {
        walk.migration_failed = true;
        return migrated.error().value;
      }
      continue;
    }
    Pfn first;
    PageRun run = walk.run_of(entry, first);
    if (run.nr_pages == 0) {
      return EFAULT;
    }
    int refused = 0;
    if (walk.has(FOLL_LONGTERM) && device_has(entry, Behaviour::ask_before_longterm)) {
      const auto allowed = run.device->pgmap->holder().ask_longterm(*run.device, run.pgoff, run.nr_pages);
      refused = allowed.error;
      run.nr_pages = allowed.nr_pages;
      if (run.nr_pages == 0) {
        return refused;
      }
    }
    if (!walk.takes()) {
      walk.deliver(first, run.nr_pages);
      continue;
    }
    const Grabbed grabbed = grab_run(run, walk.pin(), walk.stamp);
    if (grabbed.nr_pages > 0) {
      walk.deliver(first, grabbed.nr_pages);
      faults = 0;
    }
    if (grabbed.error != 0 || refused != 0) {
      return grabbed.error != 0 ? grabbed.error : refused;
    }
  }
  return 0;
}

} // namespace daxemu::gup
