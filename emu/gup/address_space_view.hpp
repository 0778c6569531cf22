// What get_user_pages has to know of a process: which device page is mapped at a user address, with which rights. The
// runtime implements it over its mapping tables, a unit test over a list.
#pragma once

#include <cstdint>

#include "emu/base/result.hpp"
#include "emu/mm/device_pages.hpp"

namespace daxemu::gup {

enum class EntryKind : std::uint32_t {
  no_vma,   // nothing is mapped there
  device,   // a mapping of pages the model knows: `device` says which
  ordinary, // memory of the process itself: the model has no pages for it
  special,  // an entry of any size with no pgmap and no struct page, as graphics drivers put into PMDs and PUDs
            // (vmf_insert_pfn_pmd by TTM, up to 5.16): VM_PFNMAP
};

// vm_flags that decide something here.
enum VmaRights : std::uint32_t {
  kVmRead = 1U << 0,
  kVmWrite = 1U << 1,
  kVmMayRead = 1U << 2,
  kVmMayWrite = 1U << 3,
  kVmShared = 1U << 4,
  kVmIo = 1U << 5,     // or VM_PFNMAP
  kVmFsDax = 1U << 6,  // a file of a DAX file system (vma_is_fsdax)
  kVmMayCow = 1U << 7, // private and VM_MAYWRITE: a forced write would copy (is_cow_mapping)
};

// The answer for one address, and for how many pages from it on the same answer holds: same VMA, all present or all
// absent, and consecutive device pages where present.
struct Entry {
  EntryKind kind = EntryKind::no_vma;
  std::uint32_t rights = 0; // VmaRights
  bool present = false;     // a page table entry is there
  bool protnone = false;    // present, but set up to fault for NUMA balancing (pte_protnone)
  mm::DevicePages* device = nullptr;
  std::uint64_t pgoff = 0; // page of the device
  std::uint64_t nr_pages = 0;
  std::uint64_t vma_start = 0;
  std::uint64_t vma_end = 0;
};

class AddressSpaceView {
public:
  virtual ~AddressSpaceView() = default;

  // The page table entry and VMA at `address` (page aligned); Entry::nr_pages need not look beyond `wanted` pages. Must
  // not block; may be called without the lock.
  [[nodiscard]] virtual Entry lookup(std::uint64_t address, std::uint64_t wanted) const = 0;

  // Changes whenever an entry is taken away or loses rights, before that has effect for others; a fast walk looks
  // before and after. Entries that only appear need not change it.
  [[nodiscard]] virtual std::uint64_t sequence() const = 0;

  // handle_mm_fault() at `address`, as a touch of that kind would: for device-private memory it moves the data to RAM.
  // Called with the lock held for reading. Errors: EFAULT (SIGBUS or SIGSEGV), EHWPOISON, ENOMEM.
  virtual Result<void> fault(std::uint64_t address, bool write) = 0;

  // Moves the page at `address` from device-coherent memory to RAM (migrate_device_coherent_page). Called with the lock
  // held for reading. Errors: EBUSY (referenced by others), ENOMEM.
  virtual Result<void> migrate_to_ram(std::uint64_t address) = 0;

  // mmap_lock for reading.
  virtual void lock_shared() = 0;
  virtual void unlock_shared() = 0;

  // One past the highest user address (TASK_SIZE_MAX).
  [[nodiscard]] virtual std::uint64_t task_size() const { return (1ULL << 47) - kPageSize; }
};

} // namespace daxemu::gup
