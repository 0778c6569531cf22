// Faults: those that get_user_pages makes, and the processor's own, which userfaultfd hands us.
#include "runtime/api/mm/process_mm.hpp"
#include "runtime/api/mm/vma_rights.hpp"

namespace daxemu::api {
namespace {

using pgmap::Behaviour;

} // namespace

Result<void> ProcessMm::touch(void* address, bool write) {
  const std::shared_lock lock(mmap_lock_);
  return fault(align_down(reinterpret_cast<std::uint64_t>(address), kPageSize), write);
}

Result<void> ProcessMm::fault(std::uint64_t address, bool write) {
  Vma* const vma = vmas_.find(address);
  if (vma == nullptr || (rights_of(vma->prot) & (write ? gup::kVmWrite : gup::kVmRead)) == 0) {
    return fail(EFAULT);
  }
  if (vma->kind == Vma::Kind::special) {
    return {}; // its entries are always there
  }
  const std::uint64_t extent = vma->extent_at(address);
  if (vma->entries != nullptr) {
    const std::uint64_t entry = vma->entries[extent].load(std::memory_order_acquire);
    if (entry == Vma::kMoving) {
      return wait_moved(*vma, extent);
    }
    if ((entry & Vma::kInRam) != 0) {
      return {}; // no longer the device's business
    }
  }
  if (!is_live(*vma->device)) {
    return fail(EFAULT); // SIGBUS
  }
  return vma->kind == Vma::Kind::file ? fault_file(*vma, extent) : fault_device(*vma, extent);
}

// migration_entry_wait(): the mover holds the lock until it is done.
Result<void> ProcessMm::wait_moved(const Vma& vma, std::uint64_t extent) {
  const std::lock_guard moved(moving_);
  return vma.entries[extent].load() == Vma::kMoving ? fail(EFAULT) : Result<void>();
}

// An entry for the device's page `folio`. page_tables_ is held.
void ProcessMm::enter(Vma& vma, std::uint64_t extent, const mm::Folio& folio) {
  const std::uint64_t entry = (folio.extent().value() << folio.order()) + 1;
  if (folio.hwpoison() || !is_live(folio.device()) || vma.entries[extent].load() == entry) {
    return;
  }
  folio.record().flags.fetch_or(mm::kFolioTouched);
  vma.entries[extent].store(entry, std::memory_order_release);
  folio.device().pgmap->note_mapped(folio);
}

Result<void> ProcessMm::fault_file(Vma& vma, std::uint64_t extent) {
  while (true) {
    const auto found = vma.layout->fault(vma.file, vma.page_of(extent) >> vma.order, [&](const mm::Folio& folio) {
      const std::lock_guard tables(page_tables_);
      enter(vma, extent, folio);
    });
    if (!found) {
      return fail(found.error() == Errno{EHWPOISON} ? EHWPOISON : EFAULT); // VM_FAULT_SIGBUS
    }
    if (vma.is_present(extent)) {
      return {};
    }
    if (found->hwpoison() || !is_live(*vma.device)) {
      return fail(found->hwpoison() ? EHWPOISON : EFAULT);
    }
    // Truncated meanwhile: the next look says so.
  }
}

Result<void> ProcessMm::fault_device(Vma& vma, std::uint64_t extent) {
  mm::DevicePages& device = *vma.device;
  const auto folio = mm::folio_of(device, device.folio_at(vma.page_of(extent)));
  if (!folio) {
    return fail(EFAULT);
  }
  if (folio->hwpoison()) {
    return fail(EHWPOISON);
  }
  if (has(device, Behaviour::device_swap_entries)) {
    return move_out(*folio);
  }
  if (has(device, Behaviour::file_mapping)) {
    folio->set_mapping(device.ranges()[0].first.value(), folio->extent().value() << folio->order());
  }
  if (vma.entries != nullptr) {
    const std::lock_guard tables(page_tables_);
    if (!is_handed_out(*folio) && !device.pgmap->has(Behaviour::count_from_one)) {
      (void)device.pgmap->init_folio(*folio); // the entries' reference
    }
    if (vma.entries[extent].load() == 0) {
      enter(vma, extent, *folio);
    }
  } else {
    folio->record().flags.fetch_or(mm::kFolioTouched);
    if (!vma.set_present(extent) && device.pgmap != nullptr) {
      device.pgmap->note_mapped(*folio);
    }
  }
  // Whoever poisons or kills takes entries away afterwards; whoever makes an entry looks afterwards: one sees the
  // other.
  if (folio->hwpoison() || !is_live(device)) {
    const std::lock_guard tables(page_tables_);
    (void)take_out({&vma, extent}, *folio);
    sequence_.fetch_add(1);
    return fail(folio->hwpoison() ? EHWPOISON : EFAULT);
  }
  return {};
}

// On the thread of the touch server.
bool ProcessMm::serve(const Touch& touch) {
  const std::shared_lock lock(mmap_lock_);
  const std::uint64_t address = align_down(touch.address, kPageSize);
  Vma* const vma = vmas_.find(address);
  const std::uint32_t right = touch.write ? gup::kVmWrite : gup::kVmRead;
  if (vma == nullptr || vma->kind == Vma::Kind::special || (rights_of(vma->prot) & right) == 0) {
    server_.uffd().wake(address, kPageSize); // unmapped or protected meanwhile: the touch finds out by itself
    return true;
  }
  const std::uint64_t extent = vma->extent_at(address);
  if (vma->entries != nullptr && vma->entries[extent].load() == Vma::kMoving) {
    return false;
  }
  const auto done = fault(address, touch.write);
  const std::lock_guard tables(page_tables_);
  const bool mapped = vma->entries == nullptr ? vma->is_present(extent) : vma->entries[extent].load() != 0;
  if (mapped && (vma->entries == nullptr || vma->entries[extent].load() != Vma::kMoving)) {
    open(*vma, extent, touch);
  } else if (!done) {
    fill(*vma, extent, 1);
  } else {
    return false; // taken away again: as it is now
  }
  return true;
}

} // namespace daxemu::api
