// gup-fast: page tables only, no VMA, no lock, no sleeping (lockless_pages_from_mm, gup_pgd_range). Whatever it does
// not like it leaves to the slow path.
#include "emu/gup/walk.hpp"
#include "emu/pgmap/pgmap.hpp"

namespace daxemu::gup {
namespace {

using pgmap::Behaviour;

// Would gup_pte_range, gup_huge_pmd or gup_huge_pud go on with this entry?
bool can_follow(const Entry& entry, std::uint32_t flags) {
  if (entry.kind != EntryKind::device || !entry.present) {
    return false; // none, swap entry, pte_special, or memory that is not ours
  }
  if (entry.protnone && (flags & FOLL_HONOR_NUMA_FAULT) != 0) {
    return false; // gup_can_follow_protnone()
  }
  // pte_access_permitted(): the hardware's bits, so FOLL_FORCE does not help here, and what may be written may be read.
  const std::uint32_t needed = (flags & FOLL_WRITE) != 0 ? std::uint32_t{kVmWrite} : kVmRead | kVmWrite;
  if ((entry.rights & needed) == 0) {
    return false;
  }
  const pgmap::DevPagemap* pgmap = entry.device->pgmap;
  if (pgmap == nullptr) {
    return true;
  }
  if ((flags & FOLL_LONGTERM) != 0 && pgmap::longterm_goes_slow(pgmap->behaviours(), (flags & FOLL_WRITE) != 0)) {
    return false;
  }
  return (flags & FOLL_PCI_P2PDMA) != 0 || !pgmap->has(Behaviour::peer_to_peer);
}

} // namespace

void Gup::walk_fast(Walk& walk) {
  while (walk.left() > 0 && walk.has_room()) {
    const std::uint64_t sequence = walk.view.sequence();
    const Entry entry = walk.view.lookup(walk.address, walk.left());
    if (!can_follow(entry, walk.flags)) {
      return;
    }
    Pfn first;
    const PageRun run = walk.run_of(entry, first);
    const Grabbed grabbed = grab_run(run, walk.pin(), walk.stamp);
    if (grabbed.nr_pages == 0) {
      return;
    }
    // The entry may have gone while we counted: whoever takes entries away frees the pages only after he has looked at
    // the counts, so if nothing has changed by now, we hold what is mapped (the second look of gup_pte_range).
    if (walk.view.sequence() != sequence) {
      (void)drop_run({run.device, run.pgoff, grabbed.nr_pages}, walk.pin(), false);
      return;
    }
    walk.deliver(first, grabbed.nr_pages);
    if (grabbed.error != 0) {
      return;
    }
  }
}

} // namespace daxemu::gup
