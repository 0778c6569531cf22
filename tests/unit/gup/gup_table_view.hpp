// An address space that is a list: VMAs made before the walks begin, and per extent whether an entry is there.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "emu/gup/address_space_view.hpp"
#include "tests/unit/pgmap/pgmap_devices.hpp"

namespace daxemu::gup {

inline constexpr std::uint32_t kReadWrite = kVmRead | kVmWrite | kVmMayRead | kVmMayWrite | kVmShared;

class TableView final : public AddressSpaceView {
public:
  struct Vma {
    std::uint64_t start = 0;
    std::uint64_t nr_pages = 0;
    std::uint64_t pgoff = 0; // page of the device at `start`
    std::shared_ptr<mm::DevicePages> device;
    EntryKind kind = EntryKind::device;
    std::uint32_t rights = kReadWrite;
    std::atomic<bool> protnone{false};
    std::atomic<bool> gone{false};
    std::vector<std::atomic<std::uint8_t>> state; // per folio of the device: State
    std::vector<std::uint64_t> moved_to;          // page of the RAM device
    [[nodiscard]] std::uint64_t end() const { return start + (nr_pages << kPageShift); }
  };
  enum State : std::uint8_t { absent, here, in_ram };

  // Memory of the process that pages migrate to; without it migration is ENOMEM.
  std::shared_ptr<mm::DevicePages> ram;
  std::vector<std::unique_ptr<Vma>> vmas;
  std::atomic<int> faults{0};
  int fault_error = 0; // what the next fault says

  Vma& add(std::uint64_t start, std::shared_ptr<mm::DevicePages> device, std::uint64_t nr_pages,
           std::uint64_t pgoff = 0) {
    auto vma = std::make_unique<Vma>();
    vma->start = start;
    vma->nr_pages = nr_pages;
    vma->pgoff = pgoff;
    if (device != nullptr) {
      vma->state = std::vector<std::atomic<std::uint8_t>>(device->folio_count());
      vma->moved_to.resize(device->folio_count());
    }
    vma->device = std::move(device);
    vmas.push_back(std::move(vma));
    return *vmas.back();
  }
  static void populate(Vma& vma) {
    for (auto& state : vma.state) {
      state = here;
    }
  }

  [[nodiscard]] Vma* find(std::uint64_t address) const {
    for (const auto& vma : vmas) {
      if (address >= vma->start && address < vma->end() && !vma->gone.load(std::memory_order_acquire)) {
        return vma.get();
      }
    }
    return nullptr;
  }
  [[nodiscard]] static std::uint64_t pgoff_at(const Vma& vma, std::uint64_t address) {
    return vma.pgoff + ((address - vma.start) >> kPageShift);
  }

  [[nodiscard]] Entry lookup(std::uint64_t address, std::uint64_t wanted) const override {
    Entry entry;
    const Vma* vma = find(address);
    if (vma == nullptr) {
      return entry;
    }
    entry.kind = vma->kind;
    entry.rights = vma->rights;
    entry.protnone = vma->protnone;
    entry.vma_start = vma->start;
    entry.vma_end = vma->end();
    const std::uint64_t left = std::min(wanted, (vma->end() - address) >> kPageShift);
    entry.nr_pages = left;
    entry.present = true;
    if (vma->kind != EntryKind::device) {
      return entry;
    }
    entry.device = vma->device.get();
    entry.pgoff = pgoff_at(*vma, address);
    const unsigned order = entry.device->order();
    const std::uint64_t first = entry.pgoff >> order;
    if (first >= vma->state.size()) {
      entry.present = false; // beyond the device
      return entry;
    }
    const std::uint8_t state = vma->state[first].load(std::memory_order_acquire);
    entry.present = state != absent;
    std::uint64_t next = first + 1;
    const std::uint64_t last = std::min<std::uint64_t>(vma->state.size(), ((entry.pgoff + left - 1) >> order) + 1);
    while (state != in_ram && next < last && vma->state[next].load(std::memory_order_acquire) == state) {
      ++next;
    }
    entry.nr_pages = std::min(left, (next << order) - entry.pgoff);
    if (state == in_ram) {
      entry.pgoff = vma->moved_to[first] + (entry.pgoff & (entry.device->pages_per_folio() - 1));
      entry.device = ram.get();
    }
    return entry;
  }

  [[nodiscard]] std::uint64_t sequence() const override { return sequence_.load(std::memory_order_seq_cst); }

  Result<void> fault(std::uint64_t address, bool write) override {
    ++faults;
    Vma* vma = find(address);
    if (fault_error != 0 || vma == nullptr || (write && (vma->rights & kVmWrite) == 0)) {
      return fail(fault_error != 0 ? fault_error : EFAULT);
    }
    const std::uint64_t extent = pgoff_at(*vma, address) >> vma->device->order();
    if (extent >= vma->state.size()) {
      return fail(EFAULT); // SIGBUS
    }
    pgmap::DevPagemap* pgmap = vma->device->pgmap;
    if (pgmap != nullptr && !pgmap->is_live()) {
      return fail(EFAULT);
    }
    const mm::Folio folio = *mm::folio_of(*vma->device, ExtentIndex(extent));
    if (folio.hwpoison()) {
      return fail(EHWPOISON);
    }
    if (pgmap != nullptr && pgmap->has(pgmap::Behaviour::device_swap_entries)) {
      return move_out(*vma, folio);
    }
    if (pgmap != nullptr && pgmap->has(pgmap::Behaviour::file_mapping)) {
      folio.set_mapping(1, extent << folio.order());
    }
    vma->protnone = false;
    vma->state[extent].store(here, std::memory_order_release);
    if (pgmap != nullptr) {
      pgmap->note_mapped(folio);
    }
    return {};
  }

  Result<void> migrate_to_ram(std::uint64_t address) override {
    Vma* vma = find(address);
    const mm::Folio folio = *mm::folio_of(*vma->device, vma->device->folio_at(pgoff_at(*vma, address)));
    const std::uint32_t driver = (folio.record().flags.load() & mm::kFolioAllocated) != 0 ? 1 : 0;
    if (mm::counts_of(folio.record()).refs > driver) {
      return fail(EBUSY); // folio_migrate_mapping(): unexpected references
    }
    return move_out(*vma, folio);
  }

  // munmap() of the whole VMA.
  void unmap(Vma& vma) {
    const std::unique_lock lock(mutex_);
    vma.gone.store(true);
    sequence_.fetch_add(1);
  }
  void map_again(Vma& vma) {
    const std::unique_lock lock(mutex_);
    vma.gone.store(false);
  }
  // Takes one extent's entry away in every VMA.
  void zap(const mm::Folio& folio) {
    for (const auto& vma : vmas) {
      if (vma->device.get() == &folio.device()) {
        vma->state[folio.extent().value()].store(absent);
      }
    }
    sequence_.fetch_add(1);
  }

  void lock_shared() override { mutex_.lock_shared(); }
  void unlock_shared() override { mutex_.unlock_shared(); }

private:
  Result<void> move_out(Vma& vma, const mm::Folio& folio) {
    if (ram == nullptr) {
      return fail(ENOMEM);
    }
    pgmap::DevPagemap* pgmap = folio.device().pgmap;
    const std::uint64_t to = ram_used_;
    if (pgmap->ops().migrate_to_ram) {
      if (auto moved = pgmap->ops().migrate_to_ram(folio, ram->address_of(to)); !moved) {
        return moved;
      }
    }
    ram_used_ += folio.nr_pages();
    vma.moved_to[folio.extent().value()] = to;
    vma.state[folio.extent().value()].store(in_ram, std::memory_order_release);
    sequence_.fetch_add(1);
    return {};
  }

  std::shared_mutex mutex_;
  std::atomic<std::uint64_t> sequence_{0};
  std::uint64_t ram_used_ = 0;
};

} // namespace daxemu::gup
