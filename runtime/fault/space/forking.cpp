// fork(2): the child has the mappings, but their registration, our threads and our slot stayed with the parent.
#include <algorithm>

#include "runtime/fault/devices/page_maker.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {

void AddressSpace::before_fork() {
  // The table must not change while it is copied. The mask is the forking thread's to get back; several threads may
  // fork at a time, so it is put down only by who holds the lock.
  const std::uint64_t mask = SignalsBlocked::block();
  lock_.lock();
  fork_mask_ = mask;
  hide_all_failed();
}

void AddressSpace::after_fork_in_parent() {
  const std::uint64_t mask = fork_mask_;
  for (const DeviceView& view : views_.all()) {
    view.note_change(); // a child may have come, written and gone
  }
  lock_.unlock();
  SignalsBlocked::restore(mask);
}

void AddressSpace::after_fork_in_child() {
  const std::uint64_t mask = fork_mask_;
  server_.resolver().forget_all(); // what was faulted in there is not here: fork copies no page tables of shared files
  engine_.abandon();
  watcher_.abandon();
  ImageAhead::of_process().abandon();
  PageMaker::of_process().abandon();
  for (std::size_t at = table_.size(); at > 0; --at) {
    if (const Vma vma = table_.at(at - 1); vma.has(kDontFork)) {
      (void)sys::munmap(reinterpret_cast<void*>(vma.start), vma.end - vma.start); // filler knows of no advice
      (void)table_.erase(vma.start, vma.end);
    }
  }
  files_.settle_all(table_);
  if (table_.size() > 0) {
    engine_.start(store_->platform().engine, store_->platform().exact != 0, table_.at(0).view->device().cpus);
    watcher_.start(engine_.kind());
  }
  for (std::size_t at = 0; at < table_.size(); ++at) {
    Vma vma = table_.at(at);
    vma.flags &= ~static_cast<std::uint32_t>(kRegistered);
    if (vma.has(kBroken) || keeps_filler(vma)) { // what was present stayed with the parent, and nothing can become it
      (void)filler_.place(vma.start, vma.end - vma.start, vma.prot);
      vma.flags |= kPatched;
    } else if (vma.has(kPatched) && vma.view->align() == kPudSize) {
      restore(vma); // nor did the page tables that refused touches left
    } else {
      vma.flags |= engine_.watch(*vma.view, vma.start, backed_length(vma)) ? kRegistered : 0U;
    }
    table_.update(vma);
  }
  // What was announced before our watcher looked concerns us only as far as it lasts: there is nothing here yet that
  // could have failed.
  for (DeviceView& view : views_.all()) {
    view.failures_seen = view.failures().last.load();
    view.read_ahead();
    if (view.was_alive && !view.alive()) {
      view.was_alive = false;
      bury(view);
    }
  }
  lock_.reset();
  SignalsBlocked::restore(mask);
}

} // namespace daxemu::fault
