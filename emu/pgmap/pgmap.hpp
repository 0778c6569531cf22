// struct dev_pagemap: device memory given to the kernel as pages, its operations and its lifetime.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "emu/mm/folio.hpp"
#include "emu/pgmap/behaviour.hpp"
#include "emu/pgmap/dax_holder.hpp"

namespace daxemu::pgmap {

class DevPagemap;

// struct dev_pagemap_ops, and two events the kernel has no hooks for. All are called from whatever thread caused
// them, with none of the model's locks held, but the runtime's may be: none may map, unmap, pin, touch or throw.
struct PagemapOps {
  std::function<void(const mm::Folio&)> folio_free; // its count fell idle (free_hook_on_idle)
  // The same as kernels with page_free_hook call it. Of the two the set's is called, the other where that is missing.
  std::function<void(mm::PagePtr)> page_free;
  // A CPU touched it (device_swap_entries): bring its bytes into `ram`, folio_size bytes. Errors: those of the touch,
  // ENOMEM or EIO (VM_FAULT_SIGBUS).
  std::function<Result<void>(const mm::Folio&, std::byte* ram)> migrate_to_ram;
  // The other way: bytes of `ram` are to be the folio's. None: memory with direct_map is copied. Errors: any.
  std::function<Result<void>(const mm::Folio&, const std::byte* ram)> migrate_to_device;
  // Frames [first, first + nr_pages) went bad. Errors: EOPNOTSUPP passes it on to the generic handling; others end it.
  std::function<Result<void>(Pfn first, std::uint64_t nr_pages)> memory_failure;
  std::function<void(const mm::Folio&)> mapped;   // a fault has mapped it somewhere
  std::function<void(const mm::Folio&)> unmapped; // one mapping of it has gone
};

enum class State : std::uint32_t {
  live,
  dying, // no new references (percpu_ref_kill)
  dead,  // the last reference is gone
};

class DevPagemap {
public:
  struct Spec {
    std::shared_ptr<mm::DevicePages> pages;
    Behaviours behaviours;
    const void* owner = nullptr; // pgmap->owner: tells drivers apart
    PagemapOps ops;
  };
  // memremap_pages(): its pages can be found in `map` from now on. Errors (Problem): EINVAL (check_set; a page count
  // that does not begin as count_from_one says), EEXIST (pages there already), EBUSY (still dying).
  [[nodiscard]] static Outcome<std::unique_ptr<DevPagemap>> memremap_pages(mm::MemMap& map, Spec spec);
  // Waits for nobody: whoever destroys a live pgmap knows that nobody is inside.
  ~DevPagemap();
  DevPagemap(const DevPagemap&) = delete;
  DevPagemap& operator=(const DevPagemap&) = delete;

  [[nodiscard]] Behaviours behaviours() const { return behaviours_; }
  [[nodiscard]] bool has(Behaviour one) const { return behaviours_.has(one); }
  [[nodiscard]] mm::DevicePages& pages() const { return *pages_; }
  [[nodiscard]] const PagemapOps& ops() const { return ops_; }
  [[nodiscard]] const void* owner() const { return owner_; }
  [[nodiscard]] DaxHolder& holder() { return holder_; }
  [[nodiscard]] unsigned vmemmap_shift() const { return pages_->order(); }

  // Shared by all processes that have the device.
  [[nodiscard]] State state() const {
    return static_cast<State>(control().pgmap_state.load(std::memory_order_seq_cst));
  }
  [[nodiscard]] bool is_live() const { return state() == State::live; }

  // Drops references of a folio; runs what its idle transition calls for (folio_free, wake-up). Errors: ERANGE, counted
  // in FolioControl::refused (nothing is changed).
  Result<void> put(const mm::Folio& folio, mm::FolioCounts counts);

  // Does an idle transition call for anything now? Ask after the count has been dropped: whoever waits says so before
  // he looks at the counts.
  [[nodiscard]] bool hears_idle() const {
    return has(Behaviour::free_hook_on_idle) || waiters_.load(std::memory_order_seq_cst) > 0;
  }
  // What the idle transition of a folio calls for, when somebody else dropped the last reference (a dead holder's).
  void became_idle(const mm::Folio& folio);

  // zone_device_page_init(): hands out a folio of a driver that keeps them itself (driver_hands_out()).
  // Errors: EINVAL (other memory), EBUSY (in use), ENODEV (dying).
  Result<void> init_folio(const mm::Folio& folio);
  // The driver's own reference goes. Errors: EINVAL if init_folio() had not been called.
  Result<void> put_folio(const mm::Folio& folio);

  // An entry of it was made, or taken away: with entry_references one of its references.
  void note_mapped(const mm::Folio& folio);
  void note_unmapped(const mm::Folio& folio);

  // A folio that is still referenced, and by whom as far as the holders say.
  struct Busy {
    ExtentIndex first;
    std::uint64_t folios = 0;
    mm::FolioCounts counts;
  };
  struct BusyReport {
    std::vector<Busy> folios;
    std::vector<mm::Hold> holds;
    [[nodiscard]] std::string text() const; // one line per holder, then folios nobody accounts for
  };
  // Errors: lseek(2)'s and mmap(2)'s on the folio file.
  [[nodiscard]] Result<BusyReport> busy() const;

  // The device goes: its holder is told, and is its holder no more (kill_dax). Again: nothing.
  void kill_dax();
  // live -> dying (percpu_ref_kill in memunmap_pages). Again: nothing.
  void kill();
  // dying -> dead once nothing is referenced (at once without wait_for_folios). Holds of dead processes are released
  // meanwhile. Errors (Problem): EBUSY when `most` has passed, with a line for each who still holds something;
  // EINVAL while live.
  Outcome<void> wait_dead(std::chrono::milliseconds most);

  // Waits until `idle()` says so, woken by each idle transition here and looking again from time to time for those in
  // other processes. False: `most` has passed.
  bool wait_idle(std::chrono::milliseconds most, const std::function<bool()>& idle);

private:
  DevPagemap(mm::MemMap& map, Spec spec);
  void free_hook(const mm::Folio& folio) const;
  [[nodiscard]] mm::FolioControl& control() const { return pages_->folios().control(); }

  mm::MemMap& map_;
  std::shared_ptr<mm::DevicePages> pages_;
  Behaviours behaviours_;
  const void* owner_;
  PagemapOps ops_;
  DaxHolder holder_;
  std::mutex waiting_;
  std::condition_variable idle_;
  std::atomic<int> waiters_{0};
};

} // namespace daxemu::pgmap
